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
    /// Locks in the order of `genesis_lease_lanes`.
    static let renew = Statement(
        "lanes_renew",
        """
        UPDATE outbox_lanes l SET lease_until = clock_timestamp() + $2::bigint * interval '1 microsecond'
        FROM (
            SELECT lane FROM outbox_lanes WHERE owner_id = $1::text AND lease_until >= clock_timestamp()
            ORDER BY lane FOR UPDATE
        ) AS held
        WHERE l.lane = held.lane
        """
    )
    static let release = Statement(
        "lanes_release",
        """
        WITH gone AS (DELETE FROM outbox_owners WHERE owner_id = $1::text)
        UPDATE outbox_lanes SET owner_id = NULL, lease_until = '-infinity' WHERE owner_id = $1::text
        """
    )
    /// The least that is asked of a lane at first, so that a key with some rows more than others needs no second look.
    static let laneRowsMin = 16
    /// Which rows are due, at most so many of a lane: what they hold is asked for afterwards, of fewer. `OFFSET 0` has what
    /// is in a row's way looked up by its key; compared with all that is stuck anywhere, one lost topic would slow all.
    static let due = Statement(
        "outbox_due",
        """
        SELECT of_lane.id, of_lane.position, of_lane.lane FROM outbox_lanes l
        JOIN unnest($1::bigint[], $2::bigint[]) AS u (lane, epoch) ON l.lane = u.lane AND l.epoch = u.epoch
        CROSS JOIN LATERAL (
            SELECT w.id, w.position, w.lane FROM event_outbox w
            WHERE w.lane = l.lane AND w.status IN ('PENDING', 'FAILED')
                AND (w.next_retry_at IS NULL OR w.next_retry_at <= statement_timestamp())
                AND (w.scheduled_at IS NULL OR w.scheduled_at <= statement_timestamp())
                AND NOT EXISTS (
                    SELECT 1 FROM event_outbox b
                    WHERE b.topic = w.topic AND b.partition_key = w.partition_key AND b.position < w.position
                        AND b.status IN ('FAILED', 'DEAD')
                        AND (b.status = 'DEAD' OR b.next_retry_at > statement_timestamp())
                    OFFSET 0
                )
            ORDER BY w.position LIMIT $3::bigint
        ) AS of_lane
        ORDER BY of_lane.position LIMIT $4::bigint
        """
    )
    static let rows = Statement(
        "outbox_rows",
        """
        SELECT \(OutboxTable.columns) FROM unnest($1::uuid[]) AS u (id)
        JOIN LATERAL (SELECT * FROM event_outbox w WHERE w.id = u.id OFFSET 0) AS o ON true
        LEFT JOIN LATERAL (
            SELECT * FROM domain_events d WHERE o.payload IS NULL AND d.event_id = o.id OFFSET 0
        ) AS e ON true
        """
    )
    /// The status is compared as text so that no index over unsent rows fits: planned while there were few, the statement
    /// would read all of them each time.
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
        FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bigint[])
            AS u (id, lane, epoch, result, error, delay)
        JOIN outbox_lanes l ON l.lane = u.lane AND l.epoch = u.epoch
        WHERE o.id = u.id AND o.status::text <> 'SENT'
        """
    )
}
