internal import CRdkafka
internal import Glibc
package import Orchestration
internal import Threads

/// Kafka in: one thread per consumer, one queue per partition, batches pulled by the user.
package final class KafkaRecordSource: RecordSource {
    package struct Options: Sendable {
        /// Records in one batch.
        package var batchRecordsMax = 200
        /// Bytes after which a batch takes no further record.
        package var batchBytesMax = 4 << 20
        /// Topics on which the worker's own facts come back to it. It only moves its position over them, so of their
        /// headers only the one that marks them is copied.
        package var skimmedTopics: Set<String> = []
        /// How long a partition must have had nothing before its end is told, where that is behind its last record.
        package var quietMilliseconds = 10_000

        package init() {}
    }

    enum Subscription {
        case topics([String])
        case partitions([TopicPartition])
    }

    /// How long leaving the group may take; `close` returns a little after that in any case.
    package static let closeMilliseconds = 5_000
    /// How often committed offsets are asked for until the brokers answer, and the pause after an answer that is none.
    static let lookUpsMax = 30
    static let lookUpPauseMicroseconds: UInt32 = 50_000
    /// How long one partition's bounds are waited for: one without leader must not hold up the others.
    static let boundsMilliseconds = 1_000

    private let client: KafkaClient
    private let answerMilliseconds: Int32
    private let mailbox: SourceMailbox
    /// For the look-ups, which block.
    private let lookUps = WorkerThread()

    /// Joins the configuration's group and shares the topics' partitions with its other members.
    package convenience init(
        _ configuration: KafkaConfiguration,
        topics: [String],
        options: Options = Options()
    ) throws(TransportError) {
        try self.init(configuration, .topics(topics), options)
    }

    /// Reads these partitions, whoever else does; they are assigned at once and never revoked.
    package convenience init(
        _ configuration: KafkaConfiguration,
        assigning partitions: [TopicPartition],
        options: Options = Options()
    ) throws(TransportError) {
        try self.init(configuration, .partitions(partitions), options)
    }

    private init(
        _ configuration: KafkaConfiguration,
        _ subscription: Subscription,
        _ options: Options
    ) throws(TransportError) {
        let wakeUp = try WakeUp()
        let callbacks = ClientCallbacks(wakeUp: wakeUp)
        client = try KafkaClient(.consumer, configuration, callbacks)
        answerMilliseconds = Int32(clamping: configuration.answerLimitMilliseconds)
        mailbox = SourceMailbox(wakeUp: wakeUp)
        // Errors and rebalances then come through the same queue, polled by the loop.
        rd_kafka_poll_set_consumer(client.handle)
        let loop = ConsumerLoop(
            client: client,
            callbacks: callbacks,
            wakeUp: wakeUp,
            mailbox: mailbox,
            subscription: subscription,
            options: options
        )
        startThread { loop.run() }
    }

    deinit {
        mailbox.requestClose()
        lookUps.stop()
    }

    package func clusterID() async throws(TransportError) -> String {
        let (client, limit) = (client, answerMilliseconds)
        guard let id = await lookUps.run({ client.clusterID(limitMilliseconds: limit) }) ?? nil else {
            throw .unavailable(reason: "no Kafka broker has said within \(limit) ms which cluster it is of")
        }
        return id
    }

    package func next() async -> SourceEvent? { await mailbox.next() }

    package func start(generation: Int, at offsets: [TopicPartition: StartOffset]) async {
        let offsets = await checked(await resolved(offsets))
        mailbox.send(.start(generation: generation, offsets: offsets))
    }

    package func restart(generation: Int) async { mailbox.send(.restart(generation: generation)) }

    package func done(_ batch: RecordBatch) async {
        mailbox.send(
            .done(generation: batch.generation, batch.topicPartition, nextOffset: batch.nextOffset)
        )
    }

    package func close() async {
        mailbox.requestClose()
        await mailbox.ended()
        lookUps.stop()
    }

    /// Looks up the group's committed offsets where they are asked for; where there is none, the beginning.
    private func resolved(_ offsets: [TopicPartition: StartOffset]) async -> [TopicPartition: StartOffset] {
        let wanted = offsets.filter { $0.value == .committed }.keys.sorted()
        guard !wanted.isEmpty else { return offsets }
        let (client, mailbox, limit) = (client, mailbox, answerMilliseconds)
        let found = await lookUps.run { () -> [TopicPartition: Int64]? in
            for _ in 0..<Self.lookUpsMax where !mailbox.isClosing {
                let list = PartitionList(wanted.map { ($0.topic, Int32(clamping: $0.partition), nil) })
                let code = list.lend { rd_kafka_committed(client.handle, $0, limit) }
                if code == RD_KAFKA_RESP_ERR_NO_ERROR {
                    let places = list.elements.filter { Self.exists($0.topicPartition, $0.offset, client, mailbox) }
                    return Dictionary(places.map { ($0.topicPartition, $0.offset) }) { first, _ in first }
                }
                usleep(Self.lookUpPauseMicroseconds)
            }
            return nil
        }
        guard let found = found ?? nil else {
            mailbox.post(.notice("Kafka did not say what group has committed; its partitions are not read"))
            return offsets.filter { $0.value != .committed }
        }
        return offsets.merging(wanted.map { ($0, found[$0].flatMap { $0 >= 0 ? .offset($0) : nil } ?? .beginning) }) {
            $1
        }
    }

    /// Whether a group that keeps its places in Kafka can go on there; its records may have been deleted meanwhile.
    private static func exists(
        _ partition: TopicPartition,
        _ offset: Int64,
        _ client: KafkaClient,
        _ mailbox: SourceMailbox
    ) -> Bool {
        guard offset >= 0, let range = client.bounds(of: partition, limitMilliseconds: Int32(boundsMilliseconds)),
            !range.contains(offset)
        else { return true }
        mailbox.post(
            .notice(
                "\(partition) is read from its beginning: its group has read it up to offset \(offset), and it holds "
                    + "\(range.lowerBound) to \(range.upperBound)"
            )
        )
        return false
    }

    /// Compares where partitions should go on with what the topics hold: what cannot go on is stopped here, and where
    /// everything processed has been deleted since, there is no record to compare with.
    private func checked(_ offsets: [TopicPartition: StartOffset]) async -> [TopicPartition: StartOffset] {
        let wanted = offsets.compactMap { partition, start in
            if case .after(let last, let number) = start, number > 0 { (partition, last, number) } else { nil }
        }
        guard !wanted.isEmpty else { return offsets }
        let (client, mailbox, limit) = (client, mailbox, answerMilliseconds)
        let bounds = await lookUps.run { () -> [TopicPartition: ClosedRange<Int64>] in
            var bounds: [TopicPartition: ClosedRange<Int64>] = [:]
            let deadline = monotonicMilliseconds() + Int(limit)
            while bounds.count < wanted.count {
                for (partition, _, _) in wanted where bounds[partition] == nil {
                    let left = min(Self.boundsMilliseconds, deadline - monotonicMilliseconds())
                    guard left > 0, !mailbox.isClosing else { return bounds }
                    bounds[partition] = client.bounds(of: partition, limitMilliseconds: Int32(clamping: left))
                }
                if bounds.count < wanted.count { usleep(Self.lookUpPauseMicroseconds) }
            }
            return bounds
        }
        var result = offsets
        for (partition, last, number) in wanted {
            // Unknown bounds: when the record is asked for and is not there, the assignment begins anew.
            guard let range = bounds?[partition] else { continue }
            if number > range.upperBound {
                stop(partition, StoppedPartition.shorter(partition, number, end: range.upperBound), in: &result)
            } else if number < range.lowerBound {
                stop(partition, StoppedPartition.evicted(partition, number, beginning: range.lowerBound), in: &result)
            } else if last.offset < range.lowerBound {
                result[partition] = .offset(number)
            }
        }
        return result
    }

    private func stop(
        _ partition: TopicPartition,
        _ reason: String,
        in offsets: inout [TopicPartition: StartOffset]
    ) {
        offsets[partition] = nil
        mailbox.post(.partitionStopped(partition, reason: reason))
    }
}
