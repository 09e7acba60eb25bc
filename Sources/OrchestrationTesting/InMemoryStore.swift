package import Orchestration

/// A store without a database, for the runtime's tests. It passes the same contract as `PostgresStore`.
///
/// It can be told to fail: before a commit, or after it has taken effect (the lost acknowledgement).
package actor InMemoryStore: Store {
    package private(set) var sessions: [SessionID: GenesisSession] = [:]
    package private(set) var commands: [InboxCommand] = []
    package private(set) var events: [DomainEvent] = []
    package private(set) var tasks: [TaskID: AsyncTask] = [:]
    package private(set) var handles: [HandleID: ResumeHandle] = [:]
    package private(set) var outbox: [OutboxMessage] = []
    package private(set) var deadLetters: [DeadLetter] = []
    package private(set) var positions: [TopicPartition: OwnedPosition] = [:]
    package private(set) var commits = 0
    private var definitions: [String: WorkflowDefinition] = [:]
    private var lanes: [Int: (owner: String, epoch: Int64, until: Instant)] = [:]
    /// Who is alive until when, also those that hold no lane yet.
    private var owners: [String: Instant] = [:]
    package private(set) var renewals = 0

    /// What a worker looks for again and again.
    package enum Look: Sendable { case dueOutbox, dueInputs, receivedCommands }
    package private(set) var looks: [Look: Int] = [:]

    package private(set) var clock: Instant

    /// What the next calls of `commit` meet, in order.
    package enum Fault: Sendable {
        case before(StoreError)
        /// The commit takes effect, its answer is lost.
        case after(StoreError)
    }
    private var faults: [Fault] = []
    /// Refuses commits whose rows hold this text, as a database refuses values.
    private var poison: String?
    private var refusedSession: SessionID?
    package private(set) var refusals = 0

    package init(now: Instant = Instant(microseconds: 1_800_000_000_000_000)) { clock = now }

    /// Whether positions can be taken and stopped just now.
    private var hasPositions = true

    package func keepPositions(away isAway: Bool) { hasPositions = !isAway }
    package func fail(with faults: [Fault]) { self.faults += faults }
    package func refuse(payloadsWith text: String) { poison = text }
    /// Refuses every commit that writes the session's row; after the first refusal the next commit is a conflict.
    package func refuse(startsOf session: SessionID) { refusedSession = session }
    package func advance(_ interval: Interval) { clock = clock + interval }
    /// What another service does with an INSERT.
    package func insert(_ command: InboxCommand) {
        var row = command
        row.arrival = Int64(commands.count + 1)
        commands.append(row)
    }

    package func load(_ request: LoadRequest) async throws(StoreError) -> Loaded {
        var scopes: [SessionID: SessionScope] = [:]
        let named = Set(handles.values.map { TenantKey(tenantID: $0.tenantID, key: $0.correlationID) })
            .intersection(request.correlations)
        for id in request.sessions {
            var scope = SessionScope()
            scope.namedWaits = named
            scope.session = sessions[id]
            scope.tasks = tasks.values
                .filter { $0.sessionID == id && ($0.status.isOpen || request.tasks.contains($0.id)) }
                .sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
            scope.handles = handles.values
                .filter { handle in
                    handle.sessionID == id
                        && (handle.status.isOpen
                            || request.correlations.contains(
                                TenantKey(tenantID: handle.tenantID, key: handle.correlationID)
                            ))
                }
                .sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
            scope.pendingCommands = commands.filter {
                $0.sessionID == id && ($0.status == .received || $0.status == .processing)
            }
            scopes[id] = scope
        }
        var answers: [TenantKey: InboxCommand] = [:]
        for key in request.idempotencyKeys {
            answers[key] = commands.first { $0.tenantID == key.tenantID && $0.idempotencyKey == key.key }
        }
        var keys: [MessageID: TenantKey] = [:]
        for row in commands where request.messages.contains(row.id) {
            keys[row.id] = TenantKey(tenantID: row.tenantID, key: row.idempotencyKey)
        }
        let waiting = waitingSessions.intersection(request.sessions)
        return Loaded(now: clock, scopes: scopes, answers: answers, keys: keys, waiting: waiting)
    }

    /// Holds every commit until they are let go on.
    package func hold() { isHeld = true }
    package func letGo() {
        isHeld = false
        for continuation in held { continuation.resume() }
        held = []
    }
    /// Whether somebody waits for that.
    package var isBusy: Bool { !held.isEmpty }
    private var isHeld = false
    private var held: [CheckedContinuation<Void, Never>] = []

    package func commit(_ batch: CommitBatch) async throws(StoreError) {
        if isHeld { await withCheckedContinuation { held.append($0) } }
        if let fault = faults.first {
            faults.removeFirst()
            switch fault {
            case .before(let error): throw error
            case .after(let error):
                try write(batch)
                throw error
            }
        }
        try write(batch)
    }

    private func write(_ batch: CommitBatch) throws(StoreError) {
        for advance in batch.positions {
            guard let position = positions[advance.topicPartition], position.ownerEpoch == advance.ownerEpoch,
                position.nextOffset == advance.expectedOffset
            else { throw .fenced(reason: "\(advance.topicPartition) is not where it was expected") }
        }
        if let refusedSession, batch.commits.contains(where: { $0.session?.id == refusedSession }) {
            refusals += 1
            if refusals == 1 { faults.append(.before(.conflict(reason: "somebody was first"))) }
            throw .refused(reason: "poison")
        }
        var versions = sessions.mapValues(\.version)
        for commit in batch.commits {
            let version = versions[commit.sessionID] ?? 0
            guard version == commit.expectedVersion else {
                throw .conflict(reason: "session \(commit.sessionID) is at version \(version)")
            }
            versions[commit.sessionID] = commit.session?.version ?? version
            for row in commit.commands {
                if let poison, row.payload.text.contains(poison) { throw .refused(reason: "poison") }
                if commands.contains(where: {
                    $0.id != row.id && $0.tenantID == row.tenantID && $0.idempotencyKey == row.idempotencyKey
                }) {
                    throw .duplicate(reason: "idempotency key \(row.idempotencyKey)")
                }
            }
        }
        let isPending = { (row: InboxCommand) in row.status == .received || row.status == .processing }
        var after = Dictionary(commands.map { ($0.id, $0) }, uniquingKeysWith: { _, last in last })
        for row in batch.commits.flatMap(\.commands) { after[row.id] = row }
        let places = after.values.filter(isPending).map { "\($0.sessionID) \($0.commandType)" }
        if Set(places).count < places.count { throw .duplicate(reason: "two pending commands of one type") }
        for commit in batch.commits { apply(commit) }
        append(batch.outbox)
        for settled in batch.settledLetters {
            guard let index = deadLetters.firstIndex(where: { $0.id == settled.id && $0.isWaiting }) else { continue }
            if let reason = settled.reason {
                deadLetters[index].reason = reason
                deadLetters[index].detail = settled.detail ?? deadLetters[index].detail
            } else {
                deadLetters[index].requeuedAt = clock
            }
        }
        for var letter in batch.deadLetters {
            letter.arrival = Int64(deadLetters.count + 1)
            deadLetters.append(letter)
        }
        for advance in batch.positions {
            positions[advance.topicPartition]?.nextOffset = advance.nextOffset
            positions[advance.topicPartition]?.fingerprint = advance.fingerprint
        }
        commits += 1
    }

    private func apply(_ commit: Commit) {
        if let session = commit.session { sessions[session.id] = session }
        events += commit.events
        for row in commit.commands {
            if let index = commands.firstIndex(where: { $0.id == row.id }) {
                commands[index] = row
            } else {
                insert(row)
            }
        }
        for task in commit.tasks {
            let old = tasks[task.id]
            if old.map({ $0.status.isOpen && task.attempt >= $0.attempt }) ?? true { tasks[task.id] = task }
        }
        for handle in commit.handles where handles[handle.id]?.status.isOpen ?? true { handles[handle.id] = handle }
        append(commit.outbox)
    }

    private func append(_ messages: [OutboxMessage]) {
        for var row in messages.flatMap(\.perDestination) where !outbox.contains(where: { $0.id == row.id }) {
            row.position = Int64(outbox.count + 1)
            outbox.append(row)
        }
    }

    package func takePositions(
        cluster: String,
        partitions: [TopicPartition],
        owner: String
    ) async throws(StoreError) -> [OwnedPosition] {
        if !hasPositions { throw .unavailable(reason: "away") }
        var taken: [OwnedPosition] = []
        for partition in partitions {
            let old = positions[partition]
            let position = OwnedPosition(
                clusterID: cluster,
                topic: partition.topic,
                partition: partition.partition,
                nextOffset: old?.nextOffset,
                ownerEpoch: (old?.ownerEpoch ?? 0) + 1,
                ownerID: owner,
                fingerprint: old?.fingerprint,
                resetNote: old?.resetNote,
                updatedAt: clock
            )
            positions[partition] = position
            taken.append(position)
        }
        return taken
    }

    package func stopPosition(
        cluster: String,
        partition: TopicPartition,
        epoch: Int64,
        reason: String
    ) async throws(StoreError) {
        if !hasPositions { throw .unavailable(reason: "away") }
        if positions[partition]?.ownerEpoch == epoch { positions[partition]?.stopReason = reason }
    }

    /// What an operator does by hand.
    package func resetPosition(_ partition: TopicPartition, to offset: Int64?) {
        positions[partition]?.nextOffset = offset
        positions[partition]?.fingerprint = nil
        positions[partition]?.stopReason = nil
        positions[partition]?.ownerEpoch += 1
        positions[partition]?.ownerID = OwnedPosition.operatorMark + "test"
    }

    package func positions(
        cluster: String,
        partitions: [TopicPartition]
    ) async throws(StoreError) -> [OwnedPosition] {
        partitions.compactMap { positions[$0] }
    }

    package func receivedCommands(limit: Int) async throws(StoreError) -> [InboxCommand] {
        looks[.receivedCommands, default: 0] += 1
        let waiting = waitingSessions
        return Array(
            commands.filter { $0.isUndecided && !waiting.contains($0.sessionID) }.prefix(limit)
        )
    }

    private var waitingSessions: Set<SessionID> { Set(deadLetters.filter(\.isWaiting).compactMap(\.sessionID)) }

    package func waitingRecords(schemaVersion: Int, limit: Int) async throws(StoreError) -> [DeadLetter] {
        var blocked = Set<SessionID>()
        var found: [DeadLetter] = []
        for letter in deadLetters where letter.isWaiting {
            guard let session = letter.sessionID, !blocked.contains(session) else { continue }
            if letter.needsSchema > schemaVersion { blocked.insert(session) } else { found.append(letter) }
        }
        return Array(found.prefix(limit))
    }

    package func dueInputs(limit: Int) async throws(StoreError) -> [DueInput] {
        looks[.dueInputs, default: 0] += 1
        var due: [DueInput] = []
        for session in sessions.values where session.status == .inProgress {
            func add(_ kind: DueInput.Kind, _ at: Instant?) {
                guard let at, at <= clock else { return }
                due.append(DueInput(sessionID: session.id, tenantID: session.tenantID, kind: kind, dueAt: at))
            }
            add(.timer, session.nextTimerAt)
            for handle in handles.values
            where handle.sessionID == session.id && (handle.status == .waiting || handle.status == .pendingPause) {
                add(.handle(handle.id), handle.expiresAt)
                if handle.status == .waiting { add(.reminder(handle.id), handle.nextReminderAt) }
            }
            for task in tasks.values where task.sessionID == session.id && task.status.isOpen {
                add(.task(task.id, attempt: task.attempt), task.deadlineAt)
            }
        }
        return Array(due.sorted { $0.dueAt < $1.dueAt }.prefix(limit))
    }

    package func leaseLanes(owner: String, duration: Interval) async throws(StoreError) -> [LaneLease] {
        owners = owners.filter { $0.value > clock }
        owners[owner] = clock + duration
        let share = (OutboxMessage.laneCount + owners.count - 1) / owners.count
        var mine = lanes.filter { $0.value.owner == owner && $0.value.until > clock }.keys.sorted()
        for lane in mine.dropFirst(share) { lanes[lane]?.until = clock }
        mine = Array(mine.prefix(share))
        for lane in 0..<OutboxMessage.laneCount where mine.count < share && (lanes[lane]?.until ?? clock) <= clock {
            lanes[lane] = (owner, (lanes[lane]?.epoch ?? 0) + 1, clock)
            mine.append(lane)
        }
        for lane in mine { lanes[lane]?.until = clock + duration }
        return mine.sorted().compactMap { lane in lanes[lane].map { LaneLease(lane: lane, epoch: $0.epoch) } }
    }

    package func renewLanes(owner: String, duration: Interval) async throws(StoreError) {
        renewals += 1
        for (lane, lease) in lanes where lease.owner == owner && lease.until > clock {
            lanes[lane]?.until = clock + duration
        }
    }

    package func releaseLanes(owner: String) async throws(StoreError) {
        owners[owner] = nil
        for (lane, lease) in lanes where lease.owner == owner { lanes[lane]?.until = clock }
    }

    package func dueOutbox(lanes: [LaneLease], limit: Int) async throws(StoreError) -> [OutboxMessage] {
        looks[.dueOutbox, default: 0] += 1
        let mine = Set(lanes.map(\.lane))
        var blocked = Set<[String]>()
        var due: [OutboxMessage] = []
        for row in outbox where row.status != .sent && mine.contains(row.lane) {
            let key = [row.topic, row.partitionKey]
            if blocked.contains(key) { continue }
            if row.status == .dead || (row.status == .failed && (row.nextRetryAt ?? clock) > clock) {
                blocked.insert(key)
                continue
            }
            if let scheduledAt = row.scheduledAt, scheduledAt > clock { continue }
            due.append(row)
        }
        return Array(due.prefix(limit))
    }

    package func markOutbox(_ outcomes: [OutboxOutcome], lanes: [LaneLease]) async throws(StoreError) {
        let held = lanes.filter { self.lanes[$0.lane]?.epoch == $0.epoch }.map(\.lane)
        for outcome in outcomes where held.contains(outcome.lane) {
            guard let index = outbox.firstIndex(where: { $0.id == outcome.id }) else { continue }
            switch outcome.result {
            case .sent:
                outbox[index].status = .sent
                outbox[index].publishedAt = clock
            case .failed(let error, let delay):
                outbox[index].retryCount += 1
                outbox[index].errorMessage = error
                outbox[index].nextRetryAt = clock + delay
                outbox[index].status = outbox[index].retryCount > outbox[index].maxRetries ? .dead : .failed
            case .delayed(let error, let delay):
                outbox[index].errorMessage = error
                outbox[index].nextRetryAt = clock + delay
                outbox[index].status = .failed
            case .dead(let error):
                outbox[index].status = .dead
                outbox[index].errorMessage = error
            }
        }
    }

    package func claimTasks(_ claim: TaskClaim) async throws(StoreError) -> [ClaimedTask] {
        var busy = tasks.values.filter { $0.status.isOpen && $0.requestedAt != nil && $0.notBefore != nil }
        var waiting = tasks.values
            .filter { $0.status == .pending && $0.requestedAt == nil && ($0.notBefore.map { $0 <= clock } ?? false) }
            .sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
        var claimed: [ClaimedTask] = []
        let isFree = { (busy: [AsyncTask], task: AsyncTask) in
            busy.count { $0.taskType == task.taskType } < claim.types[task.taskType] ?? .max
                && busy.count { $0.tenantID == task.tenantID } < claim.perTenant ?? .max
                && (task.userID == nil
                    || busy.count { $0.tenantID == task.tenantID && $0.userID == task.userID } < claim.perUser ?? .max)
        }
        while claimed.count < claim.limit {
            let free = waiting.indices.filter { isFree(busy, waiting[$0]) }
            let turns = free.map { index in (busy.count { $0.tenantID == waiting[index].tenantID }, index) }
            guard let index = turns.min(by: { $0 < $1 })?.1 else { break }
            var task = waiting.remove(at: index)
            task.requestedAt = clock
            task.executionNode = claim.owner
            task.deadlineAt = min(clock + claim.lease, task.totalDeadlineAt)
            tasks[task.id] = task
            busy.append(task)
            claimed.append(ClaimedTask(task: task, workflowHash: sessions[task.sessionID]?.workflowHash ?? ""))
        }
        return claimed
    }

    package func renewLeases(_ leases: [TaskLease]) async throws(StoreError) -> [TaskID] {
        leases.compactMap { lease in
            guard var task = tasks[lease.task], task.status == .running, task.attempt == lease.attempt else {
                return nil
            }
            task.deadlineAt = min(
                clock + lease.duration,
                task.attemptDeadlineAt ?? task.totalDeadlineAt,
                task.totalDeadlineAt
            )
            tasks[task.id] = task
            return task.id
        }
    }

    package func saveDefinition(_ definition: WorkflowDefinition) async throws(StoreError) {
        guard definitions[definition.hash] == nil else { return }
        var saved = definition
        // Each a little later than the one before, as with a real clock.
        saved.createdAt = clock + .milliseconds(Int64(definitions.count))
        definitions[definition.hash] = saved
    }

    package func definition(hash: String) async throws(StoreError) -> WorkflowDefinition? { definitions[hash] }

    package func definitionVersions() async throws(StoreError) -> [DefinitionVersion] {
        definitions.values.map {
            DefinitionVersion(
                hash: $0.hash,
                name: $0.name,
                version: $0.version,
                isEnabled: $0.isEnabled,
                createdAt: $0.createdAt
            )
        }.sorted { ($0.createdAt, $0.hash) < ($1.createdAt, $1.hash) }
    }

    package func pinnedDefinitions() async throws(StoreError) -> [String] {
        Set(sessions.values.filter { !$0.status.hasEnded }.map(\.workflowHash)).sorted()
    }

    package func setDefinition(_ hash: String, isEnabled: Bool) { definitions[hash]?.isEnabled = isEnabled }
}

extension OutboxMessage {
    /// What the database's trigger makes of a row with destinations.
    fileprivate var perDestination: [OutboxMessage] {
        if destinationTopics.isEmpty { return [self] }
        var seen: Set<String> = []
        return destinationTopics.filter { seen.insert($0).inserted }.enumerated().map { index, destination in
            var row = self
            if index > 0 { row.id = EventID(derivedFrom: id.description, destination) }
            row.topic = destination
            row.destinationTopics = index > 0 ? [] : destinationTopics
            return row
        }
    }
}
