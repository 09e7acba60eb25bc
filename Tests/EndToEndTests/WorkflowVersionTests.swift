import EmbeddedServices
import Foundation
import Orchestration
import PostgresStore
import Testing

/// Versions of a workflow on real parts: sessions keep theirs, new ones take the newest, and `migrate` moves them.
@Suite(.serialized) struct WorkflowVersionTests {
    /// A folder of its own with one workflow, and workers on it.
    struct Shop {
        let fleet: Fleet
        var folder: String { "\(fleet.folder)/workflows" }
        var settings: [String: String] { ["GENESIS_WORKFLOWS": folder] }

        init() async throws {
            fleet = try await Fleet(partitions: 1)
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }

        func put(_ text: String, as name: String = "small.yaml") throws {
            try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
        }

        func worker(_ node: String) throws -> ChildProcess {
            try ChildProcess(
                [Fleet.executable, "worker"],
                environment: fleet.environment(node: node).merging(settings) { $1 },
                logFile: "\(fleet.folder)/\(node).log"
            )
        }

        func start(_ payload: JSONObject = [:]) async throws -> SessionID {
            let session = Fleet.newSession()
            try await fleet.produce("Start", to: session, .object(payload.merging(["workflow": "small"])))
            try await eventually("session \(session) has started") { try await fleet.queries.session(session) != nil }
            return session
        }

        func genesis(_ arguments: [String]) async throws -> Fleet.Ended {
            let log = "\(fleet.folder)/\(UUID().uuidString).out"
            let process = try ChildProcess(
                [Fleet.executable] + arguments,
                environment: fleet.environment().merging(settings) { $1 },
                logFile: log
            )
            try await eventually("`genesis \(arguments.joined(separator: " "))` ends") { process.exitCode != nil }
            let output = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            return Fleet.Ended(code: process.exitCode ?? -1, output: output)
        }
    }

    /// - Parameters:
    ///   - drafting, deciding: what the two states are called.
    ///   - more: further states of the stage.
    static func text(_ version: String, drafting: String, deciding: String, more: String = "") -> String {
        """
        workflow: small
        version: \(version)
        setup:
          guards:
            isPlain: '.context.input.kind == null'
            isOdd: '.context.input.kind == "odd"'
          actors:
            Outliner.Concept.Generation:
              topic: genesis.outline.tasks
              timeouts: { queue: PT1H, attempt: PT1H, heartbeat: PT1H, total: PT2H }
              retry: { maxAttempts: 2, initial: PT1S, cap: PT1S }
              output: { type: object }
        machine:
          id: small
          initial: STORY_CONCEPTION
          context: { draft: 0 }
          on: { Command.Genesis.Session.Abandon: .GONE }
          states:
            STORY_CONCEPTION:
              initial: choosing
              states:
                choosing:
                  always: [{ guard: isPlain, target: \(deciding) }, { guard: isOdd, target: odd }, \(drafting)]
                \(drafting):
                  invoke: { src: Outliner.Concept.Generation, onDone: \(deciding), onError: '#small.GONE' }
                \(deciding):
                  meta: { park: { expires: P7D } }
                  on:
                    Command.Genesis.Session.Theme.Confirm: '#small.DONE'
                    Command.Genesis.Session.Theme.Request: \(drafting)
                    park.expired: '#small.GONE'
                \(more)
            DONE: { type: final, tags: [completed] }
            GONE: { type: final, tags: [abandoned] }
        """
    }

    static let one = text(
        "1.0.0",
        drafting: "generating",
        deciding: "asking",
        more: "odd: { on: { Command.Genesis.Session.Theme.Update: asking } }"
    )
    static let two = text("2.0.0", drafting: "drafting", deciding: "deciding", more: "odd: { type: final }")

