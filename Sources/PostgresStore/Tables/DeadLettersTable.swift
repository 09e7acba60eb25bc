internal import Orchestration

/// `dead_letters`: records that cannot be processed.
enum DeadLettersTable {
    /// Every column in the order of the model's properties, as `read` expects them.
    static let columns = """
        id, arrival, session_id, needs_schema, cluster_id, topic, partition, record_offset, record_key, record_value,
        headers, reason, detail, created_at, requeued_at, requeued_by
        """
    /// Of a session that waits for a newer worker.
    private static let isWaiting = "reason = 'needs_newer_worker' AND requeued_at IS NULL"

    static let waitingSessions = Statement(
        "load_waiting_sessions",
        "SELECT DISTINCT session_id FROM dead_letters WHERE session_id = ANY ($1::uuid[]) AND \(isWaiting)"
    )
    /// In the order of each session; nothing behind a record that needs more than is asked for.
    static let waiting = Statement(
        "dead_letters_waiting",
        """
        SELECT \(columns) FROM dead_letters
        WHERE \(isWaiting) AND arrival < coalesce((
            SELECT min(other.arrival) FROM dead_letters other
            WHERE other.session_id = dead_letters.session_id AND other.needs_schema > $1::bigint
                AND other.reason = 'needs_newer_worker' AND other.requeued_at IS NULL
        ), 9223372036854775807)
        ORDER BY session_id, arrival LIMIT $2::bigint
        """
    )
    /// Processed after all: taken, or dead for another reason. The reason is compared so that the index over all that
    /// wait does not fit, which may be long; rows are found by id.
    static let settle = Statement(
        "dead_letters_settle",
        """
        UPDATE dead_letters AS d SET
            requeued_at = CASE WHEN u.reason IS NULL THEN clock_timestamp() END,
            reason = coalesce(u.reason, d.reason), detail = coalesce(u.detail, d.detail)
        FROM unnest($1::uuid[], $2::text[], $3::text[]) AS u (id, reason, detail)
        WHERE d.id = u.id AND d.reason || '' = 'needs_newer_worker' AND d.requeued_at IS NULL
        """
    )

    static func settle(_ letters: [SettledLetter]) -> Step {
        Step(settle) { values in
            values.column(letters) { $0.id }
            values.column(letters) { $0.reason?.rawValue }
            values.column(letters) { $0.detail }
        }
    }

    static let insert = Statement(
        "dead_letters_insert",
        """
        INSERT INTO dead_letters AS t (
            id, session_id, needs_schema, cluster_id, topic, partition, record_offset, record_key, record_value,
            headers, reason, detail, created_at, requeued_at, requeued_by
        )
        SELECT
            u.id, u.session_id, u.needs_schema, u.cluster_id, u.topic, u.partition, u.record_offset, u.record_key,
            u.record_value, u.headers, u.reason, u.detail, u.created_at, u.requeued_at, u.requeued_by
        FROM unnest(
            $1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bytea[],
            $9::bytea[], $10::jsonb[], $11::text[], $12::text[], $13::timestamptz[], $14::timestamptz[], $15::text[]
        ) WITH ORDINALITY AS u (
            id, session_id, needs_schema, cluster_id, topic, partition, record_offset, record_key, record_value,
            headers, reason, detail, created_at, requeued_at, requeued_by, ordinal
        )
        ORDER BY u.ordinal
        ON CONFLICT DO NOTHING
        """
    )

    static func insert(_ rows: [DeadLetter]) -> Step {
        Step(insert) { values in
            values.column(rows) { $0.id }
            values.column(rows) { $0.sessionID }
            values.column(rows) { $0.needsSchema }
            values.column(rows) { $0.clusterID }
            values.column(rows) { $0.topic }
            values.column(rows) { $0.partition }
            values.column(rows) { $0.recordOffset }
            values.column(rows) { $0.recordKey.map(RawBytes.init) }
            values.column(rows) { $0.recordValue.map(RawBytes.init) }
            values.column(rows) { $0.headers }
            values.column(rows) { $0.reason.rawValue }
            values.column(rows) { $0.detail }
            values.column(rows) { $0.createdAt }
            values.column(rows) { $0.requeuedAt }
            values.column(rows) { $0.requeuedBy }
        }
    }

    static func read(_ row: inout RowReader) throws(StoreError) -> DeadLetter {
        DeadLetter(
            id: try row.value(),
            arrival: try row.optional(),
            sessionID: try row.optional(),
            needsSchema: try row.value(),
            clusterID: try row.value(),
            topic: try row.value(),
            partition: try row.value(),
            recordOffset: try row.value(),
            recordKey: try row.optional(RawBytes.self)?.bytes,
            recordValue: try row.optional(RawBytes.self)?.bytes,
            headers: try row.value(),
            reason: try row.word(),
            detail: try row.value(),
            createdAt: try row.value(),
            requeuedAt: try row.optional(),
            requeuedBy: try row.optional()
        )
    }
}
