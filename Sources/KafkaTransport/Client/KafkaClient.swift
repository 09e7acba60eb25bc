internal import CRdkafka
internal import Orchestration
internal import Threads

/// Owns one librdkafka client. Destroying one can take a moment, so that happens on a thread of its own.
final class KafkaClient: @unchecked Sendable {
    enum Role { case consumer, producer, administrator }

    let handle: OpaquePointer
    private let callbacks: ClientCallbacks

    /// - Throws: `invalidConfiguration` when the settings contradict each other or name files that cannot be read.
    init(_ role: Role, _ configuration: KafkaConfiguration, _ callbacks: ClientCallbacks) throws(TransportError) {
        let conf = try configuration.conf(for: role)
        rd_kafka_conf_set_opaque(conf, Unmanaged.passUnretained(callbacks).toOpaque())
        rd_kafka_conf_set_error_cb(conf) { _, code, reason, opaque in
            ClientCallbacks.from(opaque)?.error?(
                rd_kafka_resp_err_t(rawValue: code),
                reason.map { String(cString: $0) } ?? ""
            )
        }
        // What matters comes through the error callback; librdkafka's own log would go to standard error.
        if !configuration.wantsLibraryLog { rd_kafka_conf_set_log_cb(conf) { _, _, _, _ in } }
        switch role {
        case .consumer:
            rd_kafka_conf_set_rebalance_cb(conf) { _, code, partitions, opaque in
                ClientCallbacks.from(opaque)?.rebalance?(code, partitions)
            }
        case .producer:
            rd_kafka_conf_set_dr_msg_cb(conf) { _, message, _ in
                if let message { DeliveryBatch.report(message.pointee) }
            }
        case .administrator: break
        }
        var reason = [CChar](repeating: 0, count: 512)
        let kind = role == .consumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER
        guard let handle = rd_kafka_new(kind, conf, &reason, reason.count) else {
            rd_kafka_conf_destroy(conf)
            throw .invalidConfiguration(reason: "librdkafka refuses the Kafka settings: \(text(reason))")
        }
        self.handle = handle
        self.callbacks = callbacks
    }

    deinit {
        let remains = Remains(handle: handle, callbacks: callbacks)
        startThread { remains.destroy() }
    }

    /// Why the client cannot go on, nil when it can.
    var fatalReason: String? {
        var reason = [CChar](repeating: 0, count: 512)
        let code = rd_kafka_fatal_error(handle, &reason, reason.count)
        return code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : "\(name(of: code)): \(text(reason))"
    }

    /// The first offset that the partition holds and the one after the last; nil when the brokers did not say. Blocks.
    func bounds(of partition: TopicPartition, limitMilliseconds: Int32) -> ClosedRange<Int64>? {
        var (low, high): (Int64, Int64) = (-1, -1)
        let code = rd_kafka_query_watermark_offsets(
            handle,
            partition.topic,
            Int32(clamping: partition.partition),
            &low,
            &high,
            limitMilliseconds
        )
        return code == RD_KAFKA_RESP_ERR_NO_ERROR && low >= 0 && high >= low ? low...high : nil
    }

    /// Whether a broker answers within the limit; blocks.
    func answers(limitMilliseconds: Int32) -> Bool {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        guard rd_kafka_metadata(handle, 0, nil, &metadata, limitMilliseconds) == RD_KAFKA_RESP_ERR_NO_ERROR
        else { return false }
        rd_kafka_metadata_destroy(metadata)
        return true
    }

    /// The id of the cluster; blocks up to the limit.
    func clusterID(limitMilliseconds: Int32) -> String? {
        // Asked for, not waited for: by itself a client that has no topic yet asks once a second only.
        guard answers(limitMilliseconds: limitMilliseconds), let id = rd_kafka_clusterid(handle, limitMilliseconds)
        else { return nil }
        defer { rd_kafka_mem_free(handle, id) }
        return String(cString: id)
    }
}

/// What librdkafka calls back, on the thread that polls the client. It outlives the client.
final class ClientCallbacks: @unchecked Sendable {
    typealias PartitionList = UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    var error: ((rd_kafka_resp_err_t, String) -> Void)?
    var rebalance: ((rd_kafka_resp_err_t, PartitionList?) -> Void)?
    /// Told by librdkafka through a file descriptor, which must stay open as long as the client.
    let wakeUp: WakeUp?

    init(wakeUp: WakeUp? = nil) { self.wakeUp = wakeUp }

    static func from(_ opaque: UnsafeMutableRawPointer?) -> ClientCallbacks? {
        opaque.map { Unmanaged<ClientCallbacks>.fromOpaque($0).takeUnretainedValue() }
    }
}

private struct Remains: @unchecked Sendable {
    let handle: OpaquePointer
    let callbacks: ClientCallbacks

    func destroy() {
        withExtendedLifetime(callbacks) {
            rd_kafka_destroy_flags(handle, Int32(RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE))
        }
    }
}

/// librdkafka's sentence for an error code.
func sentence(for code: rd_kafka_resp_err_t) -> String { rd_kafka_err2str(code).map { String(cString: $0) } ?? "error" }

/// librdkafka's name of an error code, such as `MSG_SIZE_TOO_LARGE`.
func name(of code: rd_kafka_resp_err_t) -> String { rd_kafka_err2name(code).map { String(cString: $0) } ?? "error" }

func text(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
