-- 0009_positions_in_one_statement
--
-- Adds    nothing: positions are compared and set by one statement in place of three.
-- Why     every commit begins with it, and a commit of one record spent a tenth of its time there.
-- Locks   none; safe while workers run.
-- Undo    0009_positions_in_one_statement.down.sql

-- Compare-and-set of owner and offset for every partition of a batch, in the order given; GN002 if one differs.
CREATE OR REPLACE FUNCTION genesis_advance_position(
    clusters text[], topics text[], partitions bigint[], epochs bigint[], expected bigint[], next bigint[],
    times timestamptz[], digests text[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    moved bigint;
    fault text;
BEGIN
    UPDATE kafka_positions p SET next_offset = u.o, last_time = u.s, last_digest = u.d
        FROM unnest(clusters, topics, partitions, epochs, expected, next, times, digests)
            AS u (c, t, n, e, x, o, s, d)
        WHERE p.cluster_id = u.c AND p.topic = u.t AND p.partition = u.n
            AND p.owner_epoch = u.e AND p.next_offset IS NOT DISTINCT FROM u.x;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved = cardinality(topics) THEN
        RETURN;
    END IF;
    SELECT format(
        '%s[%s] is at offset %s of owner %s epoch %s, expected offset %s epoch %s', u.t, u.n,
        coalesce(p.next_offset::text, 'none'), coalesce(p.owner_id, 'nobody'), coalesce(p.owner_epoch::text, 'none'),
        coalesce(u.x::text, 'none'), u.e
    ) INTO fault
        FROM unnest(clusters, topics, partitions, epochs, expected, next) AS u (c, t, n, e, x, o)
        LEFT JOIN kafka_positions p ON p.cluster_id = u.c AND p.topic = u.t AND p.partition = u.n
        -- One that is not where it was to go says more than one that this statement has just moved there.
        ORDER BY p.owner_epoch IS DISTINCT FROM u.e OR p.next_offset IS DISTINCT FROM u.o DESC
        LIMIT 1;
    RAISE EXCEPTION '%', fault USING ERRCODE = 'GN002';
END
$$;
