/// How what a session decided looks on Kafka: the complete fact as JSON, and its address in the headers.
package enum PublishedForm {
    /// The `source` header of all that the worker publishes; so it recognises its own facts where it also reads.
    package static let source = "genesis-worker"
    package static let contentType = "application/json"
    /// That header.
    package static let mark = RecordHeader("source", source)

    /// Whether the worker has published this record itself.
    package static func isOwn(_ record: IncomingRecord) -> Bool { record.headers.contains(mark) }

    /// The record of a domain event. `stateChange` stays inside.
    ///
    /// The trace context is the given one, else the member `traceparent` of the event's metadata.
    package static func event(_ event: DomainEvent, topic: String, traceparent: String? = nil) -> OutboxMessage {
        message(
            body(of: event),
            address: Address(
                id: event.eventID,
                causedBy: event.eventID,
                topic: topic,
                sessionID: event.aggregateID,
                traceparent: traceparent ?? event.metadata["traceparent"].string,
                scheduledAt: nil,
                now: event.createdAt
            )
        )
    }

    /// What is published of an event. (Members in order of their names: so they are put in without a search.)
    package static func body(of event: DomainEvent) -> JSONObject {
        [
            "aggregate_id": JSONValue(event.aggregateID),
            "aggregate_type": .string(event.aggregateType),
            "aggregate_version": .int(event.aggregateVersion),
            "causation_id": JSONValue(event.causationID),
            "correlation_id": .string(event.correlationID),
            "event_id": JSONValue(event.eventID),
            "event_type": .string(event.eventType),
            "metadata": event.metadata,
            "occurred_at": JSONValue(event.occurredAt),
            "payload": event.payload,
            "schema_version": .int(event.schemaVersion),
            "tenant_id": .string(event.tenantID),
            "user_id": JSONValue(event.userID),
        ]
    }

    /// The request for the task's current attempt.
    ///
    /// - Parameters:
    ///   - eventID: the event that caused the request.
    ///   - scheduledAt: not before this time; for an attempt after a failed one.
    package static func taskRequest(
        _ task: AsyncTask,
        actor: Actor,
        topic: String,
        eventID: EventID?,
        userID: String? = nil,
        traceparent: String? = nil,
        scheduledAt: Instant? = nil,
        now: Instant
    ) -> OutboxMessage {
        let id = EventID(derivedFrom: "task request", task.id.description, String(task.attempt))
        var body = taskBody(task, id: id, type: actor.requestType, eventID: eventID, userID: userID, now: now)
        body["input"] = task.inputData
        body["previous_details"] = task.progressDetails
        body["deadline"] = JSONValue(task.attemptDeadlineAt ?? task.totalDeadlineAt)
        return message(
            body,
            address: Address(
                id: id,
                causedBy: eventID,
                topic: topic,
                sessionID: task.sessionID,
                traceparent: traceparent,
                scheduledAt: scheduledAt,
                now: now
            )
        )
    }

    /// The notice to the agent that nobody waits for the task any more.
    package static func taskCancelled(
        _ task: AsyncTask,
        topic: String,
        eventID: EventID?,
        reason: String? = nil,
        userID: String? = nil,
        traceparent: String? = nil,
        now: Instant
    ) -> OutboxMessage {
        let id = EventID(derivedFrom: "task cancelled", task.id.description, String(task.attempt))
        var body = taskBody(
            task,
            id: id,
            type: SessionMessages.taskCancelled,
            eventID: eventID,
            userID: userID,
            now: now
        )
        body["reason"] = JSONValue(reason)
        return message(
            body,
            address: Address(
                id: id,
                causedBy: eventID,
                topic: topic,
                sessionID: task.sessionID,
                traceparent: traceparent,
                scheduledAt: nil,
                now: now
            )
        )
    }

    /// The notice that a command or reply changed nothing. No domain event: the session has not changed.
    package static func rejection(
        of command: InboxCommand,
        verdict: Verdict,
        reason: String,
        topic: String,
        traceparent: String? = nil,
        now: Instant
    ) -> OutboxMessage {
        // A command that was kept may be refused later: two notices.
        let id = EventID(derivedFrom: "rejection", command.id.description, verdict.rawValue)
        let body: JSONObject = [
            "event_id": JSONValue(id),
            "event_type": .string(SessionMessages.commandRejected),
            "aggregate_type": .string(command.aggregateType),
            "aggregate_id": JSONValue(command.sessionID),
            "schema_version": 1,
            "payload": [
                "command_id": JSONValue(command.id),
                "command_type": .string(command.commandType),
                "verdict": .string(verdict.rawValue),
                "reason": .string(reason),
            ],
            "metadata": [:],
            "correlation_id": .string(command.correlationID),
            "causation_id": JSONValue(command.id),
            "user_id": JSONValue(command.userID),
            "tenant_id": .string(command.tenantID),
            "occurred_at": JSONValue(now),
        ]
        return message(
            body,
            address: Address(
                id: id,
                causedBy: nil,
                topic: topic,
                sessionID: command.sessionID,
                traceparent: traceparent,
                scheduledAt: nil,
                now: now
            )
        )
    }

    private static func taskBody(
        _ task: AsyncTask,
        id: EventID,
        type: String,
        eventID: EventID?,
        userID: String?,
        now: Instant
    ) -> JSONObject {
        [
            "aggregate_id": JSONValue(task.sessionID),
            "aggregate_type": .string(DomainEvent.aggregateType),
            "attempt": .int(task.attempt),
            "causation_id": eventID.map { JSONValue($0) } ?? JSONValue(task.triggeredByCommandID),
            "correlation_id": .string(task.correlationID),
            "event_id": JSONValue(id),
            "event_type": .string(type),
            "occurred_at": JSONValue(now),
            "schema_version": 1,
            "session_id": JSONValue(task.sessionID),
            "task_id": JSONValue(task.id),
            "task_type": .string(task.taskType),
            "tenant_id": .string(task.tenantID),
            "user_id": JSONValue(userID),
        ]
    }

    /// What a record's envelope needs beside its body.
    private struct Address {
        var id: EventID
        var causedBy: EventID?
        var topic: String
        var sessionID: SessionID
        var traceparent: String?
        var scheduledAt: Instant?
        var now: Instant
    }

    /// The body's fields that are headers too, under the same names.
    private static let repeatedFields = [
        "aggregate_id", "aggregate_type", "aggregate_version", "attempt", "causation_id", "correlation_id",
        "event_type", "schema_version", "task_id", "tenant_id", "user_id",
    ]

    /// The headers that repeat what the payload says, which need not be stored. Only for records of our own form: those
    /// whose stored headers name this worker as their source.
    package static func headers(of message: OutboxMessage) -> [RecordHeader] {
        guard message.rawValue == nil, message.headers["source"].string == source,
            let body = message.payload.object, let type = body["event_type"]?.string
        else { return [] }
        var headers = [
            RecordHeader("ce_id", message.id.description), RecordHeader("ce_source", source),
            RecordHeader("ce_specversion", "1.0"), RecordHeader("ce_subject", message.partitionKey),
            RecordHeader("ce_time", body["occurred_at"]?.string ?? ""), RecordHeader("ce_type", type),
            RecordHeader("content_type", contentType),
        ]
        for name in repeatedFields {
            guard let value = body[name], !value.isNull else { continue }
            headers.append(RecordHeader(name, value.string ?? value.text))
        }
        return headers
    }

    private static func message(_ body: JSONObject, address: Address) -> OutboxMessage {
        var headers: JSONObject = ["source": .string(source)]
        if let traceparent = address.traceparent { headers["traceparent"] = .string(traceparent) }
        return OutboxMessage(
            id: address.id,
            eventID: address.causedBy,
            tenantID: body["tenant_id"]?.string ?? "",
            topic: address.topic,
            partitionKey: address.sessionID.description,
            headers: .object(headers),
            payload: .object(body),
            schemaVersion: body["schema_version"]?.int ?? 1,
            scheduledAt: address.scheduledAt,
            createdAt: address.now
        )
    }
}
