import CRdkafka
import Foundation
import KafkaTransport

/// Brokers of another make than the embedded one, named by the environment. Their cluster must serve nothing else: the
/// topics of the product are deleted there.
struct RealBrokers {
    /// `GENESIS_TEST_BROKERS`: `host:port`, several separated by commas.
    var addresses: String
    /// What is in the file that `GENESIS_TEST_KAFKA_PROPERTIES` names, such as TLS and SASL.
    var properties = ""

    static var named: RealBrokers? {
        let environment = ProcessInfo.processInfo.environment
        guard let addresses = environment["GENESIS_TEST_BROKERS"], !addresses.isEmpty else { return nil }
        let file = environment["GENESIS_TEST_KAFKA_PROPERTIES"]
        let properties = file.flatMap { try? String(contentsOfFile: $0, encoding: .utf8) } ?? ""
        return RealBrokers(addresses: addresses, properties: properties + "\n")
    }

    /// Deletes those of the topics that exist, and waits until they are gone.
    func delete(_ topics: [String], of fleet: Fleet) async throws {
        let administration = try KafkaAdministration(fleet.configuration)
        let missing = try await administration.missingTopics(of: topics)
        let doomed = topics.filter { !missing.contains($0) }
        if doomed.isEmpty { return }
        try order(deletionOf: doomed)
        try await eventually("the topics are gone") {
            try await administration.missingTopics(of: doomed).count == doomed.count
        }
    }

    private func order(deletionOf topics: [String]) throws {
        let conf = rd_kafka_conf_new()
        for line in (properties + "bootstrap.servers=\(addresses)").split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            if parts.count == 2 { rd_kafka_conf_set(conf, parts[0], parts[1], nil, 0) }
        }
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nil, 0), let queue = rd_kafka_queue_new(client)
        else { throw Failure("no client for the deletion of topics") }
        defer {
            rd_kafka_queue_destroy(queue)
            rd_kafka_destroy(client)
        }
        var orders: [OpaquePointer?] = topics.map { rd_kafka_DeleteTopic_new($0) }
        defer { for order in orders { rd_kafka_DeleteTopic_destroy(order) } }
        rd_kafka_DeleteTopics(client, &orders, orders.count, nil, queue)
        let answer = rd_kafka_queue_poll(queue, Self.answerMilliseconds)
        defer { rd_kafka_event_destroy(answer) }
        guard let answer, rd_kafka_event_error(answer) == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw Failure("the brokers delete no topics")
        }
    }

    private static let answerMilliseconds: Int32 = 30_000
}
