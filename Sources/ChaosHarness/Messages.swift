internal import Orchestration

/// A command as some client knows it: however often it is sent, it has one id.
struct ClientCommand: Sendable {
    var id: String
    var type: String
    var session: String
    var tenant: String
    var payload: JSONObject
    var correlation: String?

    init(
        _ type: String,
        to session: String,
        of tenant: String,
        _ payload: JSONObject = [:],
        correlation: String? = nil,
        dice: inout Dice
    ) {
        id = dice.identifier()
        self.type = SessionMessages.commandPrefix + type
        (self.session, self.tenant, self.payload, self.correlation) = (session, tenant, payload, correlation)
    }

    var record: OutgoingRecord {
        var body: JSONObject = [
            "command_id": .string(id), "command_type": .string(type), "aggregate_id": .string(session),
            "tenant_id": .string(tenant), "user_id": "ann", "payload": .object(payload),
        ]
        if let correlation { body["correlation_id"] = .string(correlation) }
        return OutgoingRecord(
            topic: "genesis.session.commands",
            key: Array(session.utf8),
            value: JSONValue.object(body).utf8Bytes
        )
    }

    /// The same, as a row that another service inserts.
    var insertion: String {
        let values = [id, tenant, session, type, id, JSONValue.object(payload).text, correlation ?? session]
        return """
            INSERT INTO command_inbox
                (id, tenant_id, session_id, command_type, idempotency_key, payload, correlation_id, user_id)
            VALUES (\(values.map(Database.quoted).joined(separator: ", ")), 'ann') ON CONFLICT DO NOTHING
            """
    }

    func history(copy: Int, via: String) -> JSONObject {
        [
            "message_id": .string(id), "session_id": .string(session), "tenant_id": .string(tenant),
            "type": .string(type), "topic": "genesis.session.commands", "copy": .int(copy), "via": .string(via),
        ]
    }
}

/// What an agent is asked for, as far as a stand-in wants to know.
struct WorkRequest: Sendable {
    var type: String
    var task: String
    var session: String
    var tenant: String
    var attempt: Int
    var topic: String

    /// Nil for what is no request, such as the notice that a task was cancelled.
    init?(_ record: IncomingRecord) {
        guard let value = record.value, let body = try? JSONText.parse(value),
            let type = body["event_type"].string, type.hasSuffix("Requested"), let task = body["task_id"].string,
            let session = body["session_id"].string, let attempt = body["attempt"].int
        else { return nil }
        self.type = String(type.dropLast("Requested".count))
        (self.task, self.session, self.attempt) = (task, session, attempt)
        tenant = body["tenant_id"].string ?? "default"
        topic = record.topicPartition.topic
    }

    var isOfChaos: Bool { type.hasPrefix("Chaos.") }
    private var answersTopic: String { topic.replacing(".tasks", with: ".events") }
    var resultType: String { type.replacing("Generation", with: "Generated") }

    /// The answer's id is the same however often the request comes.
    func answer(_ type: String, _ fields: JSONObject) -> (id: String, record: OutgoingRecord) {
        let id = EventID(derivedFrom: "stand-in", task, "\(attempt)", type).description
        let payload = fields.merging(["task_id": .string(task), "attempt": .int(attempt)])
        let body: JSONObject = [
            "event_id": .string(id), "event_type": .string(type), "aggregate_type": "GenesisSession",
            "aggregate_id": .string(session), "tenant_id": .string(tenant), "payload": .object(payload),
            "schema_version": 1,
        ]
        return (
            id,
            OutgoingRecord(
                topic: answersTopic,
                key: Array(session.utf8),
                value: JSONValue.object(body).utf8Bytes,
                headers: [RecordHeader("event_type", type), RecordHeader("content_type", "application/json")]
            )
        )
    }

    func history(id: String, type: String, copy: Int) -> JSONObject {
        [
            "message_id": .string(id), "session_id": .string(session), "tenant_id": .string(tenant),
            "type": .string(type), "topic": .string(answersTopic), "copy": .int(copy), "via": "kafka",
        ]
    }
}
