-- 0005_event_outbox
--
-- Adds    the outbox, its lanes and their owners, and the function that shares the lanes out.
-- Why     a record commits with the event that caused it, or not at all; a lane has one relay, so order is kept.
-- Locks   none on existing tables; safe while workers run.
-- Undo    0005_event_outbox.down.sql. Records not yet published are lost.

CREATE TABLE event_outbox (
    id                 uuid          PRIMARY KEY DEFAULT gen_random_uuid(),
    position           bigint        GENERATED ALWAYS AS IDENTITY,
    event_id           uuid          REFERENCES domain_events (event_id),
    tenant_id          text          NOT NULL DEFAULT 'default',
    topic              text          NOT NULL,
    partition_key      text          NOT NULL,
    lane               smallint      NOT NULL,
    headers            jsonb         NOT NULL DEFAULT '{}',
    payload            jsonb         DEFAULT '{}',
    raw_key            bytea,
    raw_value          bytea,
    source_bc          text          NOT NULL DEFAULT 'genesis',
    destination_topics text[]        NOT NULL DEFAULT '{}',
    schema_id          text,
    schema_version     integer       NOT NULL DEFAULT 1,
    status             outbox_status NOT NULL DEFAULT 'PENDING',
    retry_count        integer       NOT NULL DEFAULT 0,
    max_retries        integer       NOT NULL DEFAULT 5,
    next_retry_at      timestamptz,
    scheduled_at       timestamptz,
    error_message      text,
    created_at         timestamptz   NOT NULL DEFAULT now(),
    published_at       timestamptz,

    CONSTRAINT event_outbox_position_key UNIQUE (position),
    CONSTRAINT event_outbox_lane_known CHECK (lane BETWEEN 0 AND 63),
    CONSTRAINT event_outbox_sent_has_time CHECK (status <> 'SENT' OR published_at IS NOT NULL),
    CONSTRAINT event_outbox_dead_says_why CHECK (status <> 'DEAD' OR error_message IS NOT NULL),
    CONSTRAINT event_outbox_retries_not_negative CHECK (retry_count >= 0 AND max_retries >= 0),
    CONSTRAINT event_outbox_topic_length CHECK (char_length(topic) BETWEEN 1 AND 249),
    CONSTRAINT event_outbox_without_payload_is_event CHECK (payload IS NOT NULL OR id = event_id AND event_id IS NOT NULL)
) WITH (fillfactor = 50);
COMMENT ON TABLE event_outbox IS 'Every record is marked once when it is sent; half of each page is left for that.';
COMMENT ON COLUMN event_outbox.payload IS 'NULL: the record is the event itself, which domain_events holds already.';
COMMENT ON COLUMN event_outbox.headers IS 'Headers beside those that follow from the payload.';

CREATE INDEX idx_event_outbox_due ON event_outbox (lane, position) WHERE status <> 'SENT';
COMMENT ON INDEX idx_event_outbox_due IS 'What is still to be published in a lane, in order?';
CREATE INDEX idx_event_outbox_blocked ON event_outbox (topic, partition_key, position)
    WHERE status IN ('FAILED', 'DEAD');
COMMENT ON INDEX idx_event_outbox_blocked IS 'Is an earlier record of this key stuck?';
-- A row for each destination, so that each is delivered, retried and given up for itself. The first keeps the row's own
-- id and says where the others went; theirs follow from it, so that building a row twice inserts each once.
CREATE FUNCTION genesis_divide_destinations() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    destination text;
BEGIN
    NEW.destination_topics := ARRAY(
        SELECT t FROM unnest(NEW.destination_topics) WITH ORDINALITY AS u (t, n) GROUP BY t ORDER BY min(n)
    );
    NEW.topic := NEW.destination_topics[1];
    FOREACH destination IN ARRAY NEW.destination_topics[2:] LOOP
        INSERT INTO event_outbox (
            id, event_id, tenant_id, topic, partition_key, lane, headers, payload, raw_key, raw_value, source_bc,
            schema_id, schema_version, status, retry_count, max_retries, next_retry_at, scheduled_at, error_message,
            created_at, published_at
        ) VALUES (
            md5(NEW.id::text || ' ' || destination)::uuid, NEW.event_id, NEW.tenant_id, destination,
            NEW.partition_key, NEW.lane, NEW.headers, NEW.payload, NEW.raw_key, NEW.raw_value, NEW.source_bc,
            NEW.schema_id, NEW.schema_version, NEW.status, NEW.retry_count, NEW.max_retries, NEW.next_retry_at,
            NEW.scheduled_at, NEW.error_message, NEW.created_at, NEW.published_at
        ) ON CONFLICT (id) DO NOTHING;
    END LOOP;
    RETURN NEW;
