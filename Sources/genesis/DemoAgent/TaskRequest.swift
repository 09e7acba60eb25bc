internal import Orchestration

/// What an agent reads from a task topic: a request to do something, or the notice that nobody waits any more.
struct TaskRequest: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        case request(type: String)
        case cancelled
    }

    var kind: Kind
    var taskID: TaskID
    /// From 1. An answer must carry the attempt it belongs to.
    var attempt: Int
    var sessionID: SessionID
    var input: JSONValue
    var correlationID: String?
    /// The request's own id: what the answers name as their cause.
    var messageID: String?
    var tenantID: String?
    /// After this nobody wants the answer.
    var deadline: Instant?

    /// Reads a record's value; nil with the reason when it is no task request.
    static func read(_ record: IncomingRecord) -> (request: TaskRequest?, problem: String) {
        guard let value = record.value else { return (nil, "it is a tombstone") }
        let body: JSONValue
        do throws(JSONFault) { body = try JSONText.parse(value) } catch { return (nil, "it is not JSON: \(error)") }
        guard let type = body["event_type"].string else { return (nil, "it has no event_type") }
        guard let taskID = body["task_id"].string.flatMap({ TaskID($0) }) else { return (nil, "it has no task_id") }
        guard let sessionID = body["session_id"].string.flatMap({ SessionID($0) }) else {
            return (nil, "it has no session_id")
        }
        guard let attempt = body["attempt"].int, attempt > 0 else { return (nil, "it has no attempt") }
        let request = TaskRequest(
            kind: type == SessionMessages.taskCancelled ? .cancelled : .request(type: type),
            taskID: taskID,
            attempt: attempt,
            sessionID: sessionID,
            input: body["input"],
            correlationID: body["correlation_id"].string,
            messageID: body["event_id"].string,
            tenantID: body["tenant_id"].string,
            deadline: body["deadline"].string.flatMap { Instant($0) }
        )
        return (request, "")
    }

    /// An answer: an event about the session, keyed by the session, so that its answers stay in order.
    ///
    /// - Parameter fields: `node`; `progress` and `message`; `output`; or `code`, `message`, `retryable`.
    func answer(type: String, fields: JSONObject, topic: String, id: EventID, now: Instant) -> OutgoingRecord {
        let payload = fields.merging(["task_id": JSONValue(taskID), "attempt": .int(attempt)])
        let body: JSONObject = [
            "event_id": JSONValue(id), "event_type": .string(type),
            "aggregate_type": .string(DomainEvent.aggregateType), "aggregate_id": JSONValue(sessionID),
            "payload": .object(payload), "correlation_id": JSONValue(correlationID),
            "causation_id": JSONValue(messageID), "tenant_id": JSONValue(tenantID),
            "occurred_at": JSONValue(now), "schema_version": 1,
        ]
        return OutgoingRecord(
            topic: topic,
            key: Array(sessionID.description.utf8),
            value: JSONValue.object(body).utf8Bytes,
            headers: [RecordHeader("event_type", type), RecordHeader("content_type", "application/json")]
        )
    }
}
