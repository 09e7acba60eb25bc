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
}
