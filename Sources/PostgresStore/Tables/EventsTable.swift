internal import Orchestration

/// `domain_events`: facts that never change.
enum EventsTable {
    /// Every column in the order of the model's properties, as `read` expects them.
    static let columns = """
        global_position, event_id, tenant_id, aggregate_type, aggregate_id, aggregate_version,
        event_type, schema_version, payload, metadata, state_change, correlation_id, causation_id,
        user_id, occurred_at, created_at
        """

    static let insert = Statement(
        "domain_events_insert",
        """
        INSERT INTO domain_events AS t (
            event_id, tenant_id, aggregate_type, aggregate_id, aggregate_version, event_type,
            schema_version, payload, metadata, state_change, correlation_id, causation_id, user_id,
            occurred_at, created_at
        )
        SELECT
            u.event_id, u.tenant_id, u.aggregate_type, u.aggregate_id, u.aggregate_version,
            u.event_type, u.schema_version, u.payload, u.metadata, u.state_change, u.correlation_id,
            u.causation_id, u.user_id, u.occurred_at, u.created_at
        FROM unnest(
            $1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::bigint[], $6::text[], $7::bigint[],
            $8::jsonb[], $9::jsonb[], $10::jsonb[], $11::text[], $12::uuid[], $13::text[],
            $14::timestamptz[], $15::timestamptz[]
        ) WITH ORDINALITY AS u (
            event_id, tenant_id, aggregate_type, aggregate_id, aggregate_version, event_type,
            schema_version, payload, metadata, state_change, correlation_id, causation_id, user_id,
            occurred_at, created_at, ordinal
        )
        ORDER BY u.ordinal
        """
    )

    static func insert(_ rows: [DomainEvent]) -> Step {
        Step(insert) { values in
            values.column(rows) { $0.eventID }
            values.column(rows) { $0.tenantID }
            values.column(rows) { $0.aggregateType }
            values.column(rows) { $0.aggregateID }
            values.column(rows) { $0.aggregateVersion }
            values.column(rows) { $0.eventType }
            values.column(rows) { $0.schemaVersion }
            values.column(rows) { $0.payload }
            values.column(rows) { $0.metadata }
            values.column(rows) { $0.stateChange }
            values.column(rows) { $0.correlationID }
            values.column(rows) { $0.causationID }
            values.column(rows) { $0.userID }
            values.column(rows) { $0.occurredAt }
            values.column(rows) { $0.createdAt }
        }
    }

    static func read(_ row: inout RowReader) throws(StoreError) -> DomainEvent {
        DomainEvent(
            globalPosition: try row.optional(),
            eventID: try row.value(),
            tenantID: try row.value(),
            aggregateType: try row.value(),
            aggregateID: try row.value(),
            aggregateVersion: try row.value(),
            eventType: try row.value(),
            schemaVersion: try row.value(),
            payload: try row.value(),
            metadata: try row.value(),
            stateChange: try row.value(),
            correlationID: try row.value(),
            causationID: try row.value(),
            userID: try row.optional(),
            occurredAt: try row.value(),
            createdAt: try row.value()
        )
    }
}
