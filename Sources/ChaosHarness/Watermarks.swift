internal import CRdkafka
internal import Orchestration

/// The first and the next offset of partitions, asked of the broker by a client apart from the product's own.
final class Watermarks: @unchecked Sendable {
    private let client: OpaquePointer

    init(brokers: String) throws {
        let settings = rd_kafka_conf_new()
        rd_kafka_conf_set(settings, "bootstrap.servers", brokers, nil, 0)
        rd_kafka_conf_set_log_cb(settings) { _, _, _, _ in }
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, settings, nil, 0) else {
            throw ChaosFailure("no Kafka client for the watermarks")
        }
        self.client = client
    }

    deinit { rd_kafka_destroy(client) }

    /// Nil when the broker does not say.
    func of(_ topic: String, _ partition: Int) -> (low: Int64, high: Int64)? {
        var (low, high): (Int64, Int64) = (0, 0)
        let code = rd_kafka_query_watermark_offsets(client, topic, Int32(partition), &low, &high, 5_000)
        return code == RD_KAFKA_RESP_ERR_NO_ERROR ? (low, high) : nil
    }
}
