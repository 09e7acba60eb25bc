internal import CRdkafka
internal import Orchestration

extension IncomingRecord {
    /// Copies a message; the message stays the caller's.
    ///
    /// - Parameter skims: of a fact of our own, only the header that says so is copied.
    init(_ message: UnsafeMutablePointer<rd_kafka_message_t>, _ topicPartition: TopicPartition, skims: Bool) {
        self.init(
            topicPartition: topicPartition,
            offset: message.pointee.offset,
            key: copy(message.pointee.key, message.pointee.key_len),
            value: copy(message.pointee.payload, message.pointee.len),
            headers: RecordHeader.all(of: message, skims: skims),
            timestamp: Instant(timestampOf: message)
        )
    }

    /// What it takes in memory, roughly.
    var bytes: Int {
        headers.reduce((key?.count ?? 0) + (value?.count ?? 0)) { $0 + $1.name.utf8.count + ($1.value?.count ?? 0) }
    }
}

extension RecordHeader {
    fileprivate static func all(of message: UnsafeMutablePointer<rd_kafka_message_t>, skims: Bool) -> [Self] {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return [] }
        if skims, isOwn(list) { return [PublishedForm.mark] }
        var headers: [Self] = []
        headers.reserveCapacity(rd_kafka_header_cnt(list))
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

    /// Whether one of the headers is the mark of our own facts.
    private static func isOwn(_ list: OpaquePointer) -> Bool {
        var (value, size, index) = (UnsafeRawPointer?.none, 0, 0)
        while rd_kafka_header_get(list, index, PublishedForm.mark.name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
            let bytes = UnsafeRawBufferPointer(start: value, count: size)
            if let mark = PublishedForm.mark.value, bytes.elementsEqual(mark) { return true }
            index += 1
        }
        return false
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
