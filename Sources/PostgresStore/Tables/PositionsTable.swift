internal import Orchestration

/// `kafka_positions`: where each partition goes on, and who may move it.
enum PositionsTable {
    private static let columns = """
        cluster_id, topic, partition, next_offset, owner_epoch, owner_id, last_offset, last_time, last_digest,
        stop_reason, reset_note, updated_at
        """
    static let advance = Statement(
        "positions_advance",
        """
        SELECT genesis_advance_position(
            $1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
            $7::bigint[], $8::timestamptz[], $9::text[]
        )
        """
    )
    static let lockSessions = Statement("lock_sessions", "SELECT genesis_lock_sessions($1::uuid[], $2::bigint[])")
    static let take = Statement(
        "positions_take",
        """
        INSERT INTO kafka_positions AS p (cluster_id, topic, partition, owner_epoch, owner_id)
        SELECT $1::text, u.topic, u.partition, 1, $4::text
        FROM unnest($2::text[], $3::bigint[]) AS u (topic, partition)
        ORDER BY u.topic COLLATE "C", u.partition
        ON CONFLICT (cluster_id, topic, partition) DO UPDATE
            SET owner_epoch = p.owner_epoch + 1, owner_id = excluded.owner_id, stop_reason = NULL
        RETURNING \(columns)
        """
    )
    static let select = Statement(
        "positions_select",
        """
        SELECT \(columns) FROM kafka_positions
        WHERE cluster_id = $1::text
            AND (topic, partition) IN (SELECT * FROM unnest($2::text[], $3::bigint[]))
        ORDER BY topic, partition
        """
    )
    static let all = Statement(
        "positions_all",
        "SELECT \(columns) FROM kafka_positions ORDER BY topic, partition, cluster_id"
    )
    static let stop = Statement(
        "positions_stop",
        """
        UPDATE kafka_positions SET stop_reason = $5::text
        WHERE cluster_id = $1::text AND topic = $2::text AND partition = $3::bigint AND owner_epoch = $4::bigint
        """
    )
    /// A new epoch, so that whoever owns it now is fenced; answers with the row as it was.
    static let reset = Statement(
        "positions_reset",
        """
        WITH before AS (
            SELECT * FROM kafka_positions WHERE cluster_id = $1::text AND topic = $2::text AND partition = $3::bigint
            FOR UPDATE
        ), changed AS (
            UPDATE kafka_positions p SET next_offset = $4::bigint, last_offset = NULL, last_time = NULL,
                last_digest = NULL, stop_reason = NULL, owner_epoch = p.owner_epoch + 1, owner_id = $5::text,
                reset_note = $5::text || ' at ' || to_char(
                    clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
                ) || ': from ' || coalesce(b.next_offset::text, 'the beginning') || ' to '
                    || coalesce($4::text, 'the beginning')
            FROM before b WHERE b.stop_reason IS NOT NULL AND p.cluster_id = b.cluster_id AND p.topic = b.topic
                AND p.partition = b.partition
        )
        SELECT \(columns) FROM before
        """
    )
    static let forget = Statement("positions_forget", "DELETE FROM kafka_positions")

    static func read(_ row: inout RowReader) throws(StoreError) -> OwnedPosition {
        OwnedPosition(
            clusterID: try row.value(),
            topic: try row.value(),
            partition: try row.value(),
            nextOffset: try row.optional(),
            ownerEpoch: try row.value(),
            ownerID: try row.value(),
            fingerprint: try fingerprint(&row),
            stopReason: try row.optional(),
            resetNote: try row.optional(),
            updatedAt: try row.value()
        )
    }

    private static func fingerprint(_ row: inout RowReader) throws(StoreError) -> RecordFingerprint? {
        let offset: Int64? = try row.optional()
        let time: Instant? = try row.optional()
        let digest: String? = try row.optional()
        guard let offset, let digest else { return nil }
        return RecordFingerprint(offset: offset, timestamp: time, digest: digest)
    }
}
