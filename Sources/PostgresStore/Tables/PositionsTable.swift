internal import Orchestration

/// `kafka_positions`: where each partition goes on, and who may move it.
enum PositionsTable {
    static let advance = Statement(
        "positions_advance",
        """
        SELECT genesis_advance_position(
            $1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]
        )
        """
    )
    static let lockSessions = Statement("lock_sessions", "SELECT genesis_lock_sessions($1::uuid[], $2::bigint[])")
    static let take = Statement(
        "positions_take",
        """
        INSERT INTO kafka_positions AS p (cluster_id, topic, partition, owner_epoch, owner_id)
        SELECT $1::text, u.topic, u.partition, 1, $4::text
        FROM unnest($2::text[], $3::bigint[]) AS u (topic, partition) ORDER BY u.topic, u.partition
        ON CONFLICT (cluster_id, topic, partition) DO UPDATE
            SET owner_epoch = p.owner_epoch + 1, owner_id = excluded.owner_id
        RETURNING cluster_id, topic, partition, next_offset, owner_epoch, owner_id, updated_at
        """
    )
    static let select = Statement(
        "positions_select",
        """
        SELECT cluster_id, topic, partition, next_offset, owner_epoch, owner_id, updated_at FROM kafka_positions
        WHERE cluster_id = $1::text
            AND (topic, partition) IN (SELECT * FROM unnest($2::text[], $3::bigint[]))
        ORDER BY topic, partition
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
            updatedAt: try row.value()
        )
    }
}