END
$$;
CREATE TRIGGER event_outbox_divide BEFORE INSERT ON event_outbox
    FOR EACH ROW WHEN (cardinality(NEW.destination_topics) > 0) EXECUTE FUNCTION genesis_divide_destinations();

CREATE TABLE outbox_lanes (
    lane        smallint    PRIMARY KEY,
    owner_id    text,
    epoch       bigint      NOT NULL DEFAULT 0,
    lease_until timestamptz NOT NULL DEFAULT '-infinity',

    CONSTRAINT outbox_lanes_lane_known CHECK (lane BETWEEN 0 AND 63),
    CONSTRAINT outbox_lanes_epoch_not_negative CHECK (epoch >= 0)
);
INSERT INTO outbox_lanes (lane) SELECT generate_series(0, 63);

-- Who is alive, also those that hold no lane yet: without them nobody would know that it has too many.
CREATE TABLE outbox_owners (
    owner_id    text        PRIMARY KEY,
    lease_until timestamptz NOT NULL
);

CREATE FUNCTION genesis_lease_lanes(owner text, duration interval)
RETURNS TABLE (leased_lane smallint, leased_epoch bigint) LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz;
    share integer;
    mine integer;
BEGIN
    -- One owner at a time, so that two cannot count the same lanes.
    PERFORM 1 FROM outbox_lanes ORDER BY lane FOR UPDATE;
    moment := clock_timestamp();
    DELETE FROM outbox_owners o WHERE o.lease_until < moment AND o.owner_id <> owner;
    INSERT INTO outbox_owners AS o (owner_id, lease_until) VALUES (owner, moment + duration)
        ON CONFLICT (owner_id) DO UPDATE SET lease_until = excluded.lease_until;
    SELECT ceil(64.0 / count(*))::integer INTO share FROM outbox_owners;
    -- A lease that ran out may have been missed by nobody, but its epoch moves on all the same.
    UPDATE outbox_lanes l SET lease_until = moment + duration WHERE l.owner_id = owner AND l.lease_until >= moment;
    UPDATE outbox_lanes l SET owner_id = NULL, lease_until = '-infinity'
        WHERE l.owner_id = owner AND l.lease_until < moment;
    SELECT count(*) INTO mine FROM outbox_lanes l WHERE l.owner_id = owner;
    IF mine > share THEN
        UPDATE outbox_lanes l SET owner_id = NULL, lease_until = '-infinity' WHERE l.lane IN (
            SELECT x.lane FROM outbox_lanes x WHERE x.owner_id = owner ORDER BY x.lane DESC LIMIT mine - share
        );
    ELSIF mine < share THEN
        UPDATE outbox_lanes l SET owner_id = owner, epoch = l.epoch + 1, lease_until = moment + duration
        WHERE l.lane IN (
            SELECT x.lane FROM outbox_lanes x WHERE x.owner_id IS NULL OR x.lease_until < moment
            ORDER BY x.lane LIMIT share - mine
        );
    END IF;
    RETURN QUERY SELECT l.lane, l.epoch FROM outbox_lanes l WHERE l.owner_id = owner ORDER BY l.lane;
END
$$;
