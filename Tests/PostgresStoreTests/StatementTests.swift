import EmbeddedServices
import Orchestration
import Testing

@testable import PostgresStore

@Suite struct StatementTests {
    private static let all: [Statement] = [
        MigratorStatements.lock,
        MigratorStatements.exists,
        MigratorStatements.applied,
        MigratorStatements.record,
        MigratorStatements.forget,
        MigratorStatements.catalog,
        QueryStatements.sessions,
        QueryStatements.sessionsInNeed,
        QueryStatements.session,
        QueryStatements.events,
        QueryStatements.handles,
        QueryStatements.handle,
        QueryStatements.handleByCorrelation,
        QueryStatements.tasks,
        QueryStatements.task,
        QueryStatements.outbox,
        QueryStatements.outboxStatistics,
        QueryStatements.deadLetters,
        QueryStatements.deadLetter,
        QueryStatements.command,
        QueryStatements.commandByKey,
        QueryStatements.commands,
        QueryStatements.sessionCounts,
        QueryStatements.insertCommand,
        DeadLettersTable.insert,
        DefinitionsTable.insert,
        DefinitionsTable.select,
        DefinitionsTable.versions,
        DefinitionsTable.pinned,
        DefinitionsTable.enable,
        EventsTable.insert,
        HandlesTable.upsert,
        InboxTable.upsert,
        LoadStatements.now,
        LoadStatements.sessions,
        LoadStatements.tasks,
        LoadStatements.handles,
        LoadStatements.pendingCommands,
        LoadStatements.answers,
        LoadStatements.received,
        LoadStatements.due,
        OutboxTable.insert,
        PositionsTable.advance,
        PositionsTable.lockSessions,
        PositionsTable.take,
        PositionsTable.select,
        PositionsTable.forget,
        RelayStatements.lease,
        RelayStatements.release,
        RelayStatements.due,
        RelayStatements.mark,
        SessionsTable.upsert,
        TasksTable.upsert,
    ]

    @Test func `every statement fits the schema, and no two share a name`() async throws {
        let database = try await TestDatabase()
        #expect(Set(Self.all.map(\.name)).count == Self.all.count)
        let faults = try await database.pool.run { connection throws(StoreError) in
            var faults: [String] = []
            for statement in Self.all {
                do throws(StoreError) { try connection.check(statement) } catch {
                    faults.append("\(statement.name): \(error.reason)")
                }
            }
            return faults
        }
        #expect(faults == [])
    }

    @Test(
        arguments: [
            ("40001", "conflict"), ("40P01", "conflict"), ("55P03", "conflict"), ("57P01", "unavailable"),
            ("53300", "unavailable"), ("08006", "unavailable"), ("25006", "unavailable"), ("53100", "exhausted"),
            ("XX001", "exhausted"), ("22P05", "refused"), ("22003", "refused"), ("54000", "refused"),
            ("42601", "broken"), ("28000", "broken"), ("23503", "broken"), ("GN001", "conflict"), ("GN002", "fenced"),
        ]
    )
    func `an SQLSTATE that the server raises is told by what can be done`(state: String, word: String) async throws {
        let cluster = try TestCluster.shared.get()
        let pool = try PostgresPool(connectionString: cluster.connectionString(), size: 1)
        defer { pool.close() }
        let sql = "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '\(state)'; END $$"
        let message = await failure {
            try await pool.run { connection throws(StoreError) in try connection.script(sql) }
        }
        #expect(message?.hasPrefix(word) == true, "\(message ?? "no error")")
    }
}
