-- 0002_sessions_and_events
--
-- Adds    the events, which never change, and the sessions, which are the fold of them.
-- Why     the events are the truth; the session row is what a decision needs at once.
-- Locks   none on existing tables; safe while workers run.
-- Undo    0002_sessions_and_events.down.sql. All sessions and events are lost.

CREATE TABLE domain_events (
    global_position   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id          uuid        NOT NULL DEFAULT gen_random_uuid(),
    tenant_id         text        NOT NULL DEFAULT 'default',
    aggregate_type    text        NOT NULL DEFAULT 'GenesisSession',
    aggregate_id      uuid        NOT NULL,
    aggregate_version integer     NOT NULL,
    event_type        text        NOT NULL,
    schema_version    integer     NOT NULL DEFAULT 1,
    payload           jsonb       NOT NULL DEFAULT '{}',
    metadata          jsonb       NOT NULL DEFAULT '{}',
    state_change      jsonb       NOT NULL DEFAULT '{}',
    correlation_id    text        NOT NULL DEFAULT gen_random_uuid()::text,
    causation_id      uuid        NOT NULL DEFAULT gen_random_uuid(),
    user_id           text,
    occurred_at       timestamptz NOT NULL DEFAULT now(),
    created_at        timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT domain_events_event_id_key UNIQUE (event_id),
    CONSTRAINT domain_events_stream_key UNIQUE (aggregate_type, aggregate_id, aggregate_version),
    CONSTRAINT domain_events_version_from_one CHECK (aggregate_version >= 1),
    CONSTRAINT domain_events_schema_from_one CHECK (schema_version >= 1),
    CONSTRAINT domain_events_type_length CHECK (char_length(event_type) BETWEEN 1 AND 255),
    CONSTRAINT domain_events_correlation_length CHECK (char_length(correlation_id) BETWEEN 1 AND 255)
);

CREATE INDEX idx_domain_events_correlation ON domain_events (correlation_id, global_position);
COMMENT ON INDEX idx_domain_events_correlation IS 'What did one request set off, in order?';
CREATE INDEX idx_domain_events_type ON domain_events (event_type, global_position);
COMMENT ON INDEX idx_domain_events_type IS 'All events of one type, in order?';
CREATE INDEX idx_domain_events_user ON domain_events (user_id, global_position) WHERE user_id IS NOT NULL;
COMMENT ON INDEX idx_domain_events_user IS 'What did one user do, in order?';
CREATE INDEX idx_domain_events_time ON domain_events USING brin (created_at);
COMMENT ON INDEX idx_domain_events_time IS 'What happened between two times?';

-- For everybody, the owner included. Retention will have one defined way of its own.
CREATE FUNCTION genesis_refuse_event_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% refused: rows of domain_events never change and are never deleted', TG_OP
        USING ERRCODE = 'GN003', HINT = 'Append an event that corrects the earlier one.';
END
$$;
CREATE TRIGGER domain_events_immutable BEFORE UPDATE OR DELETE ON domain_events
    FOR EACH ROW EXECUTE FUNCTION genesis_refuse_event_change();
CREATE TRIGGER domain_events_not_truncated BEFORE TRUNCATE ON domain_events
    FOR EACH STATEMENT EXECUTE FUNCTION genesis_refuse_event_change();

CREATE TABLE genesis_sessions (
    id               uuid           PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id        text           NOT NULL DEFAULT 'default',
    user_id          text,
    status           genesis_status NOT NULL DEFAULT 'IN_PROGRESS',
    current_stage    genesis_stage  NOT NULL DEFAULT 'CONCEPT_SELECTION',
    confirmed_data   jsonb          NOT NULL DEFAULT '{}',
    novel_id         uuid,
    workflow_name    text           NOT NULL DEFAULT 'genesis',
    workflow_version text           NOT NULL DEFAULT '',
    workflow_hash    text           NOT NULL DEFAULT '',
    state            jsonb          NOT NULL DEFAULT '{}',
    next_timer_at    timestamptz,
    correlation_id   text           NOT NULL DEFAULT gen_random_uuid()::text,
    version          integer        NOT NULL DEFAULT 0,
    created_at       timestamptz    NOT NULL DEFAULT now(),
    updated_at       timestamptz    NOT NULL DEFAULT now(),

    CONSTRAINT genesis_sessions_version_not_negative CHECK (version >= 0),
    CONSTRAINT genesis_sessions_completed_is_finished
        CHECK (status <> 'COMPLETED' OR current_stage = 'FINISHED'),
    CONSTRAINT genesis_sessions_correlation_length CHECK (char_length(correlation_id) BETWEEN 1 AND 255)
) WITH (fillfactor = 50);
COMMENT ON TABLE genesis_sessions IS
    'Half of each page is left for the next versions of its rows: a step then touches no index (HOT).';

CREATE INDEX idx_genesis_sessions_due_timers ON genesis_sessions (next_timer_at)
    WHERE next_timer_at IS NOT NULL AND status = 'IN_PROGRESS';
COMMENT ON INDEX idx_genesis_sessions_due_timers IS 'Which timers are due?';
CREATE INDEX idx_genesis_sessions_status ON genesis_sessions (status, created_at, id);
COMMENT ON INDEX idx_genesis_sessions_status IS 'Which sessions are in a status, the newest first?';
CREATE INDEX idx_genesis_sessions_user ON genesis_sessions (user_id, created_at) WHERE user_id IS NOT NULL;
COMMENT ON INDEX idx_genesis_sessions_user IS 'Which sessions does a user have?';
CREATE INDEX idx_genesis_sessions_created ON genesis_sessions (created_at, id);
COMMENT ON INDEX idx_genesis_sessions_created IS 'The newest sessions, page by page?';
CREATE INDEX idx_genesis_sessions_live ON genesis_sessions (workflow_hash, id)
    WHERE status IN ('IN_PROGRESS', 'PAUSED');
COMMENT ON INDEX idx_genesis_sessions_live IS 'Which definitions do live sessions run on, and which sessions run on one?';
CREATE TRIGGER genesis_sessions_set_timestamp BEFORE UPDATE ON genesis_sessions
    FOR EACH ROW WHEN (NEW.updated_at IS NULL OR NEW.updated_at <= OLD.updated_at)
    EXECUTE FUNCTION trigger_set_timestamp();