    @Test func `a session keeps its definition when the file has changed, new ones take the newest that is enabled`()
        async throws
    {
        let shop = try await Shop()
        try shop.put(Self.one)
        let first = try shop.worker("first")
        let old = try await shop.start()
        let before = try #require(try await shop.fleet.queries.session(old))
        first.stop()

        try shop.put(Self.two)
        let second = try shop.worker("second")
        let new = try await shop.start()
        let after = try #require(try await shop.fleet.queries.session(new))
        #expect(before.workflowVersion == "1.0.0" && after.workflowVersion == "2.0.0")
        let lines = try await shop.genesis(["workflow", "list", "--json"]).lines.filter { $0["name"] == "small" }
        #expect(lines.map { $0["version"].string } == ["1.0.0", "2.0.0"])
        #expect(lines.map { $0["live_sessions"].int } == [1, 1])
        #expect(lines.map { $0["in_folder"].bool } == [false, true] && lines.map { $0["next"].bool } == [false, true])

        // The old one goes on by the definition that only the database has.
        #expect(before.state["chart"]["value"] == ["STORY_CONCEPTION": "asking"])
        try await shop.fleet.produce("Theme.Request", to: old)
        try await eventually("the old session drafts") {
            try await shop.fleet.queries.session(old)?.state["chart"]["value"] == ["STORY_CONCEPTION": "generating"]
        }

        #expect(try await shop.genesis(["workflow", "disable", "small@2.0.0"]).code == 0)
        var fallback: GenesisSession?
        try await eventually("a new session starts with the version before") {
            fallback = try await shop.fleet.queries.session(try await shop.start())
            return fallback?.workflowVersion == "1.0.0"
        }
        #expect(fallback?.workflowHash == before.workflowHash)
        #expect(try await shop.fleet.queries.session(new)?.status == .inProgress)
        #expect(try await shop.genesis(["workflow", "enable", String(after.workflowHash.prefix(8))]).code == 0)
        #expect(try await shop.genesis(["workflow", "enable", "small@7"]).code == 1)
        try await shop.fleet.verify(old)
        second.stop()
    }

    @Test func `waits and tasks survive a move to another version, and what cannot move is listed and stays`()
        async throws
    {
        let shop = try await Shop()
        let fleet = shop.fleet
        try shop.put(Self.one)
        let worker = try shop.worker("worker")
        let waiting = try await shop.start()
        let working = try await shop.start(["kind": "task"])
        let odd = try await shop.start(["kind": "odd"])
        let found = try await fleet.wait(of: waiting)
        let wait = try #require(found)
        let task = try #require(try await fleet.queries.tasks(session: working, limit: 1).first)
        try Self.two.replacing("odd: { type: final }", with: "").replacing("{ guard: isOdd, target: odd }, ", with: "")
            .write(toFile: "\(fleet.folder)/two.yaml", atomically: true, encoding: .utf8)
        try """
        states:
          small.STORY_CONCEPTION.generating: small.STORY_CONCEPTION.drafting
          small.STORY_CONCEPTION.asking: small.STORY_CONCEPTION.deciding
        context: '.context + { moved: true }'
        """.write(toFile: "\(fleet.folder)/map.yaml", atomically: true, encoding: .utf8)
        let command = [
            "workflow", "migrate", "small@1.0.0", "\(fleet.folder)/two.yaml", "--map", "\(fleet.folder)/map.yaml",
        ]

        let unmapped = try await shop.genesis(Array(command.prefix(4)) + ["--dry-run", "--json"])
        #expect(unmapped.code == 1 && unmapped.output.contains("has no state `small.STORY_CONCEPTION.asking`"))
        let dry = try await shop.genesis(command + ["--dry-run"])
        #expect(dry.code == 1 && dry.output.contains("2 sessions would be moved, 1 cannot be"), "\(dry.output)")
        #expect(try await fleet.queries.session(waiting)?.workflowVersion == "1.0.0")

        let moved = try await shop.genesis(command + ["--user", "eve"])
        #expect(moved.code == 1 && moved.output.contains("2 sessions moved, 1 cannot be"), "\(moved.output)")
        #expect(moved.output.contains("\(odd): the new version has no state `small.STORY_CONCEPTION.odd`"))
        let row = try #require(try await fleet.queries.session(waiting))
        #expect(row.workflowVersion == "2.0.0" && row.state["chart"]["context"]["moved"] == true)
        #expect(row.state["chart"]["value"] == ["STORY_CONCEPTION": "deciding"])
        #expect(try await fleet.queries.handle(wait.id)?.correlationID == wait.correlationID)
        #expect(try await fleet.queries.handle(wait.id)?.expiresAt == wait.expiresAt)
        #expect(try await fleet.queries.session(odd)?.workflowVersion == "1.0.0")

        // The reply to the question that was asked before, and the result of the task that was started before.
        try await fleet.produce("Theme.Confirm", to: waiting, correlation: wait.correlationID)
        try await eventually("the wait is answered") { try await fleet.queries.session(waiting)?.status == .completed }
        #expect(try await fleet.queries.handle(wait.id)?.status == .resumed)
        try await fleet.genesis("tasks", "complete", task.id.description, "--output", "{}").requireSuccess()
        #expect(try await fleet.queries.session(working)?.state["chart"]["value"] == ["STORY_CONCEPTION": "deciding"])
        try await fleet.produce("Theme.Update", to: odd)
        try await eventually("the one that stayed goes on") {
            try await fleet.queries.session(odd)?.state["chart"]["value"] == ["STORY_CONCEPTION": "asking"]
        }
        for session in [waiting, working, odd] { try await fleet.verify(session) }
        let events = try await fleet.queries.events(of: waiting)
        #expect(events.filter { $0.eventType == "Genesis.Session.WorkflowMigrated" }.map(\.userID) == ["eve"])
        worker.stop()
    }

