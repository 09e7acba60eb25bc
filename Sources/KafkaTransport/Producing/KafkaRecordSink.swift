internal import CRdkafka
internal import Failpoints
internal import Glibc
package import Orchestration
internal import Threads

/// Kafka out: an idempotent producer that hands over a batch at once and waits for one answer per record.
///
/// `send` ends after the configuration's `sendLimitMilliseconds`, because librdkafka gives a record up by then. A record
/// reported as failed may still have reached the broker (its answer was lost), so sending it again may write it
/// twice: the second copy carries the same event id. And when a record fails, a later one of the same batch may have
/// been sent: whoever needs order within a key looks at the results in order.
package final class KafkaRecordSink: RecordSink {
    /// How long `close` waits for records under way before it gives them up.
    package static let closeMilliseconds: Int32 = 5_000
    /// How long a broker may take to say which partitions a topic has.
    static let questionMilliseconds: Int32 = 5_000
    /// How long given-up records may take to be reported as failed.
    static let purgeMilliseconds: Int32 = 1_000
    /// How often a full queue is looked at again.
    static let retryMicroseconds: UInt32 = 2_000
    /// By then a broker has what was handed over; a slow one has not answered yet. For failpoints.
    static let transmissionMicroseconds: UInt32 = 4_000
    /// Kafka's own limit on the length of a topic's name.
    static let topicNameBytesMax = 249

    private let configuration: KafkaConfiguration
    private let trouble = ConnectionTrouble()
    private let current: Locked<Producer>
    private let made = Locked(1)
    /// Handing over blocks when librdkafka's queue is full, so it has a thread; it also keeps the order of sends.
    private let handOver = WorkerThread()
    /// For what blocks until a broker has answered.
    private let questions = WorkerThread()
    /// The records handed over before it are under way, none comes after it.
    private let isClosing = Locked(false)

    package init(_ configuration: KafkaConfiguration) throws(TransportError) {
        self.configuration = configuration
        current = Locked(try Producer(configuration, trouble))
    }

    deinit {
        current.withLock(\.self).end()
        handOver.stop()
        questions.stop()
    }

    /// How many producers it has had; more than one when one of them got nothing through though the brokers answered.
    package var producersMade: Int { made.withLock(\.self) }

    package func send(_ records: [OutgoingRecord]) async -> [SendResult] {
        if records.isEmpty { return [] }
        return await withCheckedContinuation { continuation in
            let isTaken = handOver.submit { [self] in
                if isClosing.withLock(\.self) {
                    continuation.resume(returning: records.map { _ in Self.closed })
                    return
                }
                let producer = current.withLock(\.self)
                let batch = DeliveryBatch(count: records.count, client: producer.client, trouble: trouble) { outcome in
                    producer.getsNothingThrough.withLock { $0 = outcome.hasAllTimedOut }
                    continuation.resume(returning: outcome.results)
                }
                produce(records, batch, producer)
                Failpoint.reach(.recordsProduced)
                if Failpoint.awaits([.recordsUnacknowledged]) {
                    usleep(Self.transmissionMicroseconds)
                    Failpoint.reach(.recordsUnacknowledged)
                }
            }
            if !isTaken { continuation.resume(returning: records.map { _ in Self.closed }) }
        }
    }

    package func sendAlone(_ record: OutgoingRecord) async -> SendResult {
        // Nothing else is handed over until it has its answer.
        await handOver.run { [self] in
            if isClosing.withLock(\.self) { return Self.closed }
            let producer = current.withLock(\.self)
            let answer = Locked(SendResult.blameless("no answer came in time"))
            let batch = DeliveryBatch(count: 1, client: producer.client, trouble: trouble) { outcome in
                if let result = outcome.results.first { answer.withLock { $0 = result } }
            }
            let limit = Int32(clamping: configuration.sendLimitMilliseconds)
            rd_kafka_flush(producer.client.handle, limit)
            produce([record], batch, producer)
            rd_kafka_flush(producer.client.handle, limit)
            return answer.withLock(\.self)
        } ?? Self.closed
    }

    private static let closed = SendResult.failed("the producer has been closed")

    package func states(of topics: Set<String>) async -> [String: TopicState]? {
        if isClosing.withLock(\.self) { return nil }
        return await questions.run { [self] in
            let client = current.withLock(\.self).client
            var states: [String: TopicState] = [:]
            for name in topics.sorted() {
                guard let state = Self.state(of: name, client) else { return nil }
                states[name] = state
            }
            if states.values.contains(where: { $0 != .away }) { replaceStuckProducer() }
            return states
        } ?? nil
    }

    /// A producer that gets nothing through to brokers that answer may be at fault itself, such as one whose id they have
    /// forgotten: it asks for no other. What it was given has been reported by now, so a new one may take its place.
    private func replaceStuckProducer() {
        let old = current.withLock(\.self)
        guard old.getsNothingThrough.withLock(\.self), let new = try? Producer(configuration, trouble) else { return }
        guard new.client.clusterID(limitMilliseconds: Self.questionMilliseconds) != nil else { return new.end() }
        // Between two sends, of which those after the question find the new one.
        handOver.submit { [self] in
            guard current.withLock({ $0 === old }), rd_kafka_outq_len(old.client.handle) == 0 else { return new.end() }
            current.withLock { $0 = new }
            made.withLock { $0 += 1 }
            old.end()
        }
    }

    /// Nil when no broker answers.
    private static func state(of name: String, _ client: KafkaClient) -> TopicState? {
        guard let topic = rd_kafka_topic_new(client.handle, name, nil) else { return .refuses }
        defer { rd_kafka_topic_destroy(topic) }
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(client.handle, 0, topic, &metadata, questionMilliseconds)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else { return nil }
        defer { rd_kafka_metadata_destroy(metadata) }
        guard metadata.pointee.topic_cnt > 0, let answer = metadata.pointee.topics?.pointee else { return .refuses }
        if answer.err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE { return .away }
        guard answer.err == RD_KAFKA_RESP_ERR_NO_ERROR else { return .refuses }
        let partitions = UnsafeBufferPointer(start: answer.partitions, count: max(0, Int(answer.partition_cnt)))
        let takesAll = partitions.allSatisfy {
            takesRecords(leader: $0.leader, replicas: Int($0.replica_cnt), inSync: Int($0.isr_cnt))
        }
        return takesAll ? .takes : .away
    }

    /// With a replica out of sync the brokers may refuse every record of a partition (`min.insync.replicas`), and a
    /// producer, which tries again until its time is up, only sees that it is.
    package static func takesRecords(leader: Int32, replicas: Int, inSync: Int) -> Bool {
        leader >= 0 && inSync >= replicas
    }

    package func close() async {
        isClosing.withLock { $0 = true }
        _ = await handOver.run { [self] in
            let producer = current.withLock(\.self)
            let client = producer.client
            if rd_kafka_flush(client.handle, Self.closeMilliseconds) != RD_KAFKA_RESP_ERR_NO_ERROR {
                rd_kafka_purge(client.handle, Int32(RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT))
                rd_kafka_flush(client.handle, Self.purgeMilliseconds)
            }
            producer.end()
        }
        handOver.stop()
        questions.stop()
    }

    // MARK: On the hand-over thread

    private func produce(_ records: [OutgoingRecord], _ batch: DeliveryBatch, _ producer: Producer) {
        let deadline = monotonicMilliseconds() + configuration.sendLimitMilliseconds
        for (index, record) in records.enumerated() {
            guard isTopicName(record.topic), let topic = producer.topic(record.topic) else {
                batch.report(index, .refused("`\(record.topic.prefix(100))` is not a name for a topic"))
                continue
            }
            while true {
                let (code, reason) = produce(record, to: topic, of: producer.client, batch.opaque(at: index))
                if code == RD_KAFKA_RESP_ERR_NO_ERROR { break }  // its delivery report will come
                if code == RD_KAFKA_RESP_ERR__QUEUE_FULL, monotonicMilliseconds() < deadline {
                    usleep(Self.retryMicroseconds)
                    continue
                }
                batch.report(index, batch.result(for: code, reason))
                if code == RD_KAFKA_RESP_ERR__QUEUE_FULL {
                    // Nothing that comes later may overtake it.
                    for later in records.indices.dropFirst(index + 1) {
                        batch.report(later, batch.result(for: code, reason))
                    }
                    return
                }
                break
            }
        }
    }

    private func produce(
        _ record: OutgoingRecord,
        to topic: OpaquePointer,
        of client: KafkaClient,
        _ opaque: UnsafeMutableRawPointer?
    ) -> (rd_kafka_resp_err_t, String?) {
        // Headers go as a list of our own: librdkafka 2.0 frees the ones it builds itself twice when a topic is unknown.
        let headers = record.headers.isEmpty ? nil : rd_kafka_headers_new(record.headers.count)
        for header in record.headers {
            var name = header.name
            name.withUTF8 { name in
                withMemory(header.value) { value in
                    name.withMemoryRebound(to: CChar.self) { name in
                        _ = rd_kafka_header_add(headers, name.baseAddress, name.count, value.ptr, value.size)
                    }
                }
            }
        }
        let error = withMemory(record.key) { key in
            withMemory(record.value) { value in
                var parts = [rd_kafka_vu_t](repeating: rd_kafka_vu_t(), count: 6)
                parts[0].vtype = RD_KAFKA_VTYPE_RKT
                parts[0].u.rkt = topic
                parts[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS
                parts[1].u.i = Int32(RD_KAFKA_MSG_F_COPY)
                parts[2].vtype = RD_KAFKA_VTYPE_KEY
                parts[2].u.mem.ptr = key.ptr
                parts[2].u.mem.size = key.size
                parts[3].vtype = RD_KAFKA_VTYPE_VALUE
                parts[3].u.mem.ptr = value.ptr
                parts[3].u.mem.size = value.size
                parts[4].vtype = RD_KAFKA_VTYPE_OPAQUE
                parts[4].u.ptr = opaque
                parts[5].vtype = RD_KAFKA_VTYPE_HEADERS
                parts[5].u.headers = headers
                return rd_kafka_produceva(client.handle, parts, headers == nil ? 5 : 6)
            }
        }
        guard let error else { return (RD_KAFKA_RESP_ERR_NO_ERROR, nil) }
        defer { rd_kafka_error_destroy(error) }
        if let headers { rd_kafka_headers_destroy(headers) }
        return (rd_kafka_error_code(error), rd_kafka_error_string(error).map { String(cString: $0) })
    }

    private func isTopicName(_ name: String) -> Bool {
        (1...Self.topicNameBytesMax).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

/// Lends the bytes to C. Empty bytes get an address too: to Kafka, no address is "no value".
private func withMemory<Result>(
    _ bytes: [UInt8]?,
    _ body: ((ptr: UnsafeMutableRawPointer?, size: Int)) -> Result
) -> Result {
    guard let bytes else { return body((nil, 0)) }
    var nothing: UInt8 = 0
    if bytes.isEmpty { return withUnsafeMutableBytes(of: &nothing) { body(($0.baseAddress, 0)) } }
    // librdkafka copies and never writes.
    return bytes.withUnsafeBytes { body((UnsafeMutableRawPointer(mutating: $0.baseAddress), $0.count)) }
}
