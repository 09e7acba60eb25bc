internal import CRdkafka
internal import Failpoints
internal import Orchestration

/// The consumer's thread: the only one that polls the client, so rebalances come between its steps and never beside
/// them. It never blocks longer than the pipe it waits on, and librdkafka keeps the group's membership alive meanwhile.
final class ConsumerLoop: @unchecked Sendable {
    /// How long it sleeps when nothing happens; everything that matters wakes it.
    static let idleMilliseconds = 1_000
    /// How often the group's offset, a courtesy for lag monitors, is written.
    static let commitMilliseconds = 1_000
    /// Messages of the common queue (errors, rebalances) served per round.
    static let eventsPerRoundMax = 1_000

    private let client: KafkaClient
    private let callbacks: ClientCallbacks
    private let wakeUp: WakeUp
    private let mailbox: SourceMailbox
    private let options: KafkaRecordSource.Options
    private let subscription: KafkaRecordSource.Subscription

    private var generation = 0
    private var assigned: [TopicPartition] = []
    private var hasStarted = false
    private var lanes: [TopicPartition: ConsumerLane] = [:]
    /// The lanes in a fixed order that is turned by one each round, so that no partition starves another.
    private var laneOrder: [ConsumerLane] = []
    private var underWay = BatchesUnderWay()
    private var uncommitted: [TopicPartition: Int64] = [:]
    private var committedAt = 0
    private var notices = NoticeFilter()
    private let watch: BrokerWatch
    private var hasFailed = false
    /// Partitions whose place is being looked at a second time; a third time stops them.
    private var displaced: Set<TopicPartition> = []

    init(
        client: KafkaClient,
        callbacks: ClientCallbacks,
        wakeUp: WakeUp,
        mailbox: SourceMailbox,
        subscription: KafkaRecordSource.Subscription,
        options: KafkaRecordSource.Options
    ) {
        self.client = client
        self.callbacks = callbacks
        self.wakeUp = wakeUp
        self.mailbox = mailbox
        watch = BrokerWatch(client: client, mailbox: mailbox)
        self.subscription = subscription
        self.options = options
    }

    func run() {
        callbacks.error = { [self] in self.handle($0, $1) }
        callbacks.rebalance = { [self] in self.rebalance($0, $1) }
        let queue = rd_kafka_queue_get_consumer(client.handle)
        var payload: UInt8 = 1
        if let queue { rd_kafka_queue_io_event_enable(queue, wakeUp.writeEnd, &payload, 1) }
        subscribe()
        while true {
            let (commands, isClosing) = mailbox.takeCommands()
            for command in commands { apply(command) }
            if isClosing { break }
            serveCommonQueue()
            let hasWorked = drainLanes()
            let commitDue = commitIfDue()
            if !hasWorked { wakeUp.wait(milliseconds: min(commitDue, Self.idleMilliseconds)) }
        }
        shutDown()
        if let queue {
            rd_kafka_queue_io_event_enable(queue, -1, nil, 0)
            rd_kafka_queue_destroy(queue)
        }
        // The callbacks hold this loop, which holds the client, which holds the callbacks.
        callbacks.error = nil
        callbacks.rebalance = nil
        mailbox.end()
    }

    // MARK: Assignment

    private func subscribe() {
        switch subscription {
        case .topics(let topics):
            let list = PartitionList(topics.map { ($0, RD_KAFKA_PARTITION_UA, nil) })
            let code = list.lend { rd_kafka_subscribe(client.handle, $0) }
            if code != RD_KAFKA_RESP_ERR_NO_ERROR { fail("cannot subscribe: \(sentence(for: code))") }
        case .partitions(let partitions): begin(partitions)
        }
    }

    private func begin(_ partitions: [TopicPartition]) {
        generation += 1
        assigned = partitions
        hasStarted = false
        mailbox.post(.assigned(generation: generation, partitions: partitions))
    }

