-- 0009_positions_in_one_statement, taken back.

-- Compare-and-set of owner and offset for every partition of a batch, locked in one order; GN002 if one differs.
CREATE OR REPLACE FUNCTION genesis_advance_position(
    clusters text[], topics text[], partitions bigint[], epochs bigint[], expected bigint[], next bigint[],
    times timestamptz[], digests text[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    fault text;
BEGIN
    PERFORM 1 FROM kafka_positions p
        JOIN unnest(clusters, topics, partitions) AS u (c, t, n)
            ON p.cluster_id = u.c AND p.topic = u.t AND p.partition = u.n
        ORDER BY p.cluster_id, p.topic, p.partition FOR UPDATE OF p;
    SELECT format(
        '%s[%s] is at offset %s of owner %s epoch %s, expected offset %s epoch %s', u.t, u.n,
        coalesce(p.next_offset::text, 'none'), coalesce(p.owner_id, 'nobody'), coalesce(p.owner_epoch::text, 'none'),
        coalesce(u.x::text, 'none'), u.e
    ) INTO fault
        FROM unnest(clusters, topics, partitions, epochs, expected) AS u (c, t, n, e, x)
        LEFT JOIN kafka_positions p ON p.cluster_id = u.c AND p.topic = u.t AND p.partition = u.n
        WHERE p.owner_epoch IS DISTINCT FROM u.e OR p.next_offset IS DISTINCT FROM u.x
        LIMIT 1;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION '%', fault USING ERRCODE = 'GN002';
    END IF;
    UPDATE kafka_positions p SET next_offset = u.o, last_time = u.s, last_digest = u.d
        FROM unnest(clusters, topics, partitions, next, times, digests) AS u (c, t, n, o, s, d)
        WHERE p.cluster_id = u.c AND p.topic = u.t AND p.partition = u.n;
END
$$;
