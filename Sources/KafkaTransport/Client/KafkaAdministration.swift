internal import CRdkafka
package import Orchestration
internal import Threads

/// Questions and orders to the brokers that are not records.
package final class KafkaAdministration: Sendable {
    static let limitMillisecondsMax = 3_600_000
    /// How much later than librdkafka's own limit its answer is given up.
    static let pollMarginMilliseconds: Int32 = 5_000
    /// Between two looks whether the brokers list what has been created.
    static let listingPauseMilliseconds = 100
    private static let unsupported =
        "these brokers do not create topics on request; create them with the cluster's own tools"

    private let client: KafkaClient
    private let trouble = ConnectionTrouble()
    private let limit: Int32
    private let thread = WorkerThread()

    package init(_ configuration: KafkaConfiguration) throws(TransportError) {
        let (callbacks, trouble) = (ClientCallbacks(), trouble)
        callbacks.error = { trouble.note($0, $1) }
        client = try KafkaClient(.administrator, configuration, callbacks)
        limit = Int32(clamping: min(configuration.answerLimitMilliseconds, Self.limitMillisecondsMax))
    }

    deinit { thread.stop() }

    /// All topics that the brokers know, sorted by name.
    package func listTopics() async throws(TransportError) -> [KafkaTopic] {
        let (client, limit) = (client, limit)
        return try await run { Self.listTopics(client, limit) }
    }

    /// Creates the topics and waits until the brokers list them; those that exist are left as they are.
    package func createTopics(_ topics: [KafkaTopic]) async throws(TransportError) {
        let missing = Set(try await missingTopics(of: topics.map(\.name)))
        let wanted = topics.filter { missing.contains($0.name) }
        if wanted.isEmpty { return }
        let (client, limit) = (client, limit)
        try await run { Self.createTopics(wanted, client, limit) }
        // The controller has them at once, the brokers a little later; a worker that starts now must find them.
        let deadline = monotonicMilliseconds() + Int(limit)
        while true {
            let unlisted = try await missingTopics(of: wanted.map(\.name))
            if unlisted.isEmpty { return }
            guard monotonicMilliseconds() < deadline else {
                let names = unlisted.joined(separator: ", ")
                throw .unavailable(reason: "the topics were created, but the brokers do not list \(names) yet")
            }
            try? await Task.sleep(for: .milliseconds(Self.listingPauseMilliseconds))
        }
    }

    /// Those of the names that the brokers do not know, in the order given.
    package func missingTopics(of names: [String]) async throws(TransportError) -> [String] {
        let known = Set(try await listTopics().map(\.name))
        return names.filter { !known.contains($0) }
    }

    private func run<Value: Sendable>(
        _ body: @escaping @Sendable () -> Result<Value, TransportError>
    ) async throws(TransportError) -> Value {
        let (client, trouble) = (client, trouble)
        let answer = await thread.run { () -> Result<Value, TransportError> in
            let result = body()
            // Serves the error callback: why nobody answered, such as credentials that the brokers do not take.
            rd_kafka_poll(client.handle, 0)
            guard case .failure(.unavailable(let reason)) = result else { return result }
            return .failure(.unavailable(reason: trouble.added(to: reason)))
        }
        guard let answer else { throw .unavailable(reason: "the Kafka client was closed") }
        return try answer.get()
    }

    private static func listTopics(_ client: KafkaClient, _ limit: Int32) -> Result<[KafkaTopic], TransportError> {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(client.handle, 1, nil, &metadata, limit)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else {
            return .failure(.unavailable(reason: "Kafka did not list its topics: \(sentence(for: code))"))
        }
        defer { rd_kafka_metadata_destroy(metadata) }
        let all = UnsafeBufferPointer(start: metadata.pointee.topics, count: max(0, Int(metadata.pointee.topic_cnt)))
        let topics = all.compactMap { topic -> KafkaTopic? in
            guard topic.err == RD_KAFKA_RESP_ERR_NO_ERROR, let name = topic.topic else { return nil }
            return KafkaTopic(String(cString: name), partitions: Int(topic.partition_cnt))
        }
        return .success(topics.sorted { $0.name < $1.name })
    }

    private static func createTopics(
        _ topics: [KafkaTopic],
        _ client: KafkaClient,
        _ limit: Int32
    ) -> Result<Void, TransportError> {
        func failure(_ reason: String) -> Result<Void, TransportError> {
            let names = topics.map(\.name).joined(separator: ", ")
            return .failure(.unavailable(reason: "cannot create the Kafka topics (\(names)): \(reason)"))
        }
        var reason = [CChar](repeating: 0, count: 512)
        var orders: [OpaquePointer?] = []
        defer { for order in orders { rd_kafka_NewTopic_destroy(order) } }
        for topic in topics {
            // -1: as many replicas as the brokers' own setting says.
            guard
                let order = rd_kafka_NewTopic_new(
                    topic.name,
                    Int32(clamping: topic.partitions),
                    -1,
                    &reason,
                    reason.count
                )
            else { return failure("`\(topic.name)`: \(text(reason))") }
            orders.append(order)
        }
        guard let queue = rd_kafka_queue_new(client.handle),
            let options = rd_kafka_AdminOptions_new(client.handle, RD_KAFKA_ADMIN_OP_CREATETOPICS)
        else { return failure("librdkafka refused") }
        defer {
            rd_kafka_queue_destroy(queue)
            rd_kafka_AdminOptions_destroy(options)
        }
        rd_kafka_AdminOptions_set_request_timeout(options, limit, &reason, reason.count)
        rd_kafka_CreateTopics(client.handle, &orders, orders.count, options, queue)
        guard let event = rd_kafka_queue_poll(queue, limit &+ pollMarginMilliseconds) else {
            return failure("no answer came")
        }
        defer { rd_kafka_event_destroy(event) }
        let code = rd_kafka_event_error(event)
        if code == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE || code == RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION {
            return failure(unsupported)
        }
        if code == RD_KAFKA_RESP_ERR__TIMED_OUT {
            return failure("the brokers answer, but none took the order within \(limit) ms; perhaps \(unsupported)")
        }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let result = rd_kafka_event_CreateTopics_result(event) else {
            return failure(rd_kafka_event_error_string(event).map { String(cString: $0) } ?? sentence(for: code))
        }
        var count = 0
        let answers = UnsafeBufferPointer(start: rd_kafka_CreateTopics_result_topics(result, &count), count: count)
        for answer in answers {
            let code = rd_kafka_topic_result_error(answer)
            if code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS { continue }
            let name = rd_kafka_topic_result_name(answer).map { String(cString: $0) } ?? "?"
            let detail = rd_kafka_topic_result_error_string(answer).map { String(cString: $0) }
            return failure("`\(name)`: \(detail ?? sentence(for: code))")
        }
        return .success(())
    }
}
