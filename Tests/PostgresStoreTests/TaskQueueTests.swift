import Orchestration
import Testing

@testable import PostgresStore

/// Turns and leases on the real database, and what it refuses whoever asks.
@Suite struct TaskQueueTests {
    private func enqueue(_ count: Int, tenant: String, user: String, in database: TestDatabase) async throws {
        try await database.script(
            """
            WITH s AS (
                INSERT INTO genesis_sessions (tenant_id, user_id, workflow_name, workflow_version, workflow_hash, version)
                VALUES ('\(tenant)', '\(user)', 'w', '1', 'h', 0) RETURNING id
            )
            INSERT INTO async_tasks (tenant_id, session_id, user_id, task_type, not_before, created_at)
            SELECT '\(tenant)', s.id, '\(user)', 'T', now(), now() + n * interval '1 millisecond'
            FROM s, generate_series(1, \(count)) AS n
            """
        )
    }

    @Test func `a tenant with one task does not wait behind one with a thousand, however often is asked`() async throws
    {
        let database = try await TestDatabase()
        try await enqueue(1_000, tenant: "large", user: "ann", in: database)
        try await enqueue(1, tenant: "small", user: "bob", in: database)
        let claim = TaskClaim(owner: "n", limit: 2, lease: .seconds(60))
        let first = try await database.store.claimTasks(claim).map(\.task.tenantID)
        #expect(first.sorted() == ["large", "small"])
        // One that comes later is next, although a thousand are older.
        try await enqueue(3, tenant: "later", user: "cat", in: database)
        let second = try await database.store.claimTasks(claim).map(\.task.tenantID)
        #expect(second == ["later", "later"] || second == ["later", "large"])
        #expect(try await database.store.claimTasks(claim).count == 2)
    }

    @Test func `many workers asking at once never share an attempt, and keep every limit`() async throws {
        let database = try await TestDatabase()
        for user in ["u1", "u2", "u3"] {
            for tenant in ["a", "b"] { try await enqueue(30, tenant: tenant, user: user, in: database) }
        }
        let claimed = try await withThrowingTaskGroup(of: [ClaimedTask].self) { group in
            for worker in 0..<12 {
                group.addTask {
                    var claim = TaskClaim(owner: "w\(worker)", limit: 3, lease: .seconds(60))
                    claim.types = ["T": 17]
                    claim.perTenant = 9
                    claim.perUser = 4
                    return try await database.store.claimTasks(claim)
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(claimed.map(\.task.id)).count == claimed.count)
        #expect(claimed.count == 17)
        for tenant in ["a", "b"] {
            #expect(claimed.count { $0.task.tenantID == tenant } <= 9)
            for user in ["u1", "u2", "u3"] {
                #expect(claimed.count { $0.task.tenantID == tenant && $0.task.userID == user } <= 4)
            }
        }
    }

    @Test func `a task that is to wait, has ended, or needs no turn, gets none`() async throws {
        let database = try await TestDatabase()
        try await enqueue(4, tenant: "a", user: "ann", in: database)
        try await database.script(
            """
            WITH t AS (SELECT id, row_number() OVER (ORDER BY created_at) AS n FROM async_tasks)
            UPDATE async_tasks SET
                not_before = CASE t.n WHEN 1 THEN now() + interval '1 hour' WHEN 2 THEN NULL ELSE now() END,
                status = CASE t.n WHEN 3 THEN 'CANCELLED' ELSE 'PENDING' END::task_status
            FROM t WHERE t.id = async_tasks.id
            """
        )
        let claimed = try await database.store.claimTasks(TaskClaim(owner: "n", limit: 9, lease: .seconds(60)))
        #expect(claimed.count == 1)
    }

    @Test(arguments: [
        "status = 'PENDING'", "status = 'RUNNING'", "status = 'CANCELLED'", "result_data = '{}'", "attempt = 3",
    ])
    func `the database itself refuses to change a task that has ended`(change: String) async throws {
        let database = try await TestDatabase()
        try await enqueue(1, tenant: "a", user: "ann", in: database)
        try await database.script("UPDATE async_tasks SET status = 'COMPLETED', attempt = 2, completed_at = now()")
        let refused = await failure { try await database.script("UPDATE async_tasks SET \(change)") }
        #expect(refused?.contains("a task that has ended does not change") == true, "\(refused ?? "taken")")
    }

    @Test(arguments: ["attempt = 1", "progress = 49.99", "status = 'PENDING'"])
    func `the database itself refuses to take an attempt back`(change: String) async throws {
        let database = try await TestDatabase()
        try await enqueue(1, tenant: "a", user: "ann", in: database)
        try await database.script("UPDATE async_tasks SET status = 'RUNNING', attempt = 2, progress = 50")
        let refused = await failure { try await database.script("UPDATE async_tasks SET \(change)") }
        #expect(refused?.contains("does not go back") == true, "\(refused ?? "taken")")
        try await database.script("UPDATE async_tasks SET status = 'PENDING', attempt = 3, progress = 0")
    }
}
