import Foundation
import Orchestration
import Testing

@testable import PostgresStore

@Suite struct ConnectionTests {
    static let text = Statement("text_length", "SELECT length($1::text)::bigint")

    @Test(arguments: ["postgresql://u:secret@[::1/db", "host=x password=se secret", "nonsense secret"])
    func `a connection string that cannot be read is refused without repeating any of it`(_ string: String) {
        #expect(throws: StoreError.self) { try PostgresPool(connectionString: string, size: 1) }
        do {
            _ = try PostgresPool(connectionString: string, size: 1)
        } catch {
            #expect(!"\(error)".contains("secret"))
            #expect("\(error)".contains("postgresql://"))
        }
    }

    @Test func `of several servers the one that takes writes is asked for, unless something else is`() throws {
        func role(_ text: String) throws -> String? {
            try ConnectionString(text).keywords.last { $0.name == "target_session_attrs" }?.value
        }
        #expect(try role("postgresql://u@a:5432,b:5432/x") == "read-write")
        #expect(try role("host=a,b dbname=x target_session_attrs=any") == "any")
        #expect(try role("postgresql://u@a/x") == nil)
    }

    @Test func `a server that does not answer in time is away, and is asked over another connection`() async throws {
        let pool = try PostgresPool(
            connectionString: try await TestCluster.database(),
            size: 1,
            answerLimit: .milliseconds(200)
        )
        defer { pool.close() }
        let process = Statement("process", "SELECT pg_backend_pid()::bigint")
        let first = try await pool.rows(Step(process)) { row throws(StoreError) in try row.value(Int.self) }
        await #expect(throws: StoreError.unavailable(reason: "the database has not answered for PT0.2S")) {
            _ = try await pool.rows(Step(Statement("sleep", "SELECT pg_sleep(5)::text"))) { row throws(StoreError) in
                try row.value(String.self)
            }
        }
        let second = try await pool.rows(Step(process)) { row throws(StoreError) in try row.value(Int.self) }
        #expect(first != second)
    }

    @Test func `a server that has forgotten our statements is given them again`() async throws {
        let pool = try PostgresPool(connectionString: try await TestCluster.database(), size: 1)
        defer { pool.close() }
        @Sendable func ask() async throws(StoreError) {
            try await pool.run { connection throws(StoreError) in
                _ = try connection.transaction([Step(Self.text) { $0.add("abc") }])
            }
        }
        try await ask()
        try await pool.run { connection throws(StoreError) in try connection.script("DEALLOCATE ALL") }
        await #expect(throws: StoreError.self) { try await ask() }
        try await ask()
    }

    @Test func `an error in the middle of a pipeline is told, undoes everything, and leaves the connection usable`()
        async throws
    {
        let pool = try PostgresPool(connectionString: try await TestCluster.database(), size: 1)
        defer { pool.close() }
        let insert = Statement("one_lane", "UPDATE outbox_lanes SET owner_id = 'x' WHERE lane = $1::int")
        let fail = Statement("fail", "SELECT 1 / ($1::bigint)")
        await #expect(throws: StoreError.self) {
            try await pool.run { connection throws(StoreError) in
                _ = try connection.transaction([
                    Step(insert) { $0.add(1) }, Step(fail) { $0.add(0) }, Step(insert) { $0.add(2) },
                ])
            }
        }
        let count = Statement("changed_lanes", "SELECT count(*) FROM outbox_lanes WHERE owner_id = 'x'")
        let changed = try await pool.run { connection throws(StoreError) -> Int64 in
            try connection.transaction([Step(count)]).first?
                .rows { row throws(StoreError) in try row.value(Int64.self) }.first ?? -1
        }
        #expect(changed == 0)
    }

    @Test func `a pipeline of many megabytes each way does not stop`() async throws {
        let pool = try PostgresPool(connectionString: try await TestCluster.database(), size: 1)
        defer { pool.close() }
        let echo = Statement("echo", "SELECT $1::text")
        let long = String(repeating: "x", count: 100_000)
        let lengths = try await pool.run { connection throws(StoreError) -> [Int] in
            var lengths: [Int] = []
            for result in try connection.transaction((0..<100).map { _ in Step(echo) { $0.add(long) } }) {
                lengths += try result.rows { row throws(StoreError) in try row.value(String.self).utf8.count }
            }
            return lengths
        }
        #expect(lengths == Array(repeating: 100_000, count: 100))
    }

    @Test func `a wrong password is wrong configuration, and nobody reads it in the error`() async throws {
        let url = try await TestCluster.database() + " password=secret user=nobody_here"
        let pool = try PostgresPool(connectionString: url, size: 1)
        defer { pool.close() }
        do {
            try await TestCluster.ping(pool)
            Issue.record("connected as a user that does not exist")
        } catch {
            guard let failure = error as? StoreError, case .broken(let reason) = failure else {
                Issue.record("\(error)")
                return
            }
            #expect(!reason.contains("secret"))
        }
    }
}