    private func rebalance(_ code: rd_kafka_resp_err_t, _ list: ClientCallbacks.PartitionList?) {
        guard code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS else {
            revoke()
            return
        }
        // An empty assignment for now: the member is settled in its group and can be asked to give up its partitions
        // even while the store is still looking up where they start.
        PartitionList([]).lend { _ = rd_kafka_assign(client.handle, $0) }
        begin(PartitionList.partitions(of: list).sorted())
    }

    private func revoke() {
        commit()
        dropLanes()
        assigned = []
        rd_kafka_assign(client.handle, nil)
        endGeneration()
    }

    private func endGeneration() {
        for partition in mailbox.postRevoked(generation: generation) { underWay.end(partition, generation) }
    }

    /// The partitions are the same, and each starts where its position says now.
    private func restart() {
        let partitions = assigned
        commit()
        dropLanes()
        PartitionList([]).lend { _ = rd_kafka_assign(client.handle, $0) }
        endGeneration()
        begin(partitions)
    }

    private func start(_ offsets: [TopicPartition: StartOffset]) {
        hasStarted = true
        var entries: [(String, Int32, Int64?)] = []
        for topicPartition in assigned {
            guard let start = offsets[topicPartition], let partition = Int32(exactly: topicPartition.partition)
            else { continue }
            let offset: Int64
            var fingerprint: RecordFingerprint?
            switch start {
            case .offset(let number): offset = number
            case .after(let record, let number):
                // That record is read once more.
                fingerprint = (0..<max(0, number)).contains(record.offset) ? record : nil
                offset = fingerprint?.offset ?? number
            case .beginning: offset = Int64(RD_KAFKA_OFFSET_BEGINNING)
            case .end: offset = Int64(RD_KAFKA_OFFSET_END)
            case .committed: offset = Int64(RD_KAFKA_OFFSET_STORED)
            }
            if let number = start.number, number < 0 {
                // Negative numbers mean beginning, end and so on to librdkafka.
                mailbox.post(
                    .partitionStopped(
                        topicPartition,
                        reason: "\(topicPartition) has stopped: its stored offset \(number) is not an offset"
                    )
                )
                continue
            }
            guard
                let lane = ConsumerLane(
                    client,
                    topicPartition,
                    wakeUp: wakeUp,
                    nextOffset: start.number,
                    expecting: fingerprint,
                    skims: options.skimmedTopics.contains(topicPartition.topic)
                )
            else {
                mailbox.post(
                    .partitionStopped(
                        topicPartition,
                        reason: "\(topicPartition) has stopped: librdkafka has no queue for it"
                    )
                )
                continue
            }
            lanes[topicPartition] = lane
            laneOrder.append(lane)
            entries.append((topicPartition.topic, partition, offset))
        }
        let code = PartitionList(entries).lend { rd_kafka_assign(client.handle, $0) }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { handle(code, "cannot assign partitions: \(sentence(for: code))") }
    }

    private func dropLanes() {
        lanes = [:]
        laneOrder = []
    }

    // MARK: Steps of a round

    private func apply(_ command: SourceMailbox.Command) {
        switch command {
        case .start(generation, let offsets):
            if !assigned.isEmpty, !hasStarted { start(offsets) }
        case .done(let ended, let topicPartition, let nextOffset):
            underWay.end(topicPartition, ended)
            if ended == generation, lanes[topicPartition] != nil, let nextOffset {
                uncommitted[topicPartition] = nextOffset
            }
        case .restart(generation):
            if !assigned.isEmpty { restart() }
        case .start, .restart: break  // of an assignment that has ended
        }
    }

    private func serveCommonQueue() {
        for _ in 0..<Self.eventsPerRoundMax {
            guard let message = rd_kafka_consumer_poll(client.handle, 0) else { return }
            defer { rd_kafka_message_destroy(message) }
            let code = message.pointee.err
            if code != RD_KAFKA_RESP_ERR_NO_ERROR, code != RD_KAFKA_RESP_ERR__PARTITION_EOF {
                handle(code, reason(of: message))
            }
        }
    }

