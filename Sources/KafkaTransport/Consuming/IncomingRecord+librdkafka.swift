internal import CRdkafka
internal import Orchestration

extension IncomingRecord {
    /// Copies a message; the message stays the caller's.
    init(_ message: UnsafeMutablePointer<rd_kafka_message_t>, _ topicPartition: TopicPartition) {
        self.init(
            topicPartition: topicPartition,
            offset: message.pointee.offset,
            key: copy(message.pointee.key, message.pointee.key_len),
            value: copy(message.pointee.payload, message.pointee.len),
            headers: RecordHeader.all(of: message),
            timestamp: Instant(timestampOf: message)
        )
    }

    /// What it takes in memory, roughly.
    var bytes: Int {
        headers.reduce((key?.count ?? 0) + (value?.count ?? 0)) { $0 + $1.name.utf8.count + ($1.value?.count ?? 0) }
    }
}

extension RecordHeader {
    fileprivate static func all(of message: UnsafeMutablePointer<rd_kafka_message_t>) -> [Self] {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return [] }
        var headers: [Self] = []
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while rd_kafka_header_get_all(list, headers.count, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR,
            let found = name
        {
            headers.append(Self(name: String(cString: found), value: copy(value, size)))
        }
        return headers
    }
}

extension Instant {
    fileprivate init?(timestampOf message: UnsafeMutablePointer<rd_kafka_message_t>) {
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let milliseconds = rd_kafka_message_timestamp(message, &kind)
        let (microseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000)
        guard kind != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE, milliseconds >= 0, !overflow else { return nil }
        self.init(microseconds: microseconds)
    }
}

/// Nil stays nil: an empty value and no value mean different things in Kafka.
private func copy(_ bytes: UnsafeRawPointer?, _ count: Int) -> [UInt8]? {
    bytes.map { Array(UnsafeRawBufferPointer(start: $0, count: count)) }
}
