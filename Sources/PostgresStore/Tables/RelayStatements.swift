internal import Orchestration

/// What the relay asks: lanes, due records, what became of them.
enum RelayStatements {
    static let lease = Statement(
        "lanes_lease",
        """
        SELECT leased_lane, leased_epoch
        FROM genesis_lease_lanes($1::text, $2::bigint * interval '1 microsecond')
        """
    )
    static let release = Statement(
        "lanes_release",
        """
        WITH gone AS (DELETE FROM outbox_owners WHERE owner_id = $1::text)
        UPDATE outbox_lanes SET owner_id = NULL, lease_until = '-infinity' WHERE owner_id = $1::text
        """
    )
    /// How many times its even share of a batch a lane may give, and the least; so a long queue is not read in whole for
    /// each batch.
    private static let laneShare = 2
    private static let laneRowsMin = 32
    static let due = Statement(
        "outbox_due",
        """
        SELECT \(OutboxTable.columns) FROM (
            SELECT of_lane.* FROM outbox_lanes l
            JOIN unnest($1::bigint[], $2::bigint[]) AS u (lane, epoch) ON l.lane = u.lane AND l.epoch = u.epoch
            CROSS JOIN LATERAL (
                SELECT * FROM event_outbox w
                WHERE w.lane = l.lane AND w.status IN ('PENDING', 'FAILED')
                    AND (w.next_retry_at IS NULL OR w.next_retry_at <= statement_timestamp())
                    AND (w.scheduled_at IS NULL OR w.scheduled_at <= statement_timestamp())
                    AND NOT EXISTS (
                        SELECT 1 FROM event_outbox b
                        WHERE b.topic = w.topic AND b.partition_key = w.partition_key AND b.position < w.position
                            AND b.status IN ('FAILED', 'DEAD')
                            AND (b.status = 'DEAD' OR b.next_retry_at > statement_timestamp())
                    )
                ORDER BY w.position LIMIT greatest(\(laneRowsMin), $3::bigint * \(laneShare) / cardinality($1::bigint[]))
            ) AS of_lane
            ORDER BY of_lane.position LIMIT $3::bigint
        ) AS o
        LEFT JOIN LATERAL (
            SELECT * FROM domain_events d WHERE o.payload IS NULL AND d.event_id = o.id OFFSET 0
        ) AS e ON true
        ORDER BY o.position
        """
    )
    static let mark = Statement(
        "outbox_mark",
        """
        UPDATE event_outbox AS o SET
            status = CASE
                WHEN u.result = 'sent' THEN 'SENT'
                WHEN u.result = 'dead' OR u.result = 'failed' AND o.retry_count + 1 > o.max_retries THEN 'DEAD'
                ELSE 'FAILED'
            END::outbox_status,
            published_at = CASE WHEN u.result = 'sent' THEN clock_timestamp() END,
            retry_count = o.retry_count + CASE WHEN u.result IN ('failed', 'dead') THEN 1 ELSE 0 END,
            next_retry_at = CASE
                WHEN u.result IN ('failed', 'delayed') THEN clock_timestamp() + u.delay * interval '1 microsecond'
            END,
            error_message = coalesce(u.error, o.error_message)
        FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::bigint[])
            AS u (id, lane, result, error, delay)
        JOIN unnest($6::bigint[], $7::bigint[]) AS held (lane, epoch) ON held.lane = u.lane
        JOIN outbox_lanes l ON l.lane = held.lane AND l.epoch = held.epoch
        WHERE o.id = u.id AND o.lane = l.lane AND o.status <> 'SENT'
        """
    )
}
