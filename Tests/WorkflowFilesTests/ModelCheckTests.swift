import Foundation
import Orchestration
import Testing
import WorkflowFiles

/// Every fault that the model check knows is planted in a file of its own, and found with the shortest history.
@Suite struct ModelCheckTests {
    struct Planted: Sendable, CustomTestStringConvertible {
        var file: String
        var rule: String
        /// What the message must name.
        var names: String
        /// The messages of the shortest history.
        var history: [String]
        var testDescription: String { file }
    }

    static let planted = [
        Planted(
            file: "dead-end",
            rule: "dead-end",
            names: "limbo",
            history: ["Start", "Writer.Draft.Generation: result", "Theme.Confirm"]
        ),
        Planted(
            file: "wait-without-end",
            rule: "wait-without-end",
            names: "planted.STORY_CONCEPTION.asking",
            history: ["Start", "Writer.Draft.Generation: result"]
        ),
        Planted(
            file: "reply-never-taken",
            rule: "reply-never-taken",
            names: "Theme.Request",
            history: ["Start", "Writer.Draft.Generation: result"]
        ),
        Planted(
            file: "double-task",
            rule: "double-task",
            names: "Writer.Draft.Generation",
            history: ["Start", "Writer.Draft.Generation: result", "a timer fires"]
        ),
        Planted(file: "never-entered", rule: "never-entered", names: "reward", history: []),
        Planted(
            file: "livelock",
            rule: "livelock",
            names: "eventless",
            history: ["Start", "Writer.Draft.Generation: result", "Theme.Confirm (incident)"]
        ),
        Planted(
            file: "unhandled-failure",
            rule: "unhandled-failure",
            names: "onError",
            history: ["Start", "Writer.Draft.Generation: fails for good"]
        ),
    ]

    static func workflow(_ path: String) throws -> Workflow {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
        let url = root.appending(path: path).standardizedFileURL
        let text = try String(contentsOf: url, encoding: .utf8)
        let (workflow, findings) = WorkflowFileReader().read(source: text, file: url.lastPathComponent)
        return try #require(workflow, "\(findings)")
    }

    @Test(arguments: planted)
    func `a planted fault is found, with the shortest history that shows it`(_ planted: Planted) throws {
        let report = ModelCheck.run(try Self.workflow("Planted/\(planted.file).yaml"))
        let found = try #require(report.findings.first { $0.rule == planted.rule }, "\(report.findings)")
        #expect(found.message.contains(planted.names), "\(found)")
        let messages = found.trace.map { String($0.split(separator: " → ")[0]) }
        #expect(messages == planted.history, "\(found.trace)")
        #expect(found.place.line > 0, "\(found)")
        // And nothing else but what follows from it.
        #expect(Set(report.findings.filter { $0.severity == .error }.map(\.rule)).count <= 1, "\(report.findings)")
        #expect(report.isComplete)
    }

    @Test func `a sound workflow has no finding, although everything that can go wrong went wrong twice`() throws {
        var bounds = ModelBounds()
        bounds.disturbances = 2
        let report = ModelCheck.run(try Self.workflow("Planted/sound.yaml"), bounds: bounds)
        #expect(report.findings == [], "\(report.findings)")
        #expect(report.isComplete && report.worlds > 20)
        #expect(report.ends.keys.contains(.completed) && report.ends.keys.contains(.abandoned))
    }

    @Test(arguments: [("genesis", 1), ("freeform", 0)])
    func `the workflows that come with it have no fault`(_ name: String, _ disturbances: Int) async throws {
        var bounds = ModelBounds()
        // In a debug build the thousands of worlds that one thing going wrong makes of `freeform` take a minute.
        bounds.disturbances = disturbances
        let report = await Self.runAside(try Self.workflow("../../Workflows/\(name).yaml"), bounds)
        #expect(!report.hasErrors, "\(report.findings)")
        #expect(report.isComplete && report.ends[.completed] != nil)
    }

    /// On a thread of its own: what takes a minute would keep one of the few that all tests share.
    private static func runAside(_ workflow: Workflow, _ bounds: ModelBounds) async -> ModelReport {
        await withCheckedContinuation { continuation in
            let thread = Thread { continuation.resume(returning: ModelCheck.run(workflow, bounds: bounds)) }
            thread.stackSize = 16 << 20
            thread.start()
        }
    }

    @Test func `the first steps of the large sample have no fault either when one thing goes wrong`() async throws {
        var bounds = ModelBounds()
        bounds.depth = 5
        let report = await Self.runAside(try Self.workflow("../../Workflows/freeform.yaml"), bounds)
        #expect(!report.hasErrors, "\(report.findings)")
        #expect(!report.isComplete && report.worlds > 100)
    }

    @Test func `of two worlds that differ in what may still go wrong only the freer one is followed`() throws {
        let workflow = try Self.workflow("Planted/sound.yaml")
        var bounds = ModelBounds()
        bounds.disturbances = 0
        let calm = ModelCheck.run(workflow, bounds: bounds)
        bounds.disturbances = 3
        let wild = ModelCheck.run(workflow, bounds: bounds)
        // Nothing goes wrong in a world that has ended: of each there is one, not one for each number of what may.
        #expect(wild.worlds > calm.worlds)
        #expect(wild.ends == calm.ends, "\(calm.ends), \(wild.ends)")
        #expect(wild.repeated == wild.worlds)
    }

    @Test func `ways elsewhere with an early reply kept are counted, and followed when more may go wrong`() throws {
        let workflow = try Self.workflow("Planted/elsewhere.yaml")
        let once = ModelCheck.run(workflow)
        #expect(once.keptElsewhere > 0 && once.isComplete)
        var bounds = ModelBounds()
        bounds.disturbances = 2
        let twice = ModelCheck.run(workflow, bounds: bounds)
        #expect(twice.worlds > once.worlds)
    }

    @Test func `what was not looked into is said`() throws {
        var bounds = ModelBounds()
        bounds.depth = 2
        let report = ModelCheck.run(try Self.workflow("Planted/sound.yaml"), bounds: bounds)
        #expect(!report.isComplete)
        #expect(!report.hasErrors, "what was not reached is no error: \(report.findings)")
        #expect(report.findings.contains { $0.rule == "never-entered" })
    }
}
