internal import CRdkafka
internal import Orchestration

/// One assigned partition: its own librdkafka queue, so that a partition whose batch is not done yet is simply not
/// drained, while the others flow.
///
/// Records are taken one by one: the batch call of librdkafka 2.0 can lose records around a rebalance.
final class ConsumerLane {
    let topicPartition: TopicPartition
    private(set) var hasStopped = false
    private let queue: OpaquePointer
    private let skims: Bool
    /// Where the partition goes on, nil until the first record when it did not start at a number.
    private var nextOffset: Int64?
    /// Of the last record that was processed, which is read once more and compared; nil once it has been, or is gone.
    private var expected: RecordFingerprint?
    /// Where the partition ended when it was last looked at, and since when: librdkafka passes over the marks of
    /// transactions and what they have taken back, and says only here how far it has come.
    private var end: (offset: Int64, since: Int)?

    /// Must be made before the partition is assigned, so that no record goes to the common queue.
    init?(
        _ client: KafkaClient,
        _ topicPartition: TopicPartition,
        wakeUp: WakeUp,
        nextOffset: Int64?,
        expecting fingerprint: RecordFingerprint? = nil,
        skims: Bool
    ) {
        guard let partition = Int32(exactly: topicPartition.partition),
            let queue = rd_kafka_queue_get_partition(client.handle, topicPartition.topic, partition)
        else { return nil }
        rd_kafka_queue_forward(queue, nil)
        var payload: UInt8 = 1
        rd_kafka_queue_io_event_enable(queue, wakeUp.writeEnd, &payload, 1)
        self.queue = queue
        self.skims = skims
        self.topicPartition = topicPartition
        expected = fingerprint
        self.nextOffset = nextOffset
    }

    deinit {
        rd_kafka_queue_io_event_enable(queue, -1, nil, 0)
        rd_kafka_queue_destroy(queue)
    }

    enum Trouble {
        case stopped(reason: String)
        /// The record to compare with is not there: deleted since its place was looked at, or that place is not known.
        case displaced(reason: String)
        case error(rd_kafka_resp_err_t, String)
    }

    /// Takes what has been fetched, up to the limits (the record that passes `bytesMax` is still taken).
    func drain(recordsMax: Int, bytesMax: Int) -> (records: [IncomingRecord], trouble: Trouble?) {
        var records: [IncomingRecord] = []
        var bytes = 0
        while records.count < recordsMax, bytes < bytesMax, let message = rd_kafka_consume_queue(queue, 0) {
            defer { rd_kafka_message_destroy(message) }
            let code = message.pointee.err
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
                if let trouble = trouble(code, message) { return (records, trouble) }
                continue
            }
            let record = IncomingRecord(message, topicPartition, skims: skims)
            // Where compaction has taken the record away, there is nothing to compare with.
            let last = expected
            expected = nil
            if let nextOffset, record.offset < nextOffset {
                // Nothing that can be read stood between that record and the position.
                guard RecordFingerprint(of: record) == last else {
                    hasStopped = true
                    return (records, .stopped(reason: StoppedPartition.otherRecord(topicPartition, record.offset)))
                }
                continue
            }
            bytes += record.bytes
            nextOffset = record.nextOffset
            records.append(record)
        }
        return (records, nil)
    }

    /// Once for each end, and only when nothing has come for so long: every transaction has its mark, and one position
    /// for a quiet partition is enough.
    func takeEnd(quietMilliseconds: Int) -> Int64? {
        // A partition that has given no record begins where it begins: there, retention cannot stop it.
        guard let (offset, since) = end, let known = nextOffset, offset > known,
            monotonicMilliseconds() - since >= quietMilliseconds
        else { return nil }
        nextOffset = offset
        return offset
    }

    private func reachEnd(_ offset: Int64) {
        if let last = expected, offset > last.offset { expected = nil }
        end = (offset, monotonicMilliseconds())
    }

    private func trouble(
        _ code: rd_kafka_resp_err_t,
        _ message: UnsafeMutablePointer<rd_kafka_message_t>
    ) -> Trouble? {
        switch code {
        case RD_KAFKA_RESP_ERR__PARTITION_EOF:
            reachEnd(message.pointee.offset)
            return nil
        case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, RD_KAFKA_RESP_ERR__NO_OFFSET:
            hasStopped = true
            let reason = StoppedPartition.outOfRange(topicPartition, nextOffset)
            return expected == nil ? .stopped(reason: reason) : .displaced(reason: reason)
        // librdkafka goes on behind a batch that it cannot read, and so would the position.
        case RD_KAFKA_RESP_ERR__BAD_MSG, RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED, RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
            hasStopped = true
            return .stopped(
                reason:
                    "records of \(topicPartition) from offset \(nextOffset ?? 0) on cannot be read: \(reason(of: message))"
            )
        default: return .error(code, reason(of: message))
        }
    }
}

/// librdkafka's own words for an error message of a consumer.
func reason(of message: UnsafeMutablePointer<rd_kafka_message_t>) -> String {
    rd_kafka_message_errstr(message).map { String(cString: $0) } ?? sentence(for: message.pointee.err)
}
