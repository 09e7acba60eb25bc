internal import CRdkafka
package import Orchestration

/// The embedded broker: librdkafka's mock cluster with one broker on a free port of 127.0.0.1.
///
/// It keeps about 5 MB per partition and forgets everything when it ends; it is for development and tests. It speaks
/// to other processes, and should run in one of its own (`runBroker`): a fault in it must not touch a worker.
package final class MockBroker {
    package static let partitionsMax = 1_000
    /// The id of its one broker.
    private static let brokerID: Int32 = 1

    private let client: KafkaClient
    private let cluster: OpaquePointer
    /// `host:port` for clients.
    package let bootstrap: String

    package init() throws(TransportError) {
        // The client only carries the cluster, it never connects: port 9 discards.
        let configuration = try KafkaConfiguration(brokers: "127.0.0.1:9", groupID: "none", clientID: "broker")
        client = try KafkaClient(.administrator, configuration, ClientCallbacks())
        guard let cluster = rd_kafka_mock_cluster_new(client.handle, 1),
            let bootstrap = rd_kafka_mock_cluster_bootstraps(cluster)
        else { throw .unavailable(reason: "the embedded broker did not start") }
        self.cluster = cluster
        self.bootstrap = String(cString: bootstrap)
    }

    deinit { rd_kafka_mock_cluster_destroy(cluster) }

    package func create(_ topic: KafkaTopic) throws(TransportError) {
        guard !topic.name.isEmpty, (1...Self.partitionsMax).contains(topic.partitions) else {
            throw .invalidConfiguration(reason: "topic `\(topic.name)`: needs 1 to \(Self.partitionsMax) partitions")
        }
        let code = rd_kafka_mock_topic_create(cluster, topic.name, Int32(clamping: topic.partitions), 1)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw .invalidConfiguration(reason: "topic `\(topic.name)`: \(sentence(for: code))")
        }
    }

    /// Answers every question about a topic with an error code; 0 ends that.
    package func setFault(ofTopic name: String, code: Int32) {
        rd_kafka_mock_topic_set_error(cluster, name, rd_kafka_resp_err_t(rawValue: code))
    }

    /// Away: connections are cut and refused. What was written stays.
    package func setReachable(_ isReachable: Bool) {
        _ =
            isReachable
            ? rd_kafka_mock_broker_set_up(cluster, Self.brokerID)
            : rd_kafka_mock_broker_set_down(cluster, Self.brokerID)
    }

    /// Holds every answer back.
    package func setRoundTrip(milliseconds: Int) {
        rd_kafka_mock_broker_set_rtt(cluster, Self.brokerID, Int32(clamping: milliseconds))
    }

    /// Answers the next `count` requests of a kind (Kafka's API key: 0 produce, 1 fetch, …) with an error code.
    package func answer(api: Int16, with code: Int32, count: Int) {
        let errors = Array(repeating: rd_kafka_resp_err_t(rawValue: code), count: max(0, count))
        rd_kafka_mock_push_request_errors_array(cluster, api, errors.count, errors)
    }
}
