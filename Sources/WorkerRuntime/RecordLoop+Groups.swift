internal import Failpoints
internal import Orchestration

/// Batches on their way to a transaction.
///
/// While one group is being written the next gathers, so a busy worker writes few large transactions and an idle one does
/// not wait. A partition has one batch under way, so its order is kept whatever group it goes with.
struct Groups {
    private var waiting: [RecordBatch] = []
    /// Batches of nothing but our own facts, which only move a position: they go along with the next group.
    private var passengers: [RecordBatch] = []
    private var underWay = 0
    private var passengersAreTimed = false

    enum Start { case startWorking, startWaiting }

    /// Takes a batch in; what its caller must start, if anything.
    mutating func add(_ batch: RecordBatch, _ settings: WorkerSettings) -> Start? {
        if batch.topicPartition.topic != settings.commandsTopic, let last = batch.records.last,
            batch.records.allSatisfy(PublishedForm.isOwn)
        {
            passengers.append(
                RecordBatch(topicPartition: batch.topicPartition, generation: batch.generation, records: [last])
            )
            defer { passengersAreTimed = true }
            return passengersAreTimed ? nil : .startWaiting
        }
        waiting.append(batch)
        return begin(settings)
    }

    /// No group came by: the passengers become one.
    mutating func release(_ settings: WorkerSettings) -> Start? {
        passengersAreTimed = false
        waiting += passengers
        passengers = []
        return waiting.isEmpty ? nil : begin(settings)
    }

    private mutating func begin(_ settings: WorkerSettings) -> Start? {
        guard underWay < settings.recordGroupsMax else { return nil }
        underWay += 1
        return .startWorking
    }

    /// The next group; nil when nothing waits, and then its caller ends.
    mutating func next(_ settings: WorkerSettings) -> [RecordBatch]? {
        guard !waiting.isEmpty else {
            underWay -= 1
            return nil
        }
        var records = 0
        var group: [RecordBatch] = []
        for batch in waiting where records < settings.groupRecordsMax {
            records += batch.records.count
            group.append(batch)
        }
        waiting.removeFirst(group.count)
        defer { passengers = [] }
        return group + passengers
    }
}

/// Records of one partition, one after the other, that are committed with others or by themselves.
private struct Stretch {
    var batch: RecordBatch
    var records: ArraySlice<IncomingRecord>

    var partition: TopicPartition { batch.topicPartition }
    /// Where the partition goes on after it; nil when it has nothing.
    var nextOffset: Int64? { records.last?.nextOffset ?? batch.endOffset }
}

extension RecordLoop {
    func workOffGroups() async throws {
        while let group = groups.next(settings) {
            do {
                try await work(through: group.map { Stretch(batch: $0, records: $0.records[...]) })
                for batch in group {
                    // What another owner works on now is not for lag monitors to see as done.
                    let isOwned = owned[batch.topicPartition]?.generation == batch.generation
                    await source.done(isOwned ? batch : batch.withoutRecords)
                }
                Failpoint.reach(.pollDue)
            } catch let failure as WorkerFailure {
                fail(failure)
                throw failure
            } catch is CancellationError {
                // The worker is stopping; the position is where it was.
                return
            }
        }
    }

    func workOffPassengers() async throws {
        await Backoff.sleep(settings.passengerWait)
        if groups.release(settings) != nil { try await workOffGroups() }
    }

