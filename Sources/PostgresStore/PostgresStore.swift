package import Orchestration

/// The store on PostgreSQL: each call is one transaction and one round trip.
package struct PostgresStore: Store {
    private let pool: PostgresPool
    private let recent = RecentOutbox()

    /// How many outbox rows are read first; how large those are says how many more may be.
    private static let rowsAtOnceFirst = 16
    private static let rowsAtOnceMax = 1_000

    package init(pool: PostgresPool) { self.pool = pool }

    package func load(_ request: LoadRequest) async throws(StoreError) -> Loaded {
        try await pool.run { connection throws(StoreError) in
            let steps = [
                Step(LoadStatements.now),
                Step(LoadStatements.sessions) { $0.column(request.sessions) { $0 } },
                Step(LoadStatements.tasks) {
                    $0.column(request.sessions) { $0 }
                    $0.column(request.tasks) { $0 }
                },
                Step(LoadStatements.handles) {
                    $0.column(request.sessions) { $0 }
                    $0.column(request.correlations) { $0.tenantID }
                    $0.column(request.correlations) { $0.key }
                },
                Step(LoadStatements.pendingCommands) { $0.column(request.sessions) { $0 } },
                Step(LoadStatements.answers) {
                    $0.column(request.idempotencyKeys) { $0.tenantID }
                    $0.column(request.idempotencyKeys) { $0.key }
                },
                Step(LoadStatements.keys) { $0.column(request.messages) { $0 } },
                Step(DeadLettersTable.waitingSessions) { $0.column(request.sessions) { $0 } },
            ]
            let results = try connection.transaction(steps, keepsPlans: true)
            guard results.count == 8,
                let now = try results[0].rows({ row throws(StoreError) in try row.value(Instant.self) }).first
            else { throw .broken(reason: "the database answered a load incompletely") }
            var scopes = [SessionID: SessionScope](minimumCapacity: request.sessions.count)
            for id in request.sessions { scopes[id] = SessionScope() }
            for session in try results[1].rows(SessionsTable.read) { scopes[session.id]?.session = session }
            for task in try results[2].rows(TasksTable.read) { scopes[task.sessionID]?.tasks.append(task) }
            let handles = try results[3].rows(HandlesTable.read)
            for handle in handles { scopes[handle.sessionID]?.handles.append(handle) }
            let named = Set(handles.map { TenantKey(tenantID: $0.tenantID, key: $0.correlationID) })
                .intersection(request.correlations)
            if !named.isEmpty { for id in request.sessions { scopes[id]?.namedWaits = named } }
            for command in try results[4].rows(InboxTable.read) {
                scopes[command.sessionID]?.pendingCommands.append(command)
            }
            var answers: [TenantKey: InboxCommand] = [:]
            for answer in try results[5].rows(InboxTable.read) {
                answers[TenantKey(tenantID: answer.tenantID, key: answer.idempotencyKey)] = answer
            }
            var keys: [MessageID: TenantKey] = [:]
            let found = try results[6].rows { row throws(StoreError) in
                let id: MessageID = try row.value()
                return (id: id, key: TenantKey(tenantID: try row.value(), key: try row.value()))
            }
            for row in found { keys[row.id] = row.key }
            let waiting = try results[7].rows { row throws(StoreError) in try row.value(SessionID.self) }
            return Loaded(now: now, scopes: scopes, answers: answers, keys: keys, waiting: Set(waiting))
        }
    }

    package func commit(_ batch: CommitBatch) async throws(StoreError) {
        guard !batch.isEmpty else { return }
        let steps = CommitSteps.steps(of: batch)
        let inserted = try await pool.run { connection throws(StoreError) -> [EventID] in
            let results = try connection.transaction(steps, keepsPlans: true)
            guard let place = steps.firstIndex(where: { $0.statement == OutboxTable.insert }) else { return [] }
            return try results[place].rows { row throws(StoreError) in try row.value(EventID.self) }
        }
        recent.keep(
            batch.commits.flatMap(\.outbox),
            inserted: Set(inserted),
            bytes: steps.reduce(0) { $0 + $1.parameters.bytes.count }
        )
    }

    package func takePositions(
        cluster: String,
        partitions: [TopicPartition],
        owner: String
    ) async throws(StoreError) -> [OwnedPosition] {
        let step = Step(PositionsTable.take) {
            $0.add(cluster)
            $0.column(partitions) { $0.topic }
            $0.column(partitions) { $0.partition }
            $0.add(owner)
        }
        return try await rows(step, PositionsTable.read)
    }

    package func stopPosition(
        cluster: String,
        partition: TopicPartition,
        epoch: Int64,
        reason: String
    ) async throws(StoreError) {
        let step = Step(PositionsTable.stop) {
            $0.add(cluster)
            $0.add(partition.topic)
            $0.add(partition.partition)
            $0.add(epoch)
            $0.add(reason)
        }
        try await run(step)
    }

    package func positions(
        cluster: String,
        partitions: [TopicPartition]
    ) async throws(StoreError) -> [OwnedPosition] {
        let step = Step(PositionsTable.select) {
            $0.add(cluster)
            $0.column(partitions) { $0.topic }
            $0.column(partitions) { $0.partition }
        }
        return try await rows(step, PositionsTable.read)
    }

    package func receivedCommands(limit: Int) async throws(StoreError) -> [InboxCommand] {
        try await rows(Step(LoadStatements.received) { $0.add(limit) }, InboxTable.readInserted)
    }

    package func waitingRecords(schemaVersion: Int, limit: Int) async throws(StoreError) -> [DeadLetter] {
        let step = Step(DeadLettersTable.waiting) {
            $0.add(schemaVersion)
            $0.add(limit)
        }
        return try await rows(step, DeadLettersTable.read)
    }

    package func dueInputs(limit: Int) async throws(StoreError) -> [DueInput] {
        try await rows(Step(LoadStatements.due) { $0.add(limit) }) { row throws(StoreError) in
            let kind: String = try row.value()
            let session: SessionID = try row.value()
            let tenant: String = try row.value()
            let id: SessionID = try row.value()
            let attempt: Int = try row.value()
            let cause: DueInput.Kind =
                switch kind {
                case "timer": .timer
                case "handle": .handle(id.cast())
                case "reminder": .reminder(id.cast())
                default: .task(id.cast(), attempt: attempt)
                }
            return DueInput(sessionID: session, tenantID: tenant, kind: cause, dueAt: try row.value())
        }
    }

    package func leaseLanes(owner: String, duration: Interval) async throws(StoreError) -> [LaneLease] {
        let step = Step(RelayStatements.lease) {
            $0.add(owner)
            $0.add(duration.microseconds)
        }
        let lanes = try await rows(step) { row throws(StoreError) in
            LaneLease(lane: try row.value(), epoch: try row.value())
        }
        recent.hold(lanes)
        return lanes
    }

    package func renewLanes(owner: String, duration: Interval) async throws(StoreError) {
        let step = Step(RelayStatements.renew) {
            $0.add(owner)
            $0.add(duration.microseconds)
        }
        try await run(step)
    }

    package func releaseLanes(owner: String) async throws(StoreError) {
        recent.hold([])
        try await run(Step(RelayStatements.release) { $0.add(owner) })
    }

    package func dueOutbox(lanes: [LaneLease], limit: Int) async throws(StoreError) -> [OutboxMessage] {
        // A second relay owns none until the first gives some away.
        guard !lanes.isEmpty else { return [] }
        let recent = recent
        return try await pool.run { connection throws(StoreError) in
            let due = try DueRow.read(connection, lanes, limit: limit)
            var rows = recent.take(due.map(\.id))
            var unread = due.filter { rows[$0.id] == nil }[...]
            var (bytes, atOnce) = (0, Self.rowsAtOnceFirst)
            while !unread.isEmpty, bytes < OutboxMessage.batchBytesMax {
                let some = unread.prefix(atOnce)
                let step = Step(RelayStatements.rows) { $0.column(Array(some)) { $0.id } }
                guard let result = try connection.transaction([step], keepsPlans: true).first else { break }
                for row in try result.rows(OutboxTable.read) { rows[row.id] = row }
                unread = unread.dropFirst(some.count)
                bytes += result.bytes
                let each = max(1, result.bytes / max(1, some.count))
                atOnce = max(1, min(Self.rowsAtOnceMax, (OutboxMessage.batchBytesMax - bytes) / each))
            }
            // What has not been read is due again, and everything behind it: no row may overtake one of its key.
            let end = unread.first.flatMap { first in due.firstIndex { $0.id == first.id } } ?? due.endIndex
            return due[..<end].compactMap { due in
                var row = rows.removeValue(forKey: due.id)
                row?.position = due.position
                return row
            }
        }
    }

    package func markOutbox(_ outcomes: [OutboxOutcome], lanes: [LaneLease]) async throws(StoreError) {
        guard !outcomes.isEmpty else { return }
        let epochs = Dictionary(lanes.map { ($0.lane, $0.epoch) }) { first, _ in first }
        let step = Step(RelayStatements.mark) {
            $0.column(outcomes) { $0.id }
            $0.column(outcomes) { $0.lane }
            $0.column(outcomes) { epochs[$0.lane] }
            $0.column(outcomes) { $0.result.word }
            $0.column(outcomes) { $0.result.error }
            $0.column(outcomes) { $0.result.delay }
        }
        try await run(step, keepsPlans: true)
    }

    package func claimTasks(_ claim: TaskClaim) async throws(StoreError) -> [ClaimedTask] {
        let types = claim.types.sorted { $0.key < $1.key }
        let steps = [
            Step(TaskQueueStatements.serialize),
            Step(TaskQueueStatements.claim) {
                $0.add(claim.owner)
                $0.add(claim.limit)
                $0.add(claim.lease.microseconds)
                $0.column(types) { $0.key }
                $0.column(types) { $0.value }
                $0.add(claim.perTenant)
                $0.add(claim.perUser)
            },
        ]
        return try await pool.run { connection throws(StoreError) in
            guard let result = try connection.transaction(steps).last else { return [] }
            return try result.rows { row throws(StoreError) in
                ClaimedTask(task: try TasksTable.read(&row), workflowHash: try row.value())
            }
        }
    }

    package func renewLeases(_ leases: [TaskLease]) async throws(StoreError) -> [TaskID] {
        guard !leases.isEmpty else { return [] }
        let step = Step(TaskQueueStatements.renew) {
            $0.column(leases) { $0.task }
            $0.column(leases) { $0.attempt }
            $0.column(leases) { $0.duration.microseconds }
        }
        return try await rows(step) { row throws(StoreError) in try row.value() }
    }

    package func saveDefinition(_ definition: WorkflowDefinition) async throws(StoreError) {
        let step = Step(DefinitionsTable.insert) {
            $0.add(definition.hash)
            $0.add(definition.name)
            $0.add(definition.version)
            $0.add(definition.source)
            $0.add(definition.isEnabled)
        }
        try await run(step)
    }

    package func definition(hash: String) async throws(StoreError) -> WorkflowDefinition? {
        try await rows(Step(DefinitionsTable.select) { $0.add(hash) }, DefinitionsTable.read).first
    }

    package func definitionVersions() async throws(StoreError) -> [DefinitionVersion] {
        try await rows(Step(DefinitionsTable.versions), DefinitionsTable.readVersion)
    }

    package func pinnedDefinitions() async throws(StoreError) -> [String] {
        try await rows(Step(DefinitionsTable.pinned)) { row throws(StoreError) in try row.value() }
    }

    private func run(_ step: Step, keepsPlans: Bool = false) async throws(StoreError) {
        try await pool.run { connection throws(StoreError) in
            _ = try connection.transaction([step], keepsPlans: keepsPlans)
        }
    }

    private func rows<Row: Sendable>(
        _ step: Step,
        _ read: @escaping @Sendable (inout RowReader) throws(StoreError) -> Row
    ) async throws(StoreError) -> [Row] { try await pool.rows(step, read) }
}

extension PostgresPool {
    /// The rows of one statement.
    func rows<Row: Sendable>(
        _ step: Step,
        _ read: @escaping @Sendable (inout RowReader) throws(StoreError) -> Row
    ) async throws(StoreError) -> [Row] {
        try await run { connection throws(StoreError) in try connection.rows(step, read) }
    }
}

extension OutboxOutcome.Result {
    var word: String {
        switch self {
        case .sent: "sent"
        case .failed: "failed"
        case .delayed: "delayed"
        case .dead: "dead"
        }
    }
    var error: String? {
        switch self {
        case .sent: nil
        case .failed(let error, _), .delayed(let error, _), .dead(let error): error
        }
    }
    var delay: Int64 {
        switch self {
        case .sent, .dead: 0
        case .failed(_, let delay), .delayed(_, let delay): delay.microseconds
        }
    }
}
