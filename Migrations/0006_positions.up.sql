-- 0006_positions
--
-- Adds    the positions in Kafka's partitions, dead letters, workflow definitions, and what every commit begins with.
-- Why     a position moves with the effects of the records before it, and only its present owner can move it.
-- Locks   none on existing tables; safe while workers run.
-- Undo    0006_positions.down.sql. Positions, dead letters and stored definitions are lost.

CREATE TABLE kafka_positions (
    cluster_id  text        NOT NULL,
    topic       text        NOT NULL,
    partition   integer     NOT NULL,
    next_offset bigint,
    owner_epoch bigint      NOT NULL DEFAULT 0,
    owner_id    text        NOT NULL DEFAULT '',
    last_offset bigint,
    last_time   timestamptz,
    last_digest text,
    stop_reason text,
    reset_note  text,
    updated_at  timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT kafka_positions_pkey PRIMARY KEY (cluster_id, topic, partition),
    CONSTRAINT kafka_positions_partition_not_negative CHECK (partition >= 0),
    CONSTRAINT kafka_positions_offset_not_negative CHECK (next_offset >= 0),
    CONSTRAINT kafka_positions_last_is_before_next CHECK (last_offset BETWEEN 0 AND next_offset - 1)
);
COMMENT ON COLUMN kafka_positions.last_digest IS 'Of the last record before next_offset, to know it again.';
CREATE TRIGGER kafka_positions_set_timestamp BEFORE UPDATE ON kafka_positions
    FOR EACH ROW WHEN (NEW.updated_at IS NULL OR NEW.updated_at <= OLD.updated_at)
    EXECUTE FUNCTION trigger_set_timestamp();

CREATE TABLE dead_letters (
    id            uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    arrival       bigint      GENERATED ALWAYS AS IDENTITY,
    session_id    uuid,
    needs_schema  integer     NOT NULL DEFAULT 0,
    cluster_id    text        NOT NULL,
    topic         text        NOT NULL,
    partition     integer     NOT NULL,
    record_offset bigint      NOT NULL,
    record_key    bytea,
    record_value  bytea,
    headers       jsonb       NOT NULL DEFAULT '[]',
    reason        text        NOT NULL,
    detail        text        NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    requeued_at   timestamptz,
    requeued_by   text,

    CONSTRAINT dead_letters_reason_known CHECK (
        reason IN (
            'invalid_json', 'invalid_envelope', 'unknown_type', 'too_large', 'missing_key', 'key_mismatch', 'refused',
            'needs_newer_worker'
        )
    ),
    CONSTRAINT dead_letters_waiting_has_session CHECK (reason <> 'needs_newer_worker' OR session_id IS NOT NULL)
);
-- Not unique: in a topic that was made anew other records have the same places. Which record one is of its id says.
CREATE INDEX idx_dead_letters_record ON dead_letters (cluster_id, topic, partition, record_offset);
COMMENT ON COLUMN dead_letters.requeued_by IS 'Whoever did it; nobody where a newer worker has taken the record up.';
COMMENT ON INDEX idx_dead_letters_record IS 'Was the record at this place set aside?';
CREATE INDEX idx_dead_letters_waiting ON dead_letters (session_id, arrival)
    WHERE reason = 'needs_newer_worker' AND requeued_at IS NULL;
COMMENT ON INDEX idx_dead_letters_waiting IS 'Which sessions wait for a newer worker, and what waits with them?';
CREATE INDEX idx_dead_letters_created ON dead_letters (created_at);
COMMENT ON INDEX idx_dead_letters_created IS 'Which records were set aside last?';

CREATE TABLE workflow_definitions (
    hash       text        PRIMARY KEY,
    name       text        NOT NULL,
    version    text        NOT NULL,
    source     text        NOT NULL,
    is_enabled boolean     NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT workflow_definitions_hash_is_sha256 CHECK (hash ~ '^[0-9a-f]{64}$')
);
CREATE INDEX idx_workflow_definitions_name ON workflow_definitions (name, created_at);
COMMENT ON INDEX idx_workflow_definitions_name IS 'Which versions of a workflow were ever used?';

-- Compare-and-set of owner and offset for every partition of a batch, in the order given; GN002 if one differs.
CREATE FUNCTION genesis_advance_position(
    clusters text[], topics text[], partitions bigint[], epochs bigint[], expected bigint[], next bigint[],
    last bigint[], times timestamptz[], digests text[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    moved bigint;
    fault text;
BEGIN
    UPDATE kafka_positions p SET next_offset = u.o, last_offset = u.l, last_time = u.s, last_digest = u.d
        FROM unnest(clusters, topics, partitions, epochs, expected, next, last, times, digests)
            AS u (c, t, n, e, x, o, l, s, d)
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

-- Locks the sessions in order of id and compares their versions, 0 for one that is not there; GN001 if one differs.
CREATE FUNCTION genesis_lock_sessions(ids uuid[], versions bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    fault text;
BEGIN
    WITH locked AS (
        SELECT s.id, s.version FROM genesis_sessions s WHERE s.id = ANY (ids) ORDER BY s.id FOR UPDATE
    )
    SELECT format('session %s is at version %s, expected %s', u.id, coalesce(l.version, 0), u.version) INTO fault
        FROM unnest(ids, versions) AS u (id, version) LEFT JOIN locked l ON l.id = u.id
        WHERE coalesce(l.version, 0) <> u.version
        ORDER BY u.id LIMIT 1;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION '%', fault USING ERRCODE = 'GN001';
    END IF;
END
$$;