    @Test func `a move that is killed in the middle goes on where it was`() async throws {
        let shop = try await Shop()
        let fleet = shop.fleet
        try shop.put(Self.one)
        let worker = try shop.worker("worker")
        var sessions: [SessionID] = []
        for _ in 0..<40 { sessions.append(try await shop.start()) }
        try shop.put(Self.two.replacing("deciding", with: "asking"), as: "two.yaml")
        let command = ["workflow", "migrate", "small@1.0.0", "\(shop.folder)/two.yaml", "--batch", "1"]
        func moved() async throws -> Int {
            Int(try await fleet.sql("SELECT count(*) FROM genesis_sessions WHERE workflow_version = '2.0.0'")) ?? 0
        }
        let killed = try ChildProcess(
            [Fleet.executable] + command,
            environment: fleet.environment().merging(shop.settings) { $1 },
            logFile: "\(fleet.folder)/killed.log"
        )
        // Stopped where it is, so that the count cannot run away, and then killed.
        try await eventually("some have moved") { try await moved() > 2 }
        killed.signal(9)
        try await eventually("the command is gone") { killed.exitCode != nil }
        let some = try await moved()
        #expect(some > 2 && some < 40, "\(some)")
        let again = try await shop.genesis(command)
        #expect(again.code == 0 && again.output.contains("\(40 - some) sessions moved, 0 cannot be"), "\(again.output)")
        let events = try await fleet.sql(
            "SELECT count(*) || ' ' || count(DISTINCT aggregate_id) FROM domain_events "
                + "WHERE event_type = 'Genesis.Session.WorkflowMigrated'"
        )
        #expect(events == "40 40")
        let first = try #require(sessions.first)
        try await fleet.produce("Theme.Confirm", to: first)
        try await eventually("it goes on") { try await fleet.queries.session(first)?.status == .completed }
        try await fleet.verify(first)
        worker.stop()
    }

    @Test func `recorded inputs tell what a new version would have decided differently`() async throws {
        let shop = try await Shop()
        let fleet = shop.fleet
        try shop.put(Self.one)
        let worker = try shop.worker("worker")
        let answered = try await shop.start()
        let working = try await shop.start(["kind": "task"])
        try await fleet.produce("Theme.Request", to: answered)
        try await eventually("both draft") { try await fleet.queries.tasks(limit: 9).count == 2 }
        for task in try await fleet.queries.tasks(limit: 9) {
            try await fleet.genesis("tasks", "complete", task.id.description, "--output", "{}").requireSuccess()
        }
        try await fleet.produce("Theme.Confirm", to: answered)
        try await eventually("one has ended") { try await fleet.queries.session(answered)?.status == .completed }

        // Played again by itself, and by a version that differs in nothing that matters, a session decides as it did.
        let same = try await shop.genesis(["workflow", "replay-check", "small@1.0.0"])
        #expect(same.code == 0 && same.output.contains("2 sessions played, 0 decided differently"), "\(same.output)")
        let stricter = Self.one.replacing("version: 1.0.0", with: "version: 1.1.0").replacing(
            "Command.Genesis.Session.Theme.Confirm: '#small.DONE'",
            with: "Command.Genesis.Session.Theme.Confirm: { target: '#small.DONE', guard: isOdd }"
        )
        try stricter.write(toFile: "\(fleet.folder)/stricter.yaml", atomically: true, encoding: .utf8)
        let text = try await shop.genesis(["workflow", "replay-check", "\(fleet.folder)/stricter.yaml"])
        #expect(
            text.code == 1 && text.output.contains("new: invalid, IN_PROGRESS in small.STORY_CONCEPTION.asking"),
            "\(text.output)"
        )
        let lines = try await shop.genesis(
            ["workflow", "replay-check", "\(fleet.folder)/stricter.yaml", "--from", "small@1.0.0", "--json"]
        ).output.split(separator: "\n").compactMap { try? JSONText.parse(String($0), limits: .stored) }
        let found = try #require(lines.first)
        #expect(
            found["session_id"].string == answered.description
                && found["type"] == "Command.Genesis.Session.Theme.Confirm"
        )
        #expect(found["old"]["verdict"] == "accepted" && found["new"]["verdict"] == "invalid")
        #expect(lines.filter { !$0["session_id"].isNull }.count == 1)
        _ = working
        worker.stop()
    }
}
