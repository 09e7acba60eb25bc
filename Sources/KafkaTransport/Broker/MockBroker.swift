internal import CRdkafka
internal import Glibc
package import Orchestration
internal import Threads

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
        Self.answerAtOnce(port)
    }

    deinit { rd_kafka_mock_cluster_destroy(cluster) }

    package func create(_ topic: KafkaTopic) throws(TransportError) {
        guard !topic.name.isEmpty, (1...Self.partitionsMax).contains(topic.partitions) else {
            throw .invalidConfiguration(reason: "topic `\(topic.name)`: needs 1 to \(Self.partitionsMax) partitions")
        }
        let code = awake { rd_kafka_mock_topic_create(cluster, topic.name, Int32(clamping: topic.partitions), 1) }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw .invalidConfiguration(reason: "topic `\(topic.name)`: \(sentence(for: code))")
        }
    }

    /// Answers every question about a topic with an error code; 0 ends that.
    package func setFault(ofTopic name: String, code: Int32) {
        awake { rd_kafka_mock_topic_set_error(cluster, name, rd_kafka_resp_err_t(rawValue: code)) }
    }

    /// Away: connections are cut and refused. What was written stays.
    package func setReachable(_ isReachable: Bool) {
        _ = awake {
            isReachable
                ? rd_kafka_mock_broker_set_up(cluster, Self.brokerID)
                : rd_kafka_mock_broker_set_down(cluster, Self.brokerID)
        }
    }

    /// Holds every answer back.
    package func setRoundTrip(milliseconds: Int) {
        _ = awake { rd_kafka_mock_broker_set_rtt(cluster, Self.brokerID, Int32(clamping: milliseconds)) }
    }

    /// Answers the next `count` requests of a kind (Kafka's API key: 0 produce, 1 fetch, …) with an error code; 0 takes
    /// back what is left of earlier orders.
    package func answer(api: Int16, with code: Int32, count: Int) {
        if count == 0 { return rd_kafka_mock_clear_request_errors(cluster, api) }
        let errors = Array(repeating: rd_kafka_resp_err_t(rawValue: code), count: max(0, count))
        rd_kafka_mock_push_request_errors_array(cluster, api, errors.count, errors)
    }

    private var port: UInt16 { bootstrap.split(separator: ":").last.flatMap { UInt16($0) } ?? 0 }

    /// The mock cluster leaves Nagle's algorithm on: the second of two answers would wait until the first has been
    /// acknowledged, which takes the other side 40 ms. Real brokers turn it off. A connection has what its door had.
    private static func answerAtOnce(_ port: UInt16) {
        for descriptor in 0..<doorsLookedAtMax where listens(descriptor, at: port) {
            var isOn: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    /// A descriptor of a process that has just begun is below it.
    private static let doorsLookedAtMax: Int32 = 1_024

    private static func listens(_ descriptor: Int32, at port: UInt16) -> Bool {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isNamed = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) == 0 }
        }
        var isDoor: Int32 = 0
        size = socklen_t(MemoryLayout<Int32>.size)
        return isNamed && address.sin_port == port.bigEndian
            && getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &isDoor, &size) == 0 && isDoor != 0
    }

    /// The mock cluster's thread now and then sleeps through an order until its own second is over. Whoever knocks at
    /// the broker's door meanwhile wakes it.
    private func awake<Result>(_ order: () -> Result) -> Result {
        let isObeyed = Locked(false)
        startThread { [port] in
            while !isObeyed.withLock(\.self) {
                Self.knock(port)
                usleep(Self.knockMicroseconds)
            }
        }
        defer { isObeyed.withLock { $0 = true } }
        return order()
    }

    private static let knockMicroseconds: UInt32 = 1_000

    private static func knock(_ port: UInt16) {
        let door = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard door >= 0 else { return }
        defer { close(door) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                _ = connect(door, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
