internal import Failpoints
internal import Orchestration

/// Kafka in: takes each partition's position from the database, and moves it in the transaction of every batch.
actor RecordLoop {
    /// A partition this worker owns, as long as nobody else takes its position.
    private struct Owned {
        var generation: Int
        var epoch: Int64
        var nextOffset: Int64?
    }

    /// How often a new assignment looks whether the one before it has stopped taking positions.
    private static let takingPollInterval = Interval.milliseconds(10)

    private let settings: WorkerSettings
    private let source: any RecordSource
    private let store: any Store
    private let reader: MessageReader
    private let committer: Committer
    private let log: any LogSink
    private var owned: [TopicPartition: Owned] = [:]
    private var cluster = ""
    /// The newest assignment that has ended; they are numbered upwards.
    private var lastEnded = -1
    private var isTaking = false

    init(
        settings: WorkerSettings,
        source: any RecordSource,
        store: any Store,
        reader: MessageReader,
        committer: Committer,
        log: any LogSink
    ) {
        self.settings = settings
        self.source = source
        self.store = store
        self.reader = reader
        self.committer = committer
        self.log = log
    }

    /// Runs until the source has been closed and every batch under way is done.
    func run() async throws {
        cluster = try await awaitCluster()
        defer { for check in checks { check.disarm() } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            while let event = await source.next() {
                switch event {
                case .assigned(let generation, let partitions):
                    Failpoint.reach(.partitionsAssigned)
                    lastEnded = max(lastEnded, generation - 1)
                    group.addTask { try await self.take(partitions, generation: generation) }
                case .revoked(let generation):
                    Failpoint.reach(.partitionsRevoked)
                    lastEnded = max(lastEnded, generation)
                    owned = owned.filter { $0.value.generation != generation }
                    log.info("partitions given up", LogField("generation", generation))
                case .batch(let batch):
                    Failpoint.reach(.recordsPolled)
                    group.addTask { try await self.process(batch) }
                case .partitionStopped(let partition, let reason):
                    log.error("partition stopped", LogField("partition", partition), LogField("reason", reason))
                case .notice(let text): log.warning(text)
                case .fatal(let reason): throw WorkerFailure("the Kafka client cannot go on: \(reason)")
                }
                // A child that failed must end the loop now, not when the source closes.
                if let failed = failure { throw failed }
            }
            try await group.waitForAll()
            if let failed = failure { throw failed }
        }
    }

    private var failure: WorkerFailure?
    /// Of partitions lost to another worker.
    private var checks: [Fuse] = []

    private func awaitCluster() async throws -> String {
        var backoff = Backoff(initial: settings.backoffInitial, longest: settings.backoffMax)
        while true {
            do throws(TransportError) {
                return try await source.clusterID()
            } catch {
                if Task.isCancelled { throw CancellationError() }
                switch error {
                case .unavailable(let reason):
                    log.warning("waiting for the brokers", LogField("reason", reason))
                    await backoff.pause()
                case .invalidConfiguration(let reason): throw WorkerFailure(reason)
                }
            }
        }
    }

    /// Takes over positions and starts the partitions from them, one assignment at a time.
    ///
    /// An assignment that has ended meanwhile takes nothing: it would fence the partition's new owner, and neither
    /// would go on with it.
    private func take(_ partitions: [TopicPartition], generation: Int) async throws {
        var backoff = Backoff(initial: settings.backoffInitial, longest: settings.backoffMax)
        while isTaking, !Task.isCancelled { await Backoff.sleep(Self.takingPollInterval) }
        isTaking = true
        defer { isTaking = false }
        while !Task.isCancelled, generation > lastEnded {
            do throws(StoreError) {
                let positions = try await store.takePositions(
                    cluster: cluster,
                    partitions: partitions.sorted(),
                    owner: settings.node
                )
                guard generation > lastEnded else { return }
                var offsets: [TopicPartition: StartOffset] = [:]
                for position in positions {
                    owned[position.topicPartition] = Owned(
                        generation: generation,
                        epoch: position.ownerEpoch,
                        nextOffset: position.nextOffset
                    )
                    offsets[position.topicPartition] = position.nextOffset.map { .offset($0) } ?? .beginning
                }
                await source.start(generation: generation, at: offsets)
                log.info(
                    "partitions taken",
                    LogField("generation", generation),
                    LogField(
                        "partitions",
                        positions.map { "\($0.topicPartition)@\($0.nextOffset ?? 0)" }.joined(separator: " ")
                    )
                )
                return
            } catch {
                switch error {
                case .broken(let reason), .refused(let reason): return fail(WorkerFailure(reason))
                case .conflict(let reason), .fenced(let reason), .unavailable(let reason), .exhausted(let reason):
                    log.warning("cannot take partitions yet", LogField("reason", reason))
                    await backoff.pause()
                }
            }
        }
    }

    private func process(_ batch: RecordBatch) async throws {
        do {
            try await work(through: batch.records[...], of: batch)
            await source.done(batch)
            Failpoint.reach(.pollDue)
        } catch let failure as WorkerFailure {
            fail(failure)
            throw failure
        }
    }

    /// Remembers a failure and ends the stream of events, so that `run` sees it.
    private func fail(_ failure: WorkerFailure) {
        if self.failure == nil { self.failure = failure }
        Task { [source] in await source.close() }
    }

    /// Commits records in one transaction; if the database refuses one of them, halves until it stands alone.
    private func work(through records: ArraySlice<IncomingRecord>, of batch: RecordBatch) async throws {
        guard let last = records.last else { return }
        let partition = batch.topicPartition
        guard let owner = owned[partition], owner.generation == batch.generation else { return }
        var base = CommitBatch()
        let nextOffset = last.offset + 1
        base.positions = [
            PositionAdvance(
                clusterID: cluster,
                topicPartition: partition,
                ownerEpoch: owner.epoch,
                expectedOffset: owner.nextOffset,
                nextOffset: nextOffset
            )
        ]
        var messages: [SessionMessage] = []
        for record in records {
            switch await reader.read(record) {
            case .message(let message): messages.append(message)
            case .ignored(let reason):
                log.debug("ignored", LogField("record", Self.name(record)), LogField("reason", reason))
            case .deadLetter(let reason, let detail): setAside(record, reason, detail, in: &base)
            }
        }
        switch try await commit(messages, base, partition, nextOffset) {
        case .done:
            if owned[partition]?.epoch == owner.epoch { owned[partition]?.nextOffset = nextOffset }
        case .fenced(let reason): lose(partition, of: batch.generation, reason)
        case .refused(let reason):
            if records.count > 1 {
                let middle = records.startIndex + records.count / 2
                try await work(through: records[..<middle], of: batch)
                try await work(through: records[middle...], of: batch)
            } else {
                base.deadLetters = []
                base.outbox = []
                setAside(last, .refused, reason, in: &base)
                switch try await commit([], base, partition, nextOffset) {
                case .done:
                    if owned[partition]?.epoch == owner.epoch { owned[partition]?.nextOffset = nextOffset }
                case .fenced(let reason): lose(partition, of: batch.generation, reason)
                case .refused(let reason):
                    throw WorkerFailure("the database refuses even the dead letter of \(Self.name(last)): \(reason)")
                }
            }
        }
    }

    private func lose(_ partition: TopicPartition, of generation: Int, _ reason: String) {
        owned[partition] = nil
        let check = Fuse { [weak self] in await self?.endIfStillAssigned(partition, generation) }
        checks.append(check)
        check.arm(after: settings.fencedLimit)
        log.warning(
            "lost the partition to another worker",
            LogField("partition", partition),
            LogField("reason", reason)
        )
    }

    /// Normally Kafka takes a lost partition away within moments. If it does not, two groups work on one database, or a
    /// stalled worker took the position of an assignment that was over; a new start settles who owns it, and an idle
    /// partition would be noticed by nobody.
    private func endIfStillAssigned(_ partition: TopicPartition, _ generation: Int) {
        guard generation > lastEnded, owned[partition] == nil else { return }
        fail(
            WorkerFailure(
                "\(partition) was taken by another worker \(settings.fencedLimit) ago, yet Kafka still assigns it here: "
                    + "are two consumer groups working on this database? Ending, to be started anew"
            )
        )
    }

    private func commit(
        _ messages: [SessionMessage],
        _ base: CommitBatch,
        _ partition: TopicPartition,
        _ nextOffset: Int64
    ) async throws -> Committer.Attempt {
        let (store, cluster) = (self.store, self.cluster)
        return try await committer.commit(messages, base: base) { () async throws(StoreError) -> Bool in
            // After a COMMIT without answer the truth is in our own position row.
            let rows = try await store.positions(cluster: cluster, partitions: [partition])
            return rows.first?.nextOffset == nextOffset
        }
    }

    private func setAside(
        _ record: IncomingRecord,
        _ reason: DeadLetter.Reason,
        _ detail: String,
        in batch: inout CommitBatch
    ) {
        let letter = DeadLetter(
            of: record,
            clusterID: cluster,
            reason: reason,
            detail: detail,
            now: Instant.wallClock
        )
        batch.deadLetters.append(letter)
        batch.outbox.append(letter.copy(tenantID: settings.defaultTenant))
        log.warning(
            "dead letter",
            LogField("record", Self.name(record)),
            LogField("reason", reason.rawValue),
            LogField("detail", detail)
        )
    }

    private static func name(_ record: IncomingRecord) -> String { "\(record.topicPartition)@\(record.offset)" }
}
