import EmbeddedServices
import Foundation
import Orchestration
import PostgresStore
import Testing

/// `genesis workflow list`, `diagram` and `export` beside a running worker.
@Suite(.serialized) struct WorkflowCommandTests {
    static let file = Fleet.root.appending(path: "Workflows/genesis.yaml").path

    @Test func `list and diagram show where the live sessions are`() async throws {
        let fleet = try await Fleet(partitions: 1)
        let worker = try fleet.worker()
        let agent = try fleet.agent()
        let sessions = [Fleet.newSession(), Fleet.newSession()]
        for session in sessions {
            try await fleet.produce("Start", to: session, ["seed": "x"])
            _ = try await fleet.wait(of: session)
        }
        let listed = try await fleet.genesis("workflow", "list", "--json").lines
        let genesis = try #require(listed.first { $0["name"] == "genesis" })
        #expect(genesis["live_sessions"] == 2)
        let live = try await fleet.genesis("workflow", "diagram", Self.file, "--live")
        #expect(live.output.contains("awaitingReply<br/>waits, at most P7D<br/>2 sessions"), "\(live.output)")
        let one = try await fleet.genesis("workflow", "diagram", Self.file, "--session", sessions[0].description)
        #expect(one.output.contains("activeState"))
        let none = Fleet.newSession().description
        #expect(try await fleet.genesis("workflow", "diagram", Self.file, "--session", none).code == 1)
        try await fleet.produce("Abandon", to: sessions[0])
        try await eventually("the session has ended") {
            try await fleet.queries.session(sessions[0])?.status == .abandoned
        }
        let later = try await fleet.genesis("workflow", "list", "--json").lines
        #expect(later.first { $0["name"] == "genesis" }?["live_sessions"] == 1)
        // A folder without the file: the version is still shown, because a session runs on it.
        let empty = "\(fleet.folder)/empty"
        try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
        let gone = try await fleet.genesis("workflow", "list", "--json", changing: ["GENESIS_WORKFLOWS": empty]).lines
        let kept = try #require(gone.first { $0["name"] == "genesis" })
        #expect(kept["in_folder"] == false && kept["live_sessions"] == 1)
        agent.stop()
        worker.stop()
    }

    static func run(_ arguments: [String], path: String = "/usr/bin:/bin") throws -> (code: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: Fleet.executable)
        process.arguments = ["workflow"] + arguments
        process.environment = [
            "PATH": path, "GENESIS_WORKFLOWS": Fleet.root.appending(path: "Workflows").path,
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    @Test func `without a database, list has the files only`() throws {
        let listed = try Self.run(["list", "--json"])
        #expect(listed.code == 0)
        let first = try JSONText.parse(String(listed.output.split(separator: "\n")[0]))
        #expect(first["live_sessions"].isNull && first["hash"].string?.count == 64)
    }

    @Test func `SVG needs no other program, and each state and each arrow is in it`() throws {
        for name in ["genesis", "freeform"] {
            let file = Fleet.root.appending(path: "Workflows/\(name).yaml").path
            let drawn = try Self.run(["diagram", file, "--format", "svg"], path: "/nowhere")
            #expect(drawn.code == 0 && drawn.output.hasPrefix("<svg "), "\(drawn.output.prefix(200))")
            #expect(drawn.output.contains("data-state=\"\(name).ABANDONED\""))
            #expect(drawn.output.contains("data-target=\"\(name).ABANDONED\""))
        }
    }

    @Test func `modelcheck says what it has looked into, and fails with a fault`() throws {
        let folder = Fleet.root.appending(path: "Tests/WorkflowFilesTests/Planted").path
        let sound = try Self.run(["modelcheck", "\(folder)/sound.yaml"])
        #expect(sound.code == 0 && sound.output.contains("nothing is wrong"), "\(sound.output)")
        let faulty = try Self.run(["modelcheck", "\(folder)/dead-end.yaml", "--json"])
        #expect(faulty.code == 1)
        let report = try JSONText.parse(String(faulty.output.split(separator: "\n")[0]))
        #expect(report["findings"].array?.first?["rule"] == "dead-end")
        #expect(report["findings"].array?.first?["trace"].array?.count == 3)
    }

    @Test func `export prints the machine, once told in which form`() throws {
        let exported = try Self.run(["export", Self.file, "--xstate"])
        #expect(exported.code == 0)
        #expect(try JSONText.parse(exported.output, limits: .stored)["initial"] == "CONCEPT_SELECTION")
        #expect(try Self.run(["export", Self.file]).code == 2)
    }
}
