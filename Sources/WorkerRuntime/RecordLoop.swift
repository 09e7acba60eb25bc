internal import Failpoints
internal import Orchestration

/// Kafka in: takes each partition's position from the database, and moves it in the transaction of its records.
///
/// Batches that wait at the same time are decided and committed together (`RecordLoop+Groups.swift`).
actor RecordLoop {
    /// A partition this worker owns, as long as nobody else takes its position.
    struct Owned {
        var generation: Int
        var epoch: Int64
        var nextOffset: Int64?
        /// Of the last record before that.
        var fingerprint: RecordFingerprint?
    }

    struct Stopped {
        /// As it was owned.
        var owner: Owned
        /// What its position does not say yet.
        var unsaid: String?
    }

    /// How often a new assignment looks whether the one before it has stopped taking positions.
    private static let takingPollInterval = Interval.milliseconds(10)

    let settings: WorkerSettings
    let source: any RecordSource
    let store: any Store
    let reader: MessageReader
    let committer: Committer
    let log: any LogSink
    var owned: [TopicPartition: Owned] = [:]
    var cluster = ""
    var groups = Groups()
    var progress = HeldProgress()
    var progressTimer: Task<Void, Never>?
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
        awaitAssignment()
        defer {
            unassigned?.disarm()
            for check in checks { check.disarm() }
            stoppedLook?.cancel()
        }
        // Discarding: another kind of group keeps each task that has ended until it is asked for.
        try await withThrowingDiscardingTaskGroup { group in
            while let event = await source.next() {
                switch event {
                case .assigned(let generation, let partitions):
                    Failpoint.reach(.partitionsAssigned)
                    unassigned?.disarm()
                    lastEnded = max(lastEnded, generation - 1)
                    group.addTask { try await self.take(partitions, generation: generation) }
                case .revoked(let generation):
                    Failpoint.reach(.partitionsRevoked)
                    lastEnded = max(lastEnded, generation)
                    owned = owned.filter { $0.value.generation != generation }
                    stopped = stopped.filter { $0.value.owner.generation != generation }
                    log.info("partitions given up", LogField("generation", generation))
                    awaitAssignment()
                case .batch(let batch):
                    Failpoint.reach(.recordsPolled)
                    switch groups.add(batch, settings) {
                    case .startWorking: group.addTask { try await self.workOffGroups() }
                    case .startWaiting: group.addTask { try await self.workOffPassengers() }
                    case nil: break
                    }
                case .partitionStopped(let partition, let reason): await stop(partition, reason)
                case .brokersAway(let duration, let reason):
                    log.warning(
                        "the brokers are away",
                        LogField("since", Instant.wallClock + Interval(microseconds: -duration.microseconds)),
                        LogField("reason", reason)
                    )
                case .brokersBack(let duration):
                    log.warning("the brokers are back", LogField("away_for", duration))
                case .notice(let text): log.warning(text)
                case .fatal(let reason): throw WorkerFailure("the Kafka client cannot go on: \(reason)")
                }
                // A child that failed must end the loop now, not when the source closes.
                if let failed = failure { throw failed }
            }
        }
        progressTimer?.cancel()
        await writeProgress()
        if let failed = failure { throw failed }
    }

    private var failure: WorkerFailure?
    /// Partitions that stand still until an operator says how to go on.
    var stopped: [TopicPartition: Stopped] = [:]
    var stoppedLook: Task<Void, Never>?
    /// Of partitions lost to another worker.
    private var checks: [Fuse] = []

    /// Runs from when partitions were given up, until Kafka has said which are to be worked on next, if any.
    private var unassigned: Fuse?

    /// A group that is not getting on looks like one in which nothing happens.
    private func awaitAssignment() {
        unassigned?.disarm()
        let since = Instant.wallClock
        let fuse = Fuse { [log] in
            log.warning(
                "Kafka has assigned no partitions: its group of consumers is not getting on",
                LogField("since", since)
            )
        }
        unassigned = fuse
        fuse.arm(after: settings.assignmentLimit)
    }

    private func awaitCluster() async throws -> String {
        var hindrance = Hindrance("waiting for the brokers", settings, log)
        while true {
            do throws(TransportError) {
                let id = try await source.clusterID()
                hindrance.passed()
                return id
            } catch {
                if Task.isCancelled { throw CancellationError() }
                switch error {
                case .unavailable(let reason):
                    await hindrance.pause(reason)
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
        var hindrance = Hindrance("cannot take partitions yet", settings, log)
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
                hindrance.passed()
                guard generation > lastEnded else { return }
                var offsets: [TopicPartition: StartOffset] = [:]
                for position in positions {
                    owned[position.topicPartition] = Owned(
                        generation: generation,
                        epoch: position.ownerEpoch,
                        nextOffset: position.nextOffset,
                        fingerprint: position.fingerprint
                    )
                    offsets[position.topicPartition] = position.start
                    if let note = position.resetNote, position.fingerprint == nil {
                        log.warning(
                            "the position was set by an operator",
                            LogField("partition", position.topicPartition),
                            LogField("by", note)
                        )
                    }
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
                case .conflict(let reason), .duplicate(let reason), .fenced(let reason), .unavailable(let reason),
                    .exhausted(let reason):
                    await hindrance.pause(reason)
                }
            }
        }
    }

    /// Remembers a failure and ends the stream of events, so that `run` sees it.
    func fail(_ failure: WorkerFailure) {
        if self.failure == nil { self.failure = failure }
        Task { [source] in await source.close() }
    }

    /// A batch of an assignment that has ended may have been fenced by the one after it, which owns the partition now.
    func lose(_ partition: TopicPartition, of generation: Int, _ reason: String) {
        guard owned[partition]?.generation == generation else { return }
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
}
