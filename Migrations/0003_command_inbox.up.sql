-- 0003_command_inbox
--
-- Adds    the inbox: what came in, and what became of it.
-- Why     a message that comes twice gets its first answer again; other services hand in commands as rows.
-- Locks   none on existing tables; safe while workers run.
-- Undo    0003_command_inbox.down.sql. Commands not yet processed and all recorded answers are lost.

CREATE TABLE command_inbox (
    id              uuid           PRIMARY KEY DEFAULT gen_random_uuid(),
    arrival         bigint         GENERATED ALWAYS AS IDENTITY,
    tenant_id       text           NOT NULL DEFAULT 'default',
    session_id      uuid           NOT NULL,
    aggregate_type  text           NOT NULL DEFAULT 'GenesisSession',
    command_type    text           NOT NULL,
    idempotency_key text           NOT NULL,
    payload         jsonb          NOT NULL DEFAULT '{}',
    correlation_id  text           NOT NULL,
    causation_id    text,
    user_id         text,
    metadata        jsonb          NOT NULL DEFAULT '{}',
    source          text           NOT NULL DEFAULT 'table',
    status          command_status NOT NULL DEFAULT 'RECEIVED',
    verdict         reply_verdict,
    error_message   text,
    retry_count     integer        NOT NULL DEFAULT 0,
    created_at      timestamptz    NOT NULL DEFAULT now(),
    updated_at      timestamptz    NOT NULL DEFAULT now(),
    processed_at    timestamptz,

    CONSTRAINT command_inbox_idempotency_key UNIQUE (tenant_id, idempotency_key),
    CONSTRAINT command_inbox_processed_has_time
        CHECK (status IN ('RECEIVED', 'PROCESSING') OR processed_at IS NOT NULL),
    CONSTRAINT command_inbox_retries_not_negative CHECK (retry_count >= 0),
    CONSTRAINT command_inbox_type_length CHECK (char_length(command_type) BETWEEN 1 AND 255),
    CONSTRAINT command_inbox_key_length CHECK (char_length(idempotency_key) BETWEEN 1 AND 255),
    CONSTRAINT command_inbox_correlation_length CHECK (char_length(correlation_id) BETWEEN 1 AND 255),
    -- A deadline's row has a key that is known beforehand: whoever took it would keep the deadline from being decided.
    CONSTRAINT command_inbox_key_is_not_the_workers CHECK (source <> 'table' OR idempotency_key NOT LIKE 'worker/%')
) WITH (fillfactor = 70);
COMMENT ON TABLE command_inbox IS 'Room is left in each page for the verdicts of its rows.';

CREATE UNIQUE INDEX idx_command_inbox_unique_pending_command ON command_inbox (session_id, command_type)
    WHERE status IN ('RECEIVED', 'PROCESSING');
COMMENT ON INDEX idx_command_inbox_unique_pending_command IS
    'Is a command of this type still being worked on in the session?';
CREATE INDEX idx_command_inbox_undecided ON command_inbox (arrival)
    WHERE verdict IS NULL AND status IN ('RECEIVED', 'FAILED');
COMMENT ON INDEX idx_command_inbox_undecided IS 'Which commands has nobody decided, oldest first?';
CREATE INDEX idx_command_inbox_session ON command_inbox (session_id, arrival);
COMMENT ON INDEX idx_command_inbox_session IS 'What came in for a session, in order?';
CREATE INDEX idx_command_inbox_status ON command_inbox (status, created_at) WHERE status <> 'COMPLETED';
COMMENT ON INDEX idx_command_inbox_status IS 'Which commands are open or have failed, oldest first?';
CREATE INDEX idx_command_inbox_time ON command_inbox USING brin (created_at);
COMMENT ON INDEX idx_command_inbox_time IS 'Which commands came between two times?';
CREATE INDEX idx_command_inbox_type ON command_inbox (command_type, created_at);
COMMENT ON INDEX idx_command_inbox_type IS 'Which commands of a type came when?';
CREATE INDEX idx_command_inbox_correlation ON command_inbox (correlation_id);
COMMENT ON INDEX idx_command_inbox_correlation IS 'Which commands belong to one request?';
CREATE INDEX idx_command_inbox_user ON command_inbox (user_id, created_at) WHERE user_id IS NOT NULL;
COMMENT ON INDEX idx_command_inbox_user IS 'Which commands did a user send?';

-- So that (session_id, command_type, payload) is all another service needs to know, and closing needs a status only.
CREATE FUNCTION genesis_complete_inbox_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.idempotency_key := coalesce(NEW.idempotency_key, NEW.id::text);
    NEW.correlation_id := coalesce(NEW.correlation_id, NEW.id::text);
    IF NEW.status IN ('COMPLETED', 'FAILED') THEN
        NEW.processed_at := coalesce(NEW.processed_at, clock_timestamp());
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER command_inbox_complete BEFORE INSERT OR UPDATE ON command_inbox
    FOR EACH ROW WHEN (
        NEW.idempotency_key IS NULL OR NEW.correlation_id IS NULL
        OR NEW.processed_at IS NULL AND NEW.status IN ('COMPLETED', 'FAILED')
    )
    EXECUTE FUNCTION genesis_complete_inbox_row();
CREATE TRIGGER command_inbox_set_timestamp BEFORE UPDATE ON command_inbox
    FOR EACH ROW WHEN (NEW.updated_at IS NULL OR NEW.updated_at <= OLD.updated_at)
    EXECUTE FUNCTION trigger_set_timestamp();

-- The same rows under another design's names and words.
CREATE VIEW command_box AS
SELECT
    id AS command_id,
    command_type,
    session_id AS aggregate_id,
    aggregate_type,
    payload,
    correlation_id,
    causation_id,
    user_id,
    metadata,
    CASE status WHEN 'RECEIVED' THEN 'PENDING' ELSE status::text END AS status,
    error_message,
    retry_count,
    created_at,
    updated_at,
    processed_at,
    tenant_id
FROM command_inbox;

CREATE FUNCTION genesis_change_command_box() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM command_inbox WHERE id = OLD.command_id;
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'UPDATE refused: a row of command_box is changed by the worker alone'
            USING ERRCODE = 'GN004', HINT = 'Insert a new command, or delete this one.';
    END IF;
    INSERT INTO command_inbox (
        id, command_type, session_id, aggregate_type, payload, correlation_id, causation_id, user_id, metadata,
        status, error_message, retry_count, created_at, updated_at, processed_at, tenant_id
    ) VALUES (
        coalesce(NEW.command_id, gen_random_uuid()), NEW.command_type, NEW.aggregate_id,
        coalesce(NEW.aggregate_type, 'GenesisSession'), coalesce(NEW.payload, '{}'), NEW.correlation_id,
        NEW.causation_id, NEW.user_id, coalesce(NEW.metadata, '{}'),
        CASE coalesce(NEW.status, 'PENDING') WHEN 'PENDING' THEN 'RECEIVED' ELSE NEW.status END::command_status,
        NEW.error_message, coalesce(NEW.retry_count, 0), coalesce(NEW.created_at, now()),
        coalesce(NEW.updated_at, now()), NEW.processed_at, coalesce(NEW.tenant_id, 'default')
    ) RETURNING id, correlation_id, created_at INTO NEW.command_id, NEW.correlation_id, NEW.created_at;
    RETURN NEW;
END
$$;
CREATE TRIGGER command_box_change INSTEAD OF INSERT OR UPDATE OR DELETE ON command_box
    FOR EACH ROW EXECUTE FUNCTION genesis_change_command_box();
