import EmbeddedServices
import Foundation
import Glibc
import Orchestration
import OrchestrationTesting
import PostgresStore
import Testing

/// The way in, on real parts: topics that are not what they were, rows of other services, databases that forget.
@Suite(.serialized) struct IntakeTests {
    static let commands = "genesis.session.commands"

    @Test func `a partition whose topic was made anew stops, says what to do, and goes on when an operator says how`()
        async throws
    {
        let fleet = try await Fleet(partitions: 1)
        let first = try fleet.worker("first")
        let (old, new) = (Fleet.newSession(), Fleet.newSession())
        try await fleet.produce("Start", to: old)
        try await eventually("the session has begun") { try await fleet.queries.session(old) != nil }
        first.stop()
        // As if the record before the position were another one.
        try await fleet.sql(
            "UPDATE kafka_positions SET last_digest = 'other' WHERE topic = '\(Self.commands)' AND next_offset > 0"
        )
        let second = try fleet.worker("second")
        try await fleet.produce("Start", to: new)
        try await eventually("the position says why it stands still") {
            try await fleet.queries.positions().contains { $0.topic == Self.commands && $0.stopReason != nil }
        }
        #expect(fleet.log("second").contains("genesis topics reset-position \(Self.commands) 0 --to beginning"))
        let listed = try await fleet.genesis("topics", "positions", "--json").lines
        let row = try #require(listed.first { $0["topic"].string == Self.commands })
        #expect(row["stop_reason"].string?.contains("is not the one that was processed") == true)
        #expect(try await fleet.queries.session(new) == nil)

        let wrong = try await fleet.genesis("topics", "reset-position", "genesis.session.events", "0", "--to", "0")
        #expect(wrong.code == 1)
        #expect(wrong.output.contains("nothing was changed"))
        #expect(try await fleet.genesis("topics", "reset-position", Self.commands, "0", "--to", "-1").code == 2)
        try await fleet.genesis("topics", "reset-position", Self.commands, "0", "--to", "beginning").requireSuccess()
        try await eventually("the worker has gone on by itself") { try await fleet.queries.session(new) != nil }
        #expect(fleet.log("second").contains("the position was set by an operator"))
        let note = try await fleet.queries.positions().first { $0.topic == Self.commands }?.resetNote
        #expect(note?.contains("from 1 to the beginning") == true, "\(note ?? "")")
        // Read twice, begun once.
        #expect(try await fleet.queries.events(of: old).count == 1)
        second.stop()
    }

    @Test
    func `rows of other services are decided oldest first, once each, by workers that are killed again and again`()
        async throws
    {
        let seed = TestSeed.draw()
        let fleet = try await Fleet(partitions: 1)
        let count = 400
        try await fleet.sql(
            """
            INSERT INTO command_box (command_type, aggregate_id, user_id)
            SELECT 'Command.Genesis.Session.Start', md5('s' || n)::uuid, 'ann' FROM generate_series(1, \(count)) AS n
            """
        )
        var dice = seed
        for round in 0..<5 {
            let workers = try ["a", "b"].map { try fleet.worker("\($0)\(round)") }
            try await eventually("this round has begun to decide") {
                let done = try await fleet.sql("SELECT count(*) FROM command_inbox WHERE verdict IS NOT NULL")
                return (Int(done) ?? 0) >= min(count, 100 * round)
            }
            dice = dice &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            // A random moment within the work; nothing is waited for.
            try await Task.sleep(for: .milliseconds(Int(dice >> 33) % 60))
            for worker in workers { worker.signal(SIGKILL) }
            for worker in workers { _ = worker.wait() }
        }
        let last = try ["last", "other"].map { try fleet.worker($0) }
        try await eventually("every row is decided") {
            try await fleet.sql("SELECT count(*) FROM command_inbox WHERE verdict IS NULL") == "0"
        }
        #expect(
            try await fleet.sql(
                "SELECT DISTINCT verdict, status FROM command_inbox WHERE user_id = 'ann' ORDER BY 1"
            ).hasPrefix("accepted"),
            "seed \(seed)"
        )
        // Each started one task and is PROCESSING as long as that is open: nothing else is.
        #expect(
            try await fleet.sql(
                """
                SELECT count(*) FROM command_inbox c WHERE c.status = 'PROCESSING' AND NOT EXISTS (
                    SELECT 1 FROM async_tasks t WHERE t.triggered_by_command_id = c.id
                        AND t.status IN ('PENDING', 'RUNNING')
                )
                """
            ) == "0",
            "seed \(seed)"
        )
        #expect(
            try await fleet.sql(
                "SELECT count(*), count(DISTINCT aggregate_id) FROM domain_events WHERE event_type LIKE '%.Started'"
            ) == "\(count)|\(count)",
            "seed \(seed)"
        )
        for worker in last { worker.stop() }
    }

    @Test func `one worker decides rows in the order in which they came`() async throws {
        let fleet = try await Fleet(partitions: 1)
        try await fleet.sql(
            """
            INSERT INTO command_inbox (command_type, session_id, payload)
            SELECT 'Command.Genesis.Session.Start', md5('s' || n)::uuid, '{}' FROM generate_series(1, 250) AS n
            """
        )
        let worker = try fleet.worker()
        try await eventually("every row is decided") {
            try await fleet.sql("SELECT count(*) FROM command_inbox WHERE verdict IS NULL") == "0"
        }
        #expect(
            try await fleet.sql(
                """
                SELECT count(*) FROM (
                    SELECT e.global_position > lag(e.global_position) OVER (ORDER BY c.arrival) AS follows
                    FROM command_inbox c JOIN domain_events e ON e.causation_id = c.id AND e.aggregate_version = 1
                ) AS pairs WHERE NOT follows
                """
            ) == "0"
        )
        worker.stop()
    }

    @Test func `a database that may lose commits is refused unless that is wanted`() async throws {
        let fleet = try await Fleet(partitions: 1)
        let refused = try await fleet.genesis("worker", changing: ["GENESIS_DURABILITY": "required"])
        #expect(refused.code == 2)
        #expect(refused.output.contains("fsync=off, full_page_writes=off, synchronous_commit=off"))
        #expect(try await fleet.genesis("worker", changing: ["GENESIS_DURABILITY": "maybe"]).code == 2)
        let worker = try fleet.worker()
        try await eventually("it says what it runs on") {
            fleet.log("worker").contains("the database may lose what it has committed")
        }
        worker.stop()
    }
}
