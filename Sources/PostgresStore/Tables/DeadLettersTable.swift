internal import Orchestration

/// `dead_letters`: records that cannot be processed.
enum DeadLettersTable {
    /// Every column in the order of the model's properties, as `read` expects them.
    static let columns = """
        id, cluster_id, topic, partition, record_offset, record_key, record_value, headers, reason,
        detail, created_at, requeued_at
        """

    static let insert = Statement(
        "dead_letters_insert",
        """
        INSERT INTO dead_letters AS t (
            id, cluster_id, topic, partition, record_offset, record_key, record_value, headers, reason,
            detail, created_at, requeued_at
        )
        SELECT
            u.id, u.cluster_id, u.topic, u.partition, u.record_offset, u.record_key, u.record_value,
            u.headers, u.reason, u.detail, u.created_at, u.requeued_at
        FROM unnest(
            $1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bytea[], $7::bytea[],
            $8::jsonb[], $9::text[], $10::text[], $11::timestamptz[], $12::timestamptz[]
        ) WITH ORDINALITY AS u (
            id, cluster_id, topic, partition, record_offset, record_key, record_value, headers, reason,
            detail, created_at, requeued_at, ordinal
        )
        ORDER BY u.ordinal
        ON CONFLICT DO NOTHING
        """
    )

    static func insert(_ rows: [DeadLetter]) -> Step {
        Step(insert) { values in
            values.column(rows) { $0.id }
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
        }
    }

    static func read(_ row: inout RowReader) throws(StoreError) -> DeadLetter {
        DeadLetter(
            id: try row.value(),
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
            requeuedAt: try row.optional()
        )
    }
}
