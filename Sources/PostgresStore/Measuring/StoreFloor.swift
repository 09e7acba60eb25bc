package import Orchestration

/// The rows of a finished run, written once more without deciding anything: what no worker can be faster than.
///
/// The statements are made before the clock starts, so only sending them and the server's work is measured.
package struct StoreFloor: Sendable {
    private struct Batch: Sendable {
        var steps: [Step]
        var outbox: [OutboxMessage]
    }

    private let batches: [Batch]
    /// Rows of all tables.
    package let rowCount: Int

    /// Reads all rows of the database and makes transactions of `sessionsPerBatch` sessions' rows each.
    package init(of pool: PostgresPool, sessionsPerBatch: Int) async throws(StoreError) {
        let sessions = try await pool.rows(Step(FloorStatements.sessions), SessionsTable.read)
        var events = Dictionary(
            grouping: try await pool.rows(Step(FloorStatements.events), EventsTable.read),
            by: \.aggregateID
        )
        var commands = Dictionary(
            grouping: try await pool.rows(Step(FloorStatements.commands), InboxTable.read),
            by: \.sessionID
        )
        var tasks = Dictionary(
            grouping: try await pool.rows(Step(FloorStatements.tasks), TasksTable.read),
            by: \.sessionID
        )
        var handles = Dictionary(
            grouping: try await pool.rows(Step(FloorStatements.handles), HandlesTable.read),
            by: \.sessionID
        )
        var outbox = Dictionary(
            grouping: try await pool.rows(Step(FloorStatements.outbox), OutboxTable.read),
            by: \.partitionKey
        )
        var made: [Batch] = []
        var count = 0
        var rest = sessions[...]
        while !rest.isEmpty {
            let slice = Array(rest.prefix(max(1, sessionsPerBatch)))
            rest = rest.dropFirst(slice.count)
            let ids = slice.map(\.id)
            let rows = (
                commands: ids.flatMap { commands.removeValue(forKey: $0) ?? [] },
                events: ids.flatMap { events.removeValue(forKey: $0) ?? [] },
                tasks: ids.flatMap { tasks.removeValue(forKey: $0) ?? [] },
                handles: ids.flatMap { handles.removeValue(forKey: $0) ?? [] },
                outbox: ids.flatMap { outbox.removeValue(forKey: $0.description) ?? [] }.map { row in
                    // As it was when it was written; what has become of it is marked afterwards.
                    var row = row
                    (row.status, row.publishedAt) = (.pending, nil)
                    return row
                }
            )
            var steps = [SessionsTable.upsert(slice)]
            if !rows.commands.isEmpty { steps.append(InboxTable.upsert(rows.commands)) }
            if !rows.events.isEmpty { steps.append(EventsTable.insert(rows.events)) }
            if !rows.tasks.isEmpty { steps.append(TasksTable.upsert(rows.tasks)) }
            if !rows.handles.isEmpty { steps.append(HandlesTable.upsert(rows.handles)) }
            if !rows.outbox.isEmpty { steps.append(OutboxTable.insert(rows.outbox)) }
            made.append(Batch(steps: steps, outbox: rows.outbox))
            count += slice.count + rows.commands.count + rows.events.count
            count += rows.tasks.count + rows.handles.count + rows.outbox.count
        }
        batches = made
        rowCount = count
    }

    /// What is to be published, in the batches that are written.
    package var outbox: [[OutboxMessage]] { batches.map(\.outbox) }

    /// Writes everything into another, empty database over as many connections; how long that took.
    ///
    /// - Parameter publish: called with the number of each batch that was written; its outbox rows are marked afterwards.
    package func write(
        to pool: PostgresPool,
        connections: Int,
        publish: (@Sendable (Int) async throws -> Void)? = nil
    ) async throws -> Duration {
        let began = ContinuousClock.now
        let (batches, stride) = (batches, max(1, connections))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for first in 0..<stride {
                group.addTask {
                    for index in Swift.stride(from: first, to: batches.count, by: stride) {
                        let batch = batches[index]
                        try await pool.run { connection throws(StoreError) in
                            _ = try connection.transaction(batch.steps)
                        }
                        guard let publish else { continue }
                        try await publish(index)
                        _ = try await PostgresMeter(pool: pool).mark(batch.outbox.map(\.id), batch: .max)
                    }
                }
            }
            try await group.waitForAll()
        }
        return ContinuousClock.now - began
    }
}

private enum FloorStatements {
    static let sessions = Statement(
        "floor_sessions",
        "SELECT \(SessionsTable.columns) FROM genesis_sessions ORDER BY created_at, id"
    )
    static let events = Statement(
        "floor_events",
        "SELECT \(EventsTable.columns) FROM domain_events ORDER BY global_position"
    )
    static let commands = Statement(
        "floor_commands",
        "SELECT \(InboxTable.columns) FROM command_inbox ORDER BY arrival"
    )
    static let tasks = Statement(
        "floor_tasks",
        "SELECT \(TasksTable.columns) FROM async_tasks ORDER BY created_at, id"
    )
    static let handles = Statement(
        "floor_handles",
        "SELECT \(HandlesTable.columns) FROM flow_resume_handles ORDER BY created_at, id"
    )
    static let outbox = Statement(
        "floor_outbox",
        "SELECT \(OutboxTable.columns) FROM event_outbox AS o \(OutboxTable.joinEvent) ORDER BY o.position"
    )
}
