import Orchestration
import Testing

@testable import PostgresStore

@Suite struct ModelTests {
    private func check<Row: TableRow & Equatable>(_ row: Row, _ database: TestDatabase) async throws {
        #expect(try Row(columns: row.columns) == row)
        let names = try await database.texts(
            "SELECT column_name::text FROM information_schema.columns WHERE table_name = '\(Row.table)' "
                + "AND table_schema = 'public' ORDER BY 1"
        )
        #expect(names == row.columns.keys)
    }

    @Test func `every row is an object named as its columns, and is read back the same`() async throws {
        let database = try await TestDatabase()
        let id: SessionID = randomID()
        try await check(Sample.session(id), database)
        try await check(Sample.event(id, version: 1), database)
        try await check(Sample.command(id), database)
        try await check(Sample.task(id, progress: "33.33"), database)
        try await check(Sample.handle(id, correlation: "c"), database)
        try await check(Sample.outbox(key: "k"), database)
    }
}