    private func drainLanes() -> Bool {
        var (hasWorked, mustRestart) = (false, false)
        for lane in laneOrder where !lane.hasStopped && underWay.hasRoom(for: lane.topicPartition) {
            let (records, trouble) = lane.drain(recordsMax: options.batchRecordsMax, bytesMax: options.batchBytesMax)
            let end =
                records.isEmpty && trouble == nil ? lane.takeEnd(quietMilliseconds: options.quietMilliseconds) : nil
            if !records.isEmpty || end != nil {
                hasWorked = true
                displaced.remove(lane.topicPartition)
                underWay.begin(lane.topicPartition, generation, records)
                mailbox.post(
                    .batch(
                        RecordBatch(
                            topicPartition: lane.topicPartition,
                            generation: generation,
                            records: records,
                            endOffset: end
                        )
                    )
                )
            }
            switch trouble {
            case .stopped(let reason): mailbox.post(.partitionStopped(lane.topicPartition, reason: reason))
            case .displaced(let reason):
                if displaced.insert(lane.topicPartition).inserted {
                    mustRestart = true
                } else {
                    mailbox.post(.partitionStopped(lane.topicPartition, reason: reason))
                }
            case .error(let code, let reason): handle(code, "\(lane.topicPartition): \(reason)")
            case nil: break
            }
        }
        if hasWorked { laneOrder.append(laneOrder.removeFirst()) }
        if mustRestart { restart() }
        return hasWorked || mustRestart
    }

    /// Milliseconds until the next commit is due.
    private func commitIfDue() -> Int {
        guard !uncommitted.isEmpty else { return Self.idleMilliseconds }
        let now = monotonicMilliseconds()
        if now - committedAt >= Self.commitMilliseconds {
            commit()
            return Self.idleMilliseconds
        }
        return max(1, committedAt + Self.commitMilliseconds - now)
    }

    /// Not waited for and not repeated: the truth is in PostgreSQL.
    private func commit() {
        guard !uncommitted.isEmpty else { return }
        committedAt = monotonicMilliseconds()
        let list = PartitionList(uncommitted.map { ($0.key.topic, Int32(clamping: $0.key.partition), $0.value) })
        uncommitted = [:]
        list.lend { _ = rd_kafka_commit(client.handle, $0, 1) }
        Failpoint.reach(.offsetsCommitted)
    }

    // MARK: Trouble

    private func handle(_ code: rd_kafka_resp_err_t, _ reason: String) {
        switch code {
        case RD_KAFKA_RESP_ERR__FATAL: fail(client.fatalReason ?? reason)
        case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__TIMED_OUT:
            watch.trouble(reason)
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN: watch.trouble(nil)
        default:
            // The same trouble comes with ever new times: `… (after 3ms in state CONNECT, 2 identical errors …)`.
            let kind = reason.firstRange(of: " (after ").map { String(reason[..<$0.lowerBound]) } ?? reason
            notify("\(code.rawValue) \(kind)", "Kafka: \(reason) (\(name(of: code)))")
        }
    }

    private func notify(_ kind: String, _ notice: String) {
        if notices.admits(kind, at: monotonicMilliseconds()) { mailbox.post(.notice(notice)) }
    }

    private func fail(_ reason: String) {
        guard !hasFailed else { return }
        hasFailed = true
        mailbox.post(.fatal("The Kafka consumer cannot go on: \(reason)"))
    }

    /// Gives up the partitions and leaves the group, bounded by `closeMilliseconds`.
    private func shutDown() {
        commit()
        dropLanes()
        guard let queue = rd_kafka_queue_new(client.handle) else { return }
        defer { rd_kafka_queue_destroy(queue) }
        if let error = rd_kafka_consumer_close_queue(client.handle, queue) {
            rd_kafka_error_destroy(error)
            return
        }
        let deadline = monotonicMilliseconds() + KafkaRecordSource.closeMilliseconds
        while rd_kafka_consumer_closed(client.handle) == 0, monotonicMilliseconds() < deadline {
            rd_kafka_queue_poll_callback(queue, 50)
        }
    }
}
