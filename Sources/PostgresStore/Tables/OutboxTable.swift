internal import Orchestration

/// `event_outbox`: records that the relay will publish.
enum OutboxTable {
    /// Every column in the order of the model's properties, and what a record needs of its event, as `read` expects them.
    static let columns = """
        o.id, o.position, o.event_id, o.tenant_id, o.topic, o.partition_key, o.lane, o.headers, o.payload,
        o.raw_key, o.raw_value, o.source_bc, to_jsonb(o.destination_topics) AS destination_topics, o.schema_id,
        o.schema_version, o.status, o.retry_count, o.max_retries, o.next_retry_at, o.scheduled_at,
        o.error_message, o.created_at, o.published_at, e.aggregate_type, e.aggregate_id, e.aggregate_version,
        e.event_type, e.payload AS event_payload, e.metadata AS event_metadata, e.correlation_id AS event_correlation,
        e.causation_id AS event_causation, e.user_id AS event_user, e.occurred_at AS event_time
        """

    /// To be put after rows of the outbox that are named `o`: the event of a record that is one.
    static let joinEvent = "LEFT JOIN domain_events AS e ON o.payload IS NULL AND e.event_id = o.id"

    static let insert = Statement(
        "event_outbox_insert",
        """
        INSERT INTO event_outbox AS t (
            id, event_id, tenant_id, topic, partition_key, lane, headers, payload, raw_key, raw_value,
            source_bc, destination_topics, schema_id, schema_version, status, retry_count, max_retries,
            next_retry_at, scheduled_at, error_message, created_at, published_at
        )
        SELECT
            u.id, u.event_id, u.tenant_id, u.topic, u.partition_key, u.lane, u.headers, u.payload,
            u.raw_key, u.raw_value, u.source_bc, CASE WHEN u.destination_topics IS NULL THEN '{}'
            ELSE ARRAY(SELECT jsonb_array_elements_text(u.destination_topics)) END, u.schema_id,
            u.schema_version, u.status::outbox_status, u.retry_count, u.max_retries, u.next_retry_at,
            u.scheduled_at, u.error_message, u.created_at, u.published_at
        FROM unnest(
            $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::jsonb[],
            $8::jsonb[], $9::bytea[], $10::bytea[], $11::text[], $12::jsonb[], $13::text[],
            $14::bigint[], $15::text[], $16::bigint[], $17::bigint[], $18::timestamptz[],
            $19::timestamptz[], $20::text[], $21::timestamptz[], $22::timestamptz[]
        ) WITH ORDINALITY AS u (
            id, event_id, tenant_id, topic, partition_key, lane, headers, payload, raw_key, raw_value,
            source_bc, destination_topics, schema_id, schema_version, status, retry_count, max_retries,
            next_retry_at, scheduled_at, error_message, created_at, published_at, ordinal
        )
        ORDER BY u.ordinal
        ON CONFLICT (id) DO NOTHING
        RETURNING id
        """
    )

    static func insert(_ rows: [OutboxMessage]) -> Step {
        Step(insert) { values in
            values.column(rows) { $0.id }
            values.column(rows) { $0.eventID }
            values.column(rows) { $0.tenantID }
            values.column(rows) { $0.topic }
            values.column(rows) { $0.partitionKey }
            values.column(rows) { $0.lane }
            values.column(rows) { $0.headers }
            values.column(rows) { $0.isEvent ? Optional<JSONValue>.none : $0.payload }
            values.column(rows) { $0.rawKey.map(RawBytes.init) }
            values.column(rows) { $0.rawValue.map(RawBytes.init) }
            values.column(rows) { $0.sourceBC }
            values.column(rows) {
                $0.destinationTopics.isEmpty
                    ? Optional<JSONValue>.none : JSONValue.array($0.destinationTopics.map(JSONValue.string))
            }
            values.column(rows) { $0.schemaID }
            values.column(rows) { $0.schemaVersion }
            values.column(rows) { $0.status.rawValue }
            values.column(rows) { $0.retryCount }
            values.column(rows) { $0.maxRetries }
            values.column(rows) { $0.nextRetryAt }
            values.column(rows) { $0.scheduledAt }
            values.column(rows) { $0.errorMessage }
            values.column(rows) { $0.createdAt }
            values.column(rows) { $0.publishedAt }
        }
    }

    static func read(_ row: inout RowReader) throws(StoreError) -> OutboxMessage {
        var message = OutboxMessage(
            id: try row.value(),
            position: try row.optional(),
            eventID: try row.optional(),
            tenantID: try row.value(),
            topic: try row.value(),
            partitionKey: try row.value(),
            headers: .null,
            payload: .null,
            createdAt: Instant(microseconds: 0)
        )
        message.lane = try row.value()
        message.headers = try row.value()
        let payload: JSONValue? = try row.optional()
        message.rawKey = try row.optional(RawBytes.self)?.bytes
        message.rawValue = try row.optional(RawBytes.self)?.bytes
        message.sourceBC = try row.value()
        message.destinationTopics = try row.value(JSONValue.self).array?.compactMap(\.string) ?? []
        message.schemaID = try row.optional()
        message.schemaVersion = try row.value()
        message.status = try row.word()
        message.retryCount = try row.value()
        message.maxRetries = try row.value()
        message.nextRetryAt = try row.optional()
        message.scheduledAt = try row.optional()
        message.errorMessage = try row.optional()
        message.createdAt = try row.value()
        message.publishedAt = try row.optional()
        message.payload = if let payload { payload } else { .object(PublishedForm.body(of: try event(&row, message))) }
        return message
    }

    /// The event that a record without payload is; what is not published of it is left out.
    private static func event(_ row: inout RowReader, _ message: OutboxMessage) throws(StoreError) -> DomainEvent {
        DomainEvent(
            eventID: message.id,
            tenantID: message.tenantID,
            aggregateType: try row.value(),
            aggregateID: try row.value(),
            aggregateVersion: try row.value(),
            eventType: try row.value(),
            schemaVersion: message.schemaVersion,
            payload: try row.value(),
            metadata: try row.value(),
            stateChange: [:],
            correlationID: try row.value(),
            causationID: try row.value(),
            userID: try row.optional(),
            occurredAt: try row.value(),
            createdAt: message.createdAt
        )
    }
}
