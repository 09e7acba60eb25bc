import Foundation
import Orchestration
import Testing

@testable import PostgresStore

/// Every class of the error table, with errors that a real server raises.
@Suite struct ErrorClassTests {
    static let classes: [(kind: String, states: [String])] = [
        ("conflict", ["40001", "40P01", "55P03", "57014", "GN001"]),
        ("fenced", ["GN002"]),
        (
            "unavailable",
            ["08000", "08003", "08006", "57P01", "57P02", "57P03", "57P05", "25P03", "25P04", "25006", "53300"]
        ),
        ("exhausted", ["53000", "53100", "53200", "53400", "58030", "XX001", "XX002"]),
        ("refused", ["22P02", "22P05", "22021", "22003", "22001", "23502", "23514", "54000", "54001"]),
        ("broken", ["42601", "42501", "42P01", "23503", "23505", "28000", "3D000", "0A000", "XX000", "P0001"]),
    ]

    @Test func `each SQLSTATE has the consequence that the table names, and its code in the reason`() async throws {
        let database = try await TestDatabase(prepareStatements: false)
        try await database.script(
            """
            CREATE FUNCTION test_raise(state text) RETURNS text LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'raised for a test' USING ERRCODE = state; END $$
            """
        )
        let raise = Statement("raise", "SELECT test_raise($1::text)")
        for (kind, states) in Self.classes {
            for state in states {
                let message = await failure {
                    _ = try await database.pool.rows(Step(raise) { $0.add(state) }) { row throws(StoreError) in
                        try row.value(String.self)
                    }
                }
                #expect(message?.hasPrefix(kind) == true, "\(state): \(message ?? "no error")")
                #expect(message?.contains("[SQLSTATE \(state)]") == true)
            }
        }
    }

    @Test func `of unique violations those that another writer can cause are told apart, and others are ours to mend`()
        async throws
    {
        let database = try await TestDatabase()
        let id: SessionID = randomID()
        try await database.store.commit(Sample.batch(Sample.commit(id)))
        let again = await failure {
            try await database.script(
                "INSERT INTO domain_events (aggregate_id, aggregate_version, event_type) VALUES ('\(id)', 1, 'x')"
            )
        }
        #expect(again?.hasPrefix("duplicate") == true, "\(again ?? "")")
        let lane = await failure { try await database.script("INSERT INTO outbox_lanes (lane) VALUES (0)") }
        #expect(lane?.hasPrefix("broken") == true, "\(lane ?? "")")
    }

    @Test func `every transaction has limits on statements, locks and idling`() async throws {
        let database = try await TestDatabase()
        let limits = try await database.texts(
            """
            SELECT name || '=' || current_setting(name) FROM unnest(ARRAY[
                'idle_in_transaction_session_timeout', 'lock_timeout', 'statement_timeout'
            ]) AS name
            """
        )
        #expect(limits == ["idle_in_transaction_session_timeout=15s", "lock_timeout=5s", "statement_timeout=30s"])
    }

    private static func set(_ name: String) -> Step {
        Step(Statement("shorten_\(name)", "SELECT set_config('\(name)', '50ms', true)"))
    }

    @Test func `a statement that is too slow and a lock that is not given are conflicts`() async throws {
        let database = try await TestDatabase()
        let slow = await failure {
            try await database.pool.run { connection throws(StoreError) in
                _ = try connection.transaction([
                    Self.set("statement_timeout"), Step(Statement("sleep", "SELECT pg_sleep(10)::text")),
                ])
            }
        }
        #expect(slow?.hasPrefix("conflict") == true && slow?.contains("57014") == true, "\(slow ?? "")")
        let lock = Step(Statement("lock_lane", "SELECT lane FROM outbox_lanes WHERE lane = 0 FOR UPDATE"))
        let pool = database.pool
        let blocked = Locked(String?.none)
        try await pool.run { connection throws(StoreError) in
            _ = try connection.transaction { () throws(StoreError) -> Bool in
                _ = try connection.steps([lock])
                let other = try PostgresConnection(
                    ConnectionString(database.connectionString),
                    prepareStatements: false,
                    answerLimit: .seconds(90)
                )
                do throws(StoreError) {
                    _ = try other.transaction([Self.set("lock_timeout"), lock])
                } catch {
                    blocked.set("\(error)")
                }
                return true
            }
        }
        #expect(blocked.value?.hasPrefix("conflict") == true && blocked.value?.contains("55P03") == true)
    }

    @Test func `a transaction that idles too long is ended by the server, and the connection is not used again`()
        async throws
    {
        let database = try await TestDatabase()
        let idle = await failure {
            try await database.pool.run { connection throws(StoreError) in
                _ = try connection.transaction { () throws(StoreError) -> Bool in
                    _ = try connection.steps([Self.set("idle_in_transaction_session_timeout")])
                    // The server ends the session by itself; asking it in between would keep it alive.
                    usleep(400_000)
                    _ = try connection.steps([Step(Statement("one", "SELECT 1"))])
                    return true
                }
            }
        }
        #expect(idle?.hasPrefix("unavailable") == true, "\(idle ?? "")")
        try await TestCluster.ping(database.pool)
    }

    @Test func `a server that may lose commits is told by the settings that make it so`() async throws {
        let lossy = try await TestDatabase()
        #expect(
            try await lossy.queries.lossySettings()
                == ["fsync=off", "full_page_writes=off", "synchronous_commit=off"]
        )
    }

    /// A value that a closure on another thread leaves.
    private final class Locked: @unchecked Sendable {
        private let lock = NSLock()
        private var kept: String?

        init(_ value: String?) { kept = value }
        func set(_ value: String?) { lock.withLock { kept = value } }
        var value: String? { lock.withLock { kept } }
    }
}
