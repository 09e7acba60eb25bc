import Foundation
import Orchestration
import Testing

@testable import genesis

@Suite struct ConfigurationTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "genesis-\(UUID())").path

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func configuration(
        flags: [String: String] = [:],
        environment: [String: String] = [:]
    ) throws(CommandFailure) -> Configuration {
        var surroundings = Surroundings.empty
        surroundings.environment = environment
        surroundings.workingDirectory = folder
        return try Configuration(
            genesis.Invocation(
                path: [],
                positionals: [:],
                options: flags.mapValues { [$0] },
                surroundings: surroundings
            )
        )
    }

    private func write(_ text: String, to name: String) throws -> String {
        let path = "\(folder)/\(name)"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test func `flags win over environment over file over defaults`() throws {
        let file = try write("group_id: from-file\nGENESIS_TENANT: 'file # tenant' # why\nnode: f\n", to: "c.yaml")
        let one = try configuration(
            flags: ["config": file, "group-id": "from-flag"],
            environment: ["GENESIS_GROUP_ID": "from-environment", "GENESIS_NODE": "e"]
        )
        #expect(one.entries[.groupID] == .init(value: "from-flag", origin: .flag))
        #expect(one.entries[.node] == .init(value: "e", origin: .environment))
        #expect(one.entries[.tenant] == .init(value: "file # tenant", origin: .file(file)))
        #expect(one.entries[.logLevel] == .init(value: "info", origin: .defaultValue))
        #expect(one.entries[.databaseURL] == nil)
    }

    @Test func `an empty variable is as good as none`() throws {
        #expect(try configuration(environment: ["GENESIS_TENANT": ""]).tenant == "default")
    }

    @Test func `a misspelt setting of the file is named with its line`() throws {
        let file = try write("\n# comment\ngroup_di: x\n", to: "c.yaml")
        let failure = #expect(throws: CommandFailure.self) { try configuration(flags: ["config": file]) }
        #expect(failure?.code == .usage)
        #expect(failure?.message == "\(file):3: unknown setting `group_di`; did you mean `group_id`?")
    }

    @Test(arguments: ["novalue", "a:b", " indented: x", "node: 'open", "node: a\nnode: b"])
    func `a file that is no list of settings is refused`(text: String) throws {
        let file = try write(text, to: "c.yaml")
        let failure = #expect(throws: CommandFailure.self) { try configuration(flags: ["config": file]) }
        #expect(failure?.code == .usage)
        #expect(failure?.message.hasPrefix("\(file):") == true)
    }

    @Test func `what is missing is named with the ways to give it`() throws {
        let failure = #expect(throws: CommandFailure.self) { try configuration().required(.databaseURL) }
        #expect(failure?.code == .usage)
        #expect(failure?.message.contains("GENESIS_DATABASE_URL is not set") == true)
        #expect(failure?.message.contains("--database-url") == true)
    }

    @Test func `a wrong log level is refused`() {
        #expect(throws: CommandFailure.self) { try configuration(environment: ["GENESIS_LOG_LEVEL": "loud"]) }
    }

    @Test func `a running development environment is found from below, a stopped one is not`() throws {
        let genesis = "\(folder)/.genesis"
        let below = "\(folder)/a/b"
        for path in [genesis, below] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        try DevelopmentEnvironment(folder: genesis, settings: [.kafkaBrokers: "127.0.0.1:1"]).write()
        #expect(DevelopmentEnvironment.running(from: below) == nil)
        var lock = try FolderLock(path: "\(genesis)/lock")
        #expect(lock != nil)
        let second = try FolderLock(path: "\(genesis)/lock")
        #expect(second == nil, "a second one is refused")
        #expect(DevelopmentEnvironment.running(from: below)?.settings == [.kafkaBrokers: "127.0.0.1:1"])
        #expect(try configuration().value(.kafkaBrokers) == "127.0.0.1:1")
        lock = nil
        #expect(DevelopmentEnvironment.running(from: below) == nil)
    }

    @Test func `folders are found beside an installed binary and in a source tree`() throws {
        for path in ["p/bin", "p/share/genesis/Migrations", "s/.build/debug", "s/Migrations", "s/Workflows"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(path)", withIntermediateDirectories: true)
        }
        _ = try write("", to: "s/Package.swift")
        let installed = InstalledFolders(executable: "\(folder)/p/bin/genesis")
        #expect(installed.find("Migrations") == "\(folder)/p/share/genesis/Migrations")
        #expect(installed.find("Workflows") == nil)
        let built = InstalledFolders(executable: "\(folder)/s/.build/debug/genesis")
        #expect(built.find("Workflows") == "\(folder)/s/Workflows")
    }

    @Test(arguments: [
        ("postgresql://u:secret@h:5432/d?sslmode=require", "postgresql://u:***@h:5432/d?sslmode=require"),
        ("postgres://h/d?password=secret&x=1", "postgres://h/d?password=***&x=1"),
        ("postgresql://u:se@cret@h/d", "postgresql://u:***@h/d"), ("postgresql://u@h/d", "postgresql://u@h/d"),
        ("host=h password=secret dbname=d", "host=h password=*** dbname=d"),
        ("host=h password = 'se cr\\'et' dbname=d", "host=h password=*** dbname=d"), ("secret", "***"),
        ("password='secret", "***"),
    ])
    func `passwords are hidden`(text: String, shown: String) {
        #expect(Redaction.connectionString(text) == shown)
    }
}
