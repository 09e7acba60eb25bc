#if DEBUG || CHAOS
    internal import Failpoints
    internal import Orchestration

    /// A store that makes the planted mistake, around one that does not.
    struct PlantedStore: Store {
        let store: any Store
        let bug: PlantedBug
        let node: String

        /// How far the clock of a worker is ahead that goes by its own.
        private static let clockError = Interval.seconds(3)
        /// How many relays share the rows among them, whatever their keys; their nodes end in their numbers.
        private static let relays: Int64 = 3
        /// Of so many commits' answers one is lost.
        private static let lostOneOf = 7

        func load(_ request: LoadRequest) async throws(StoreError) -> Loaded {
            var loaded = try await store.load(request)
            if bug == .workerClock { loaded.now = loaded.now + Self.clockError }
            if bug == .noInboxUniqueness { loaded.answers = [:] }
            if bug == .unboundReplies {
                for (id, var scope) in loaded.scopes {
                    scope.handles = scope.handles.filter(\.status.isOpen).map { handle in
                        var unbound = handle
                        unbound.draft = nil
                        return unbound
                    }
                    loaded.scopes[id] = scope
                }
            }
            return loaded
        }

        func commit(_ batch: CommitBatch) async throws(StoreError) {
            var batch = batch
            if bug == .offsetFirst, !batch.commits.isEmpty, !batch.positions.isEmpty {
                var first = CommitBatch()
                first.positions = batch.positions
                try await store.commit(first)
                batch.positions = []
            }
            if bug == .unknownTypeSkipped {
                let skipped = Set(
                    batch.deadLetters.filter { $0.reason == .unknownType }.map { $0.id.cast(to: EventKind.self) }
                )
                batch.deadLetters.removeAll { $0.reason == .unknownType }
                batch.outbox.removeAll { skipped.contains($0.id) }
            }
            try await store.commit(batch)
            if [.lostAnswers, .lostAnswerIsFailure].contains(bug), Int.random(in: 0..<Self.lostOneOf) == 0 {
                throw .unavailable(reason: "planted: the answer was lost")
            }
        }

        func positions(cluster: String, partitions: [TopicPartition]) async throws(StoreError) -> [OwnedPosition] {
            bug == .lostAnswerIsFailure ? [] : try await store.positions(cluster: cluster, partitions: partitions)
        }

        func dueOutbox(lanes: [LaneLease], limit: Int) async throws(StoreError) -> [OutboxMessage] {
            var rows = try await store.dueOutbox(lanes: lanes, limit: limit)
            switch bug {
            case .markBeforePublish:
                try await store.markOutbox(
                    rows.map { OutboxOutcome(id: $0.id, lane: $0.lane, result: .sent) },
                    lanes: lanes
                )
            case .skipLockedRelay:
                let own = Int64(node.last?.wholeNumberValue ?? 0) % Self.relays
                rows = rows.filter { ($0.position ?? 0) % Self.relays == own }
            case .relayByTime: rows.sort { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
            case .failedKeyPasses: rows = rows.map(Self.onItsOwn)
            case .offsetFirst, .noEpochCheck, .noSessionLock, .checkThenInsert, .workerClock, .noInboxUniqueness,
                .unboundReplies, .retryInProcess, .unknownTypeSkipped, .failingRecords, .lostAnswers,
                .lostAnswerIsFailure:
                break
            }
            return rows
        }

        /// The same record under a key of its own, as far as the relay sees: nothing of its batch waits for it.
        private static func onItsOwn(_ row: OutboxMessage) -> OutboxMessage {
            guard row.rawValue == nil else { return row }
            var own = row
            own.rawKey = Array(row.partitionKey.utf8)
            own.rawValue = row.payload.utf8Bytes
            own.headers = .object(
                JSONObject(
                    row.record().headers.map { ($0.name, .string(String(decoding: $0.value ?? [], as: UTF8.self))) }
                )
            )
            own.partitionKey = row.id.description
            return own
        }

        // MARK: As they are

        func takePositions(
            cluster: String,
            partitions: [TopicPartition],
            owner: String
        ) async throws(StoreError) -> [OwnedPosition] {
            try await store.takePositions(cluster: cluster, partitions: partitions, owner: owner)
        }
        func receivedCommands(limit: Int) async throws(StoreError) -> [InboxCommand] {
            try await store.receivedCommands(limit: limit)
        }
        func dueInputs(limit: Int) async throws(StoreError) -> [DueInput] { try await store.dueInputs(limit: limit) }
        func leaseLanes(owner: String, duration: Interval) async throws(StoreError) -> [LaneLease] {
            try await store.leaseLanes(owner: owner, duration: duration)
        }
        func renewLanes(owner: String, duration: Interval) async throws(StoreError) {
            try await store.renewLanes(owner: owner, duration: duration)
        }
        func releaseLanes(owner: String) async throws(StoreError) { try await store.releaseLanes(owner: owner) }
        func markOutbox(_ outcomes: [OutboxOutcome], lanes: [LaneLease]) async throws(StoreError) {
            try await store.markOutbox(outcomes, lanes: lanes)
        }
        func stopPosition(
            cluster: String,
            partition: TopicPartition,
            epoch: Int64,
            reason: String
        ) async throws(StoreError) {
            try await store.stopPosition(cluster: cluster, partition: partition, epoch: epoch, reason: reason)
        }
        func waitingRecords(schemaVersion: Int, limit: Int) async throws(StoreError) -> [DeadLetter] {
            try await store.waitingRecords(schemaVersion: schemaVersion, limit: limit)
        }
        func claimTasks(_ claim: TaskClaim) async throws(StoreError) -> [ClaimedTask] {
            try await store.claimTasks(claim)
        }
        func renewLeases(_ leases: [TaskLease]) async throws(StoreError) -> [TaskID] {
            try await store.renewLeases(leases)
        }
        func definitionVersions() async throws(StoreError) -> [DefinitionVersion] {
            try await store.definitionVersions()
        }
        func pinnedDefinitions() async throws(StoreError) -> [String] { try await store.pinnedDefinitions() }
        func saveDefinition(_ definition: WorkflowDefinition) async throws(StoreError) {
            try await store.saveDefinition(definition)
        }
        func definition(hash: String) async throws(StoreError) -> WorkflowDefinition? {
            try await store.definition(hash: hash)
        }
    }
#endif
