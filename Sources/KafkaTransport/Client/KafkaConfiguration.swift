internal import CRdkafka
package import Orchestration

/// Where Kafka is and how to speak to it.
///
/// The defaults hold what the product relies on (positions live in PostgreSQL, nothing is committed or reset behind
/// our back, the producer keeps order); a properties file adds what the cluster needs, such as TLS and SASL.
package struct KafkaConfiguration: Sendable {
    /// `host:port`, several separated by commas. May be empty when the properties file names `bootstrap.servers`.
    package var brokers: String
    package var groupID: String
    package var clientID: String
    /// How long a broker may hold back an empty answer. The embedded broker always does, a real one answers at once
    /// when a record comes; so this is the embedded broker's latency.
    package var fetchWaitMilliseconds = 100
    /// After so long without a heartbeat a group gives a member's partitions to others; the brokers' own limits are
    /// usually 6 s and 30 min. It is how long the sessions of a killed worker stand still.
    package var sessionTimeoutMilliseconds = 10_000
    /// How long `KafkaRecordSink.send` waits for the brokers' answers.
    package var sendLimitMilliseconds = 30_000
    /// How long the brokers may take to answer a question, such as which cluster they are.
    package var answerLimitMilliseconds = 10_000
    /// How often topics are looked at for what has changed by itself: new partitions, a topic that is there again.
    package var metadataRefreshMilliseconds = 30_000
    var properties: [KafkaProperty]

    /// How many partitions a consumer may be given; they share what may be fetched ahead.
    package var partitionsMax = 1
    /// Records fetched ahead: what is in PostgreSQL later need not wait here. A partition's share must hold its traffic
    /// until the next answer of its broker, since librdkafka 2.0 looks only then whether there is room again:
    /// `fetchWaitMilliseconds`, or a second when all partitions of the broker are full.
    static let prefetchRecords = FetchedAhead(total: 4_096, least: 64, most: 1_000)
    /// And their memory, in kilobytes.
    static let prefetchKilobytes = FetchedAhead(total: 65_536, least: 256, most: 1_024)
    /// What one answer of the brokers brings of a partition, compressed, if its first record is not larger. The whole
    /// answer stays in memory until its last record has been taken.
    static let fetchBytes = FetchedAhead(total: 1 << 20, least: 8 << 10, most: 128 << 10)
    /// How long a full partition is not looked at; librdkafka's own second is meant for queues a hundred times as long.
    static let fullQueueMilliseconds = 20
    /// How many heartbeats must be lost before a member counts as dead.
    static let heartbeatsPerSession = 3
    /// The longest pause before a broker that was away is tried again.
    static let reconnectMillisecondsMax = 2_000
    /// The largest record that the producer takes, as the brokers' own default.
    static let messageBytesMax = 1_000_000
    /// How long the producer gathers records before it sends: a batch is handed over at once, and what comes while
    /// requests are under way goes together. librdkafka counts whole milliseconds, so any fraction costs one.
    static let lingerMilliseconds = 0

    /// How long a topic that the brokers do not know may just have been made. A record for one that does not exist keeps
    /// those sent with it waiting so long, and comes again by its row in the outbox.
    static let topicPropagationMilliseconds = 1_000

    /// - Parameter propertiesFile: lines of `key=value` with librdkafka's names, `#` comments.
    /// - Throws: `invalidConfiguration`, naming the file's line and the key and never a value: it may be a secret.
    package init(
        brokers: String,
        groupID: String,
        propertiesFile: String? = nil,
        clientID: String = "genesis"
    ) throws(TransportError) {
        self.brokers = brokers
        self.groupID = groupID
        self.clientID = clientID
        properties = if let propertiesFile { try KafkaProperty.read(file: propertiesFile) } else { [] }
        try Self.check(brokers: brokers, properties)
        guard !groupID.isEmpty else { throw .invalidConfiguration(reason: "the Kafka consumer group has no name") }
        for role in [KafkaClient.Role.consumer, .producer] { rd_kafka_conf_destroy(try conf(for: role)) }
    }

    /// The settings of one client; the caller owns them.
    func conf(for role: KafkaClient.Role) throws(TransportError) -> OpaquePointer {
        guard let conf = rd_kafka_conf_new() else {
            throw .invalidConfiguration(reason: "librdkafka made no configuration")
        }
        do throws(TransportError) {
            for (name, value) in defaults(for: role) {
                guard Self.set(conf, name, value) == RD_KAFKA_CONF_OK else {
                    throw TransportError.invalidConfiguration(reason: "librdkafka refuses `\(name)`")
                }
            }
            for (name, value) in newerDefaults(for: role) { _ = Self.set(conf, name, value) }
            for property in properties {
                switch Self.set(conf, property.name, property.value) {
                case RD_KAFKA_CONF_OK: break
                case RD_KAFKA_CONF_UNKNOWN:
                    throw TransportError.invalidConfiguration(
                        reason: "\(property.place): `\(property.name)` is not a property that librdkafka knows"
                    )
                default:
                    throw TransportError.invalidConfiguration(
                        reason: "\(property.place): the value of `\(property.name)` is not valid"
                    )
                }
            }
            if !brokers.isEmpty, Self.set(conf, "bootstrap.servers", brokers) != RD_KAFKA_CONF_OK {
                throw TransportError.invalidConfiguration(reason: "the broker list is not valid")
            }
            return conf
        } catch {
            rd_kafka_conf_destroy(conf)
            throw error
        }
    }

    /// The file may ask for another one, and heartbeats that are too slow for it would end each assignment.
    private var sessionTimeout: Int {
        properties.first { $0.name == "session.timeout.ms" }.flatMap { Int($0.value) } ?? sessionTimeoutMilliseconds
    }

    /// Whether the file asks for librdkafka's own log, which goes to standard error.
    var wantsLibraryLog: Bool { properties.contains { $0.name == "debug" } }

    private func defaults(for role: KafkaClient.Role) -> [(String, String)] {
        let common = [
            ("client.id", clientID),
            ("socket.nagle.disable", "true"),
            ("socket.keepalive.enable", "true"),
            ("reconnect.backoff.max.ms", String(Self.reconnectMillisecondsMax)),
            ("message.max.bytes", String(Self.messageBytesMax)),
            ("topic.metadata.refresh.interval.ms", String(metadataRefreshMilliseconds)),
        ]
        switch role {
        case .consumer:
            return common + [
                ("group.id", groupID),
                ("session.timeout.ms", String(sessionTimeoutMilliseconds)),
                ("heartbeat.interval.ms", String(max(1, sessionTimeout / Self.heartbeatsPerSession))),
                ("enable.auto.commit", "false"),
                ("enable.auto.offset.store", "false"),
                ("auto.offset.reset", "error"),
                ("partition.assignment.strategy", "range,roundrobin"),
                ("isolation.level", "read_committed"),
                ("enable.partition.eof", "true"),
                ("allow.auto.create.topics", "false"),
                ("fetch.wait.max.ms", String(fetchWaitMilliseconds)),
                ("queued.min.messages", String(Self.prefetchRecords.share(of: partitionsMax))),
                ("queued.max.messages.kbytes", String(Self.prefetchKilobytes.share(of: partitionsMax))),
                ("fetch.message.max.bytes", String(Self.fetchBytes.share(of: partitionsMax))),
            ]
        case .producer:
            return common + [
                ("enable.idempotence", "true"),
                ("acks", "all"),
                ("topic.metadata.propagation.max.ms", String(Self.topicPropagationMilliseconds)),
                ("linger.ms", String(Self.lingerMilliseconds)),
                ("message.timeout.ms", String(sendLimitMilliseconds)),
                ("max.in.flight.requests.per.connection", "5"),
            ]
        case .administrator: return common
        }
    }

    /// What Debian 12's librdkafka, 2.0, does not know yet.
    private func newerDefaults(for role: KafkaClient.Role) -> [(String, String)] {
        switch role {
        case .consumer:
            [
                ("group.protocol", "classic"),
                ("fetch.queue.backoff.ms", String(Self.fullQueueMilliseconds)),
            ]
        case .producer, .administrator: []
        }
    }

    private static func set(_ conf: OpaquePointer, _ name: String, _ value: String) -> rd_kafka_conf_res_t {
        // The text that librdkafka would add quotes the value, so it is not asked for.
        rd_kafka_conf_set(conf, name, value, nil, 0)
    }

    private static func check(brokers: String, _ properties: [KafkaProperty]) throws(TransportError) {
        if brokers.isEmpty {
            guard properties.contains(where: { $0.name == "bootstrap.servers" || $0.name == "metadata.broker.list" })
            else { throw .invalidConfiguration(reason: "no Kafka broker is named") }
            return
        }
        for broker in brokers.split(separator: ",", omittingEmptySubsequences: false) {
            let hasPort = broker.lastIndex(of: ":").map { colon in !broker[colon...].contains("]") } ?? false
            let port = hasPort ? broker.split(separator: ":", omittingEmptySubsequences: false).last : nil
            let portIsValid = port.map { (UInt16($0) ?? 0) > 0 } ?? true
            guard !broker.isEmpty, broker.first != ":", !broker.contains(" "), portIsValid else {
                throw .invalidConfiguration(reason: "`\(broker)` in the broker list is not HOST:PORT")
            }
        }
    }
}

/// A bound of all partitions of a consumer together, of which each has an even share within limits.
struct FetchedAhead: Sendable {
    var total: Int
    var least: Int
    var most: Int

    func share(of partitions: Int) -> Int { min(most, max(least, total / max(1, partitions))) }
}
