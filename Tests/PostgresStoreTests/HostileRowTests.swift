import Orchestration
import Testing

@testable import PostgresStore

/// Rows that other services write into our tables, and messages that use what is not theirs.
@Suite struct HostileRowTests {
    @Test(arguments: [#"{"a":1e500}"#, String(repeating: "[", count: 300) + String(repeating: "]", count: 300)])
    func `an inserted row with JSON beyond our limits is read with its fault`(payload: String) async throws {
        let database = try await TestDatabase()
        try await database.script(
            """
            INSERT INTO command_inbox (session_id, command_type, payload)
            VALUES (gen_random_uuid(), 'Command.Genesis.Session.Start', '\(payload)'),
                (gen_random_uuid(), 'Command.Genesis.Session.Start', '{"fine": 1}')
            """
        )
        let rows = try await database.store.receivedCommands(limit: 9)
        #expect(rows.count == 2)
        #expect(rows.first?.payload == .null)
        #expect(rows.first?.errorMessage?.isEmpty == false)
        #expect(rows.last?.payload == ["fine": 1])
        #expect(rows.last?.errorMessage == nil)
    }

    @Test func `a row left pending by another service is loaded without what it says`() async throws {
        let database = try await TestDatabase()
        let id: SessionID = randomID()
        try await database.script(
            """
            INSERT INTO command_inbox (session_id, command_type, payload, status)
            VALUES ('\(id)', 'Command.Genesis.Session.Start', '{"a": 1e500}', 'PROCESSING')
            """
        )
        var request = LoadRequest()
        request.sessions = [id]
        let scope = try #require(try await database.store.load(request).scopes[id])
        #expect(scope.pendingCommands.map(\.status) == [.processing])
        #expect(scope.pendingCommands.map(\.verdict) == [nil])
    }

    @Test func `looking for a reply's wait does not read the whole table`() async throws {
        let database = try await TestDatabase()
        try await database.script(
            """
            INSERT INTO flow_resume_handles (session_id, correlation_id, status)
            SELECT gen_random_uuid(), 'c' || n, 'RESUMED' FROM generate_series(1, 5000) AS n;
            ANALYZE flow_resume_handles;
            """
        )
        let sql = LoadStatements.handles.sql
            .replacing("$1", with: "'{\(SessionID(derivedFrom: "s"))}'")
            .replacing("$2", with: "'{default}'").replacing("$3", with: "'{c1}'")
        let plan = try await database.texts("EXPLAIN " + sql)
        #expect(!plan.contains { $0.contains("Seq Scan") }, "\(plan.joined(separator: "\n"))")
    }

    @Test func `what is open in other sessions is not read with a session, though it was not there for the statistics`()
        async throws
    {
        let database = try await TestDatabase()
        func fill(_ command: String, _ task: String, _ handle: String) async throws {
            try await database.script(
                """
                INSERT INTO command_inbox (session_id, command_type, status, processed_at)
                SELECT gen_random_uuid(), 'T', '\(command)', now() FROM generate_series(1, 5000);
                INSERT INTO async_tasks (session_id, task_type, status)
                SELECT gen_random_uuid(), 'T', '\(task)' FROM generate_series(1, 5000);
                INSERT INTO flow_resume_handles (session_id, correlation_id, status)
                SELECT gen_random_uuid(), gen_random_uuid(), '\(handle)' FROM generate_series(1, 5000);
                """
            )
        }
        try await fill("COMPLETED", "COMPLETED", "RESUMED")
        try await database.script("ANALYZE command_inbox; ANALYZE async_tasks; ANALYZE flow_resume_handles")
        try await fill("RECEIVED", "PENDING", "WAITING")
        let ids = (0..<20).map { "\(SessionID(derivedFrom: "s", "\($0)"))" }.joined(separator: ",")
        for statement in [LoadStatements.tasks, LoadStatements.handles, LoadStatements.pendingCommands] {
            let sql = statement.sql.replacing("$1", with: "'{\(ids)}'").replacing("$2", with: "'{}'")
                .replacing("$3", with: "'{}'")
            let plan = try await database.texts("EXPLAIN (ANALYZE) " + sql).joined(separator: "\n")
            #expect(!plan.contains("Seq Scan"), "\(statement.name): \(plan)")
            #expect(!plan.contains("Rows Removed by"), "\(statement.name): \(plan)")
        }
    }

    @Test func `the longest key that a message may have fits the inbox`() async throws {
        let database = try await TestDatabase()
        let id: SessionID = randomID()
        var commit = Commit(sessionID: id, tenantID: "default", expectedVersion: 0)
        commit.commands = [Sample.command(id)]
        commit.commands[0].idempotencyKey = String(repeating: "k", count: Envelope.idempotencyKeyBytesMax)
        try await database.store.commit(Sample.batch(commit))
    }
}