    /// Commits the stretches in one transaction. Where one of them is not taken, each goes by itself; where the database
    /// refuses a record, its stretch is halved until the record stands alone and becomes a dead letter.
    private func work(through all: [Stretch]) async throws {
        let stretches = all.filter { $0.nextOffset != nil && owned[$0.partition]?.generation == $0.batch.generation }
        guard let first = stretches.first else { return }
        var base = CommitBatch()
        base.positions = stretches.compactMap { stretch in
            guard let owner = owned[stretch.partition], let next = stretch.nextOffset else { return nil }
            return PositionAdvance(
                clusterID: cluster,
                topicPartition: stretch.partition,
                ownerEpoch: owner.epoch,
                expectedOffset: owner.nextOffset,
                nextOffset: next,
                fingerprint: stretch.records.last.map { RecordFingerprint(of: $0) } ?? owner.fingerprint
            )
        }
        let positions = base.positions
        var messages: [SessionMessage] = []
        var sources: [IncomingRecord] = []
        var waiting: Set<SessionID> = []
        for record in stretches.lazy.flatMap(\.records) {
            switch try await read(record) {
            case .message(let message) where waiting.contains(message.sessionID):
                base.deadLetters.append(Self.letter(record, behind: message.sessionID, in: cluster))
            case .message(let message):
                messages.append(message)
                sources.append(record)
            case .newer(let session, let version):
                waiting.insert(session)
                base.deadLetters.append(letter(record, of: session, version))
            case .ignored(let reason):
                // A tombstone is nobody's fact: whoever looks for a record that had no effect finds it.
                log.write(
                    record.value == nil ? .info : .debug,
                    "ignored",
                    [LogField("record", Self.name(record)), LogField("reason", reason)]
                )
            case .deadLetter(let reason, let detail): setAside(record, reason, detail, in: &base)
            }
        }
        let told = progress.hold(messages)
        timeProgress()
        let attempt = try await commit(told.now, from: told.places.map { $0.map { sources[$0] } }, base)
        if case .done = attempt {} else { progress.putBack(told.wereHeld) }
        switch attempt {
        case .done: advance(positions)
        case .fenced(let reason):
            if stretches.count == 1 { return lose(first.partition, of: first.batch.generation, reason) }
            for stretch in stretches { try await work(through: [stretch]) }
        case .refused(let reason):
            if stretches.count > 1 {
                for stretch in stretches { try await work(through: [stretch]) }
            } else if first.records.count > 1 {
                let middle = first.records.startIndex + first.records.count / 2
                try await work(through: [Stretch(batch: first.batch, records: first.records[..<middle])])
                try await work(through: [Stretch(batch: first.batch, records: first.records[middle...])])
            } else if let record = first.records.first {
                try await setAside(alone: record, reason, positions, of: first.batch)
            } else {
                throw WorkerFailure("the database refuses even the position of \(first.partition): \(reason)")
            }
        }
    }

    private func read(_ record: IncomingRecord) async throws -> MessageReader.Reading {
        var hindrance = Hindrance("cannot look for workflows", settings, log)
        while true {
            do throws(StoreError) {
                let reading = try await reader.read(record)
                hindrance.passed()
                return reading
            } catch {
                switch error {
                case .broken(let reason), .refused(let reason): throw WorkerFailure(reason)
                case .conflict(let reason), .duplicate(let reason), .fenced(let reason), .unavailable(let reason),
                    .exhausted(let reason):
                    await hindrance.pause(reason)
                    if Task.isCancelled { throw CancellationError() }
                }
            }
        }
    }

    /// The record that the database refuses: its dead letter is committed in place of what it led to.
    private func setAside(
        alone record: IncomingRecord,
        _ reason: String,
        _ positions: [PositionAdvance],
        of batch: RecordBatch
    ) async throws {
        var base = CommitBatch()
        base.positions = positions
        setAside(record, .refused, reason, in: &base)
        switch try await commit([], from: [], base) {
        case .done: advance(positions)
        case .fenced(let reason): lose(batch.topicPartition, of: batch.generation, reason)
        case .refused(let reason):
            throw WorkerFailure("the database refuses even the dead letter of \(Self.name(record)): \(reason)")
        }
    }

    private func advance(_ positions: [PositionAdvance]) {
        for position in positions where owned[position.topicPartition]?.epoch == position.ownerEpoch {
            owned[position.topicPartition]?.nextOffset = position.nextOffset
            owned[position.topicPartition]?.fingerprint = position.fingerprint
        }
    }

    /// - Parameter records: those of the messages; nil for one that had been held.
    private func commit(
        _ messages: [SessionMessage],
        from records: [IncomingRecord?],
        _ base: CommitBatch
    ) async throws -> Committer.Attempt {
        let (store, cluster, positions) = (self.store, self.cluster, base.positions)
        return try await committer.commit(
            messages,
            base: base,
            setAside: { index in
                records[index].map { Self.letter($0, behind: messages[index].sessionID, in: cluster) }
            }
        ) { () async throws(StoreError) -> Bool in
            // After a COMMIT without answer the truth is in our own position rows. They move together; one that has been
            // taken by another owner since says nothing.
            let rows = try await store.positions(cluster: cluster, partitions: positions.map(\.topicPartition))
            return rows.contains { row in
                positions.contains {
                    $0.topicPartition == row.topicPartition && $0.nextOffset == row.nextOffset
                        && $0.ownerEpoch == row.ownerEpoch
                }
            }
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

    static func name(_ record: IncomingRecord) -> String { "\(record.topicPartition)@\(record.offset)" }
}
