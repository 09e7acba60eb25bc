internal import CRdkafka
internal import Foundation

/// A record as it lies on Kafka.
struct TopicRecord {
    var topic: String
    var partition: Int32
    var offset: Int64
    var key: [UInt8]?
    var value: [UInt8]?
    var headers: [(name: String, value: [UInt8]?)]
}

/// Reads every partition of topics from offset 0 to its end.
enum TopicReader {
    static let timeoutMilliseconds: Int32 = 10_000
    /// How long nothing may come although something is left.
    static let silenceSecondsMax = 30.0

    static func read(brokers: String, topics: [String]) throws -> [TopicRecord] {
        let client = try open(brokers)
        defer {
            rd_kafka_consumer_close(client)
            rd_kafka_destroy(client)
        }
        var ends: [Place: Int64] = [:]
        for place in try places(client, topics) {
            let (low, high) = try watermarks(client, place)
            guard low == 0 else {
                throw CheckFailure("\(place.topic)[\(place.partition)] begins at offset \(low): evidence is gone")
            }
            if high > 0 { ends[place] = high }
        }
        guard !ends.isEmpty else { return [] }
        let list = rd_kafka_topic_partition_list_new(Int32(clamping: ends.count))
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for place in ends.keys {
            rd_kafka_topic_partition_list_add(list, place.topic, place.partition)?.pointee.offset = 0
        }
        try expectNoError(rd_kafka_assign(client, list), "assign")
        return try drain(client, ends)
    }

    private struct Place: Hashable {
        var topic: String
        var partition: Int32
    }

    private static func drain(_ client: OpaquePointer, _ ends: [Place: Int64]) throws -> [TopicRecord] {
        var ends = ends
        var records: [TopicRecord] = []
        var heard = Date()
        while !ends.isEmpty {
            guard let message = rd_kafka_consumer_poll(client, 200) else {
                guard Date().timeIntervalSince(heard) < silenceSecondsMax else {
                    throw CheckFailure("Kafka gives no more, but should: \(ends)")
                }
                continue
            }
            defer { rd_kafka_message_destroy(message) }
            let error = message.pointee.err
            if error == RD_KAFKA_RESP_ERR__PARTITION_EOF { continue }
            if error == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || error == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE {
                throw CheckFailure("evidence is gone: \(String(cString: rd_kafka_message_errstr(message)))")
            }
            // Anything else is a broker that does not answer just now.
            guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { continue }
            heard = Date()
            let record = read(message)
            let place = Place(topic: record.topic, partition: record.partition)
            guard let end = ends[place] else { continue }
            records.append(record)
            if record.offset + 1 >= end { ends[place] = nil }
        }
        return records
    }

    private static func read(_ message: UnsafeMutablePointer<rd_kafka_message_t>) -> TopicRecord {
        var record = TopicRecord(
            topic: String(cString: rd_kafka_topic_name(message.pointee.rkt)),
            partition: message.pointee.partition,
            offset: message.pointee.offset,
            key: bytes(message.pointee.key, message.pointee.key_len),
            value: bytes(message.pointee.payload, message.pointee.len),
            headers: []
        )
        var headers: OpaquePointer?
        guard rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR else { return record }
        var index = 0
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while rd_kafka_header_get_all(headers, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
            if let name { record.headers.append((String(cString: name), bytes(value, size))) }
            index += 1
        }
        return record
    }

    private static func bytes(_ start: UnsafeRawPointer?, _ count: Int) -> [UInt8]? {
        start.map { Array(UnsafeRawBufferPointer(start: $0, count: count)) }
    }

    // MARK: librdkafka

    private static func open(_ brokers: String) throws -> OpaquePointer {
        let settings = rd_kafka_conf_new()
        let properties = [
            "bootstrap.servers": brokers, "group.id": "chaos-checker", "enable.auto.commit": "false",
            "enable.auto.offset.store": "false", "auto.offset.reset": "error", "check.crcs": "true",
            "enable.partition.eof": "true", "fetch.wait.max.ms": "10", "allow.auto.create.topics": "false",
        ]
        for (name, value) in properties {
            guard rd_kafka_conf_set(settings, name, value, nil, 0) == RD_KAFKA_CONF_OK else {
                throw CheckFailure("librdkafka does not take \(name)=\(value)")
            }
        }
        rd_kafka_conf_set_log_cb(settings) { _, _, _, _ in }
        guard let client = rd_kafka_new(RD_KAFKA_CONSUMER, settings, nil, 0) else {
            throw CheckFailure("no Kafka client for the checker")
        }
        rd_kafka_poll_set_consumer(client)
        return client
    }

    private static func places(_ client: OpaquePointer, _ topics: [String]) throws -> [Place] {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        try expectNoError(rd_kafka_metadata(client, 1, nil, &metadata, timeoutMilliseconds), "metadata")
        guard let metadata else { throw CheckFailure("the brokers gave no metadata") }
        defer { rd_kafka_metadata_destroy(metadata) }
        var places: [Place] = []
        for topic in UnsafeBufferPointer(start: metadata.pointee.topics, count: Int(metadata.pointee.topic_cnt)) {
            let name = String(cString: topic.topic)
            guard topics.isEmpty || topics.contains(name) else { continue }
            for partition in UnsafeBufferPointer(start: topic.partitions, count: Int(topic.partition_cnt)) {
                places.append(Place(topic: name, partition: partition.id))
            }
        }
        for topic in topics where !places.contains(where: { $0.topic == topic }) {
            throw CheckFailure("there is no topic \(topic)")
        }
        return places
    }

    private static func watermarks(_ client: OpaquePointer, _ place: Place) throws -> (low: Int64, high: Int64) {
        var (low, high): (Int64, Int64) = (0, 0)
        try expectNoError(
            rd_kafka_query_watermark_offsets(client, place.topic, place.partition, &low, &high, timeoutMilliseconds),
            "offsets of \(place.topic)[\(place.partition)]"
        )
        return (low, high)
    }

    private static func expectNoError(_ code: rd_kafka_resp_err_t, _ what: String) throws {
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw CheckFailure("\(what): \(String(cString: rd_kafka_err2str(code)))")
        }
    }
}
