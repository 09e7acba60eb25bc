internal import Orchestration

/// `command_inbox`: what came in, and what became of it.
enum InboxTable {
    /// Every column in the order of the model's properties, as `read` expects them.
    static let columns = """
        id, arrival, tenant_id, session_id, aggregate_type, command_type, idempotency_key, payload,
        correlation_id, causation_id, user_id, metadata, source, status, verdict, error_message,
        retry_count, created_at, updated_at, processed_at
        """

    static let upsert = Statement(
        "command_inbox_upsert",
        """
        INSERT INTO command_inbox AS t (
            id, tenant_id, session_id, aggregate_type, command_type, idempotency_key, payload,
            correlation_id, causation_id, user_id, metadata, source, status, verdict, error_message,
            retry_count, created_at, updated_at, processed_at
        )
        SELECT
            u.id, u.tenant_id, u.session_id, u.aggregate_type, u.command_type, u.idempotency_key,
            u.payload, u.correlation_id, u.causation_id, u.user_id, u.metadata, u.source,
            u.status::command_status, u.verdict::reply_verdict, u.error_message, u.retry_count,
            u.created_at, u.updated_at, u.processed_at
        FROM unnest(
            $1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::jsonb[],
            $8::text[], $9::text[], $10::text[], $11::jsonb[], $12::text[], $13::text[], $14::text[],
            $15::text[], $16::bigint[], $17::timestamptz[], $18::timestamptz[], $19::timestamptz[]
        ) WITH ORDINALITY AS u (
            id, tenant_id, session_id, aggregate_type, command_type, idempotency_key, payload,
            correlation_id, causation_id, user_id, metadata, source, status, verdict, error_message,
            retry_count, created_at, updated_at, processed_at, ordinal
        )
        ORDER BY u.ordinal
        ON CONFLICT (id) DO UPDATE SET
            aggregate_type = excluded.aggregate_type,
            command_type = excluded.command_type,
            payload = excluded.payload,
            correlation_id = excluded.correlation_id,
            causation_id = excluded.causation_id,
            user_id = excluded.user_id,
            metadata = excluded.metadata,
            source = excluded.source,
            status = excluded.status,
            verdict = excluded.verdict,
            error_message = excluded.error_message,
            retry_count = excluded.retry_count,
            updated_at = excluded.updated_at,
            processed_at = excluded.processed_at
        """
    )

    static func upsert(_ rows: [InboxCommand]) -> Step {
        Step(upsert) { values in
            values.column(rows) { $0.id }
            values.column(rows) { $0.tenantID }
            values.column(rows) { $0.sessionID }
            values.column(rows) { $0.aggregateType }
            values.column(rows) { $0.commandType }
            values.column(rows) { $0.idempotencyKey }
            values.column(rows) { $0.payload }
            values.column(rows) { $0.correlationID }
            values.column(rows) { $0.causationID }
            values.column(rows) { $0.userID }
            values.column(rows) { $0.metadata }
            values.column(rows) { $0.source }
            values.column(rows) { $0.status.rawValue }
            values.column(rows) { $0.verdict?.rawValue }
            values.column(rows) { $0.errorMessage }
            values.column(rows) { $0.retryCount }
            values.column(rows) { $0.createdAt }
            values.column(rows) { $0.updatedAt }
            values.column(rows) { $0.processedAt }
        }
    }

    /// Reads a row that somebody else inserted: where its JSON cannot be read, the payload is null and the error message
    /// says why.
    static func readInserted(_ row: inout RowReader) throws(StoreError) -> InboxCommand {
        var faults: [String] = []
        var command = try read(&row) { row throws(StoreError) in
            let json: InsertedJSON = try row.value()
            if let fault = json.fault { faults.append(fault) }
            return json.value
        }
        if let fault = faults.first {
            command.payload = .null
            command.errorMessage = fault
        }
        return command
    }

    static func read(_ row: inout RowReader) throws(StoreError) -> InboxCommand {
        try read(&row) { row throws(StoreError) in try row.value(JSONValue.self) }
    }

    private static func read(
        _ row: inout RowReader,
        json: (inout RowReader) throws(StoreError) -> JSONValue
    ) throws(StoreError) -> InboxCommand {
        InboxCommand(
            id: try row.value(),
            arrival: try row.optional(),
            tenantID: try row.value(),
            sessionID: try row.value(),
            aggregateType: try row.value(),
            commandType: try row.value(),
            idempotencyKey: try row.value(),
            payload: try json(&row),
            correlationID: try row.value(),
            causationID: try row.optional(),
            userID: try row.optional(),
            metadata: try json(&row),
            source: try row.value(),
            status: try row.word(),
            verdict: try row.optionalWord(),
            errorMessage: try row.optional(),
            retryCount: try row.value(),
            createdAt: try row.value(),
            updatedAt: try row.value(),
            processedAt: try row.optional()
        )
    }
}
