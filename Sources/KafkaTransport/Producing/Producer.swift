internal import CRdkafka
internal import Orchestration
internal import Threads

/// One librdkafka producer, the thread that serves its reports, and the topics that it has produced to.
final class Producer: Sendable {
    /// How long the polling thread sleeps when nothing is reported.
    static let idleMilliseconds: Int32 = 200

    let client: KafkaClient
    /// Of the last send that has ended: all its records timed out.
    let getsNothingThrough = Locked(false)
    private let topics = Locked(Topics())
    private let isEnding = Locked(false)

    init(_ configuration: KafkaConfiguration, _ trouble: ConnectionTrouble) throws(TransportError) {
        let callbacks = ClientCallbacks()
        callbacks.error = { trouble.note($0, $1) }
        client = try KafkaClient(.producer, configuration, callbacks)
        let (client, isEnding, limit) = (client, isEnding, configuration.sendLimitMilliseconds)
        startThread { Self.serveReports(of: client, isEnding, limit) }
    }

    func topic(_ name: String) -> OpaquePointer? { topics.withLock { $0.handle(name, client) } }

    /// Takes nothing more; what is under way is still reported.
    func end() {
        isEnding.withLock { $0 = true }
        topics.withLock { $0.removeAll() }
    }

    /// The polling thread: calls back what has become of records, until the last is reported or given up.
    private static func serveReports(of client: KafkaClient, _ isEnding: Locked<Bool>, _ limitMilliseconds: Int) {
        while !isEnding.withLock(\.self) { rd_kafka_poll(client.handle, idleMilliseconds) }
        let deadline = monotonicMilliseconds() + limitMilliseconds + Int(KafkaRecordSink.closeMilliseconds)
        while rd_kafka_outq_len(client.handle) > 0, monotonicMilliseconds() < deadline {
            rd_kafka_poll(client.handle, idleMilliseconds)
        }
    }
}

/// The topics that were produced to: with a handle of its own a topic's first record does not wait for a second.
private struct Topics {
    /// Beyond so many all are forgotten and made anew: names may come from data.
    static let handlesMax = 1_000

    private var handles: [String: OpaquePointer] = [:]

    mutating func handle(_ name: String, _ client: KafkaClient) -> OpaquePointer? {
        if let known = handles[name] { return known }
        guard let made = rd_kafka_topic_new(client.handle, name, nil) else { return nil }
        if handles.count >= Self.handlesMax { removeAll() }
        handles[name] = made
        return made
    }

    mutating func removeAll() {
        for handle in handles.values { rd_kafka_topic_destroy(handle) }
        handles = [:]
    }
}
