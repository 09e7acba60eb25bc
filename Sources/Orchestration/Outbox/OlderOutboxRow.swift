/// A row of an older design's outbox table, and what becomes of it in ours.
///
/// Columns go by several names in the designs that came before; what is not named here is left behind.
package struct OlderOutboxRow: Sendable {
    /// What a row takes that does not say it itself.
    package struct Defaults: Sendable {
        package var topic: String
        package var tenantID: String
        /// Part of the ids of rows whose own is not a UUID.
        package var table: String

        package init(topic: String, tenantID: String, table: String) {
            self.topic = topic
            self.tenantID = tenantID
            self.table = table
        }
    }

    /// Why a row cannot be taken over: its id as text, the column, and a sentence.
    package struct Fault: Error, Equatable, Sendable {
        package var id: String
        package var column: String
        package var problem: String

        package init(id: String, column: String, problem: String) {
            self.id = id
            self.column = column
            self.problem = problem
        }
    }

    private let members: JSONObject
    private let id: String

    /// - Parameter members: the row as an object, column by column.
    package init(_ members: JSONObject) {
        self.members = members
        id = members["id"].map { $0.string ?? $0.text } ?? "?"
    }

    /// The status words of the older designs.
    private static let statuses: [String: OutboxStatus] = [
        "NEW": .pending, "PENDING": .pending, "READY": .pending, "PROCESSING": .pending, "SENDING": .pending,
        "SENT": .sent, "PUBLISHED": .sent, "PROCESSED": .sent, "DONE": .sent,
        "ERR": .failed, "ERROR": .failed, "FAILED": .failed, "RETRY": .failed, "DEAD": .dead,
    ]

    package func message(_ defaults: Defaults) throws(Fault) -> OutboxMessage {
        let type = try required(["event_type", "type"])
        let key = try required(["partition_key", "message_key", "aggregate_id"])
        let topic = try text(["topic"]) ?? defaults.topic
        guard (1...249).contains(topic.unicodeScalars.count) else {
            throw fault("topic", "has more than 249 characters")
        }
        let created = try required(["created_at"])
        guard let createdAt = Instant(created) else { throw fault("created_at", "is no time: \(created)") }
        let payload = try json(["payload", "event_data", "data"])
        let version = try integer(["schema_version", "schema_ver"], in: 1...Int(Int32.max)) ?? 1
        let word = (try text(["status"]) ?? "PENDING").uppercased()
        guard let status = Self.statuses[word] else { throw fault("status", "is `\(word)`, which has no meaning here") }
        let maxRetries = try integer(["max_retries"], in: 0...Int(Int32.max)) ?? OutboxMessage.maxRetriesDefault
        let retries = try integer(["retry_count", "retry_cnt"], in: 0...Int(Int32.max)) ?? 0
        let error = try text(["error_message", "last_error", "error", "err_msg"])
        let tenant = try text(["tenant_id", "tenant"]) ?? defaults.tenantID
        return OutboxMessage(
            id: EventID(id) ?? EventID(derivedFrom: "older outbox", defaults.table, id),
            eventID: nil,
            tenantID: tenant,
            topic: topic,
            partitionKey: key,
            headers: .object(try headers(type, tenant: tenant)),
            payload: payload,
            sourceBC: try text(["source_bc", "source"]) ?? OutboxMessage.sourceBCDefault,
            destinationTopics: try destinations(),
            schemaID: try text(["schema_id"]),
            schemaVersion: version,
            status: status,
            // What has failed gets at least one more try here: whoever refused it may have been the older relay.
            retryCount: status == .failed ? min(retries, maxRetries) : retries,
            maxRetries: maxRetries,
            scheduledAt: try instant(["scheduled_at", "available_at"]),
            errorMessage: error ?? (status == .dead ? "given up before the import" : nil),
            createdAt: createdAt,
            publishedAt: status == .sent
                ? try instant(["published_at", "processed_at", "sent_at"]) ?? createdAt : nil
        )
    }

    private func headers(_ type: String, tenant: String) throws(Fault) -> JSONObject {
        var headers: JSONObject = [:]
        if let own = members["headers"], !own.isNull {
            guard let object = own.object else { throw fault("headers", "must be an object, not \(own.typeName)") }
            for member in object { headers[member.key] = .string(member.value.string ?? member.value.text) }
        }
        headers["event_id"] = .string(id)
        headers["event_type"] = .string(type)
        headers["tenant_id"] = .string(tenant)
        for name in ["aggregate_id", "aggregate_type", "correlation_id", "causation_id", "user_id", "trace_id"] {
            if let value = try text([name]) { headers[name] = .string(value) }
        }
        return headers
    }

    private func destinations() throws(Fault) -> [String] {
        guard let value = members["destination_topics"], !value.isNull else { return [] }
        guard let topics = value.array else { throw fault("destination_topics", "must be a list of topics") }
        var names: [String] = []
        for topic in topics {
            guard let name = topic.string, !name.isEmpty else {
                throw fault("destination_topics", "has no topic's name")
            }
            names.append(name)
        }
        return names
    }

    // MARK: Columns under their several names

    private func fault(_ column: String, _ problem: String) -> Fault { Fault(id: id, column: column, problem: problem) }

    private func value(_ names: [String]) -> (name: String, value: JSONValue)? {
        for name in names {
            if let value = members[name], !value.isNull { return (name, value) }
        }
        return nil
    }

    private func text(_ names: [String]) throws(Fault) -> String? {
        guard let (name, value) = value(names) else { return nil }
        if case .number = value { return value.text }
        guard let text = value.string else { throw fault(name, "must be text, not \(value.typeName)") }
        return text
    }

    private func required(_ names: [String]) throws(Fault) -> String {
        guard let text = try text(names), !text.isEmpty else {
            throw fault(names.joined(separator: " or "), "is missing")
        }
        return text
    }

    private func integer(_ names: [String], in range: ClosedRange<Int>) throws(Fault) -> Int? {
        guard let (name, value) = value(names) else { return nil }
        guard let number = value.int ?? value.string.flatMap({ Int($0) }), range.contains(number) else {
            throw fault(name, "must be a whole number from \(range.lowerBound), not \(PrintableText.of(value.text))")
        }
        return number
    }

    private func instant(_ names: [String]) throws(Fault) -> Instant? {
        guard let (name, _) = value(names), let text = try text(names) else { return nil }
        guard let instant = Instant(text) else { throw fault(name, "is no time: \(PrintableText.of(text))") }
        return instant
    }

    /// JSON as such, or as text.
    private func json(_ names: [String]) throws(Fault) -> JSONValue {
        guard let (name, value) = value(names) else { throw fault(names.joined(separator: " or "), "is missing") }
        guard let text = value.string else { return value }
        do {
            return try JSONText.parse(text, limits: .inserted)
        } catch {
            throw fault(name, "is no JSON: \(error)")
        }
    }
}
