internal import CRdkafka
internal import Threads

/// The last thing that went wrong with a connection: without it "timed out" says little.
final class ConnectionTrouble: Sendable {
    private let last = Locked<String?>(nil)

    /// Takes what librdkafka's error callback tells.
    func note(_ code: rd_kafka_resp_err_t, _ reason: String) {
        // That all brokers are down follows from what has been told of each, and says no more.
        if code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN { last.withLock { $0 = reason } }
    }

    func added(to reason: String) -> String {
        last.withLock(\.self).map { "\(reason); last connection error: \($0)" } ?? reason
    }
}
