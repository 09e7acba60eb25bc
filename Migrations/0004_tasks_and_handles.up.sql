-- 0004_tasks_and_handles
--
-- Adds    the agents' tasks, and the handles of parked flows.
-- Why     what a session waits for is a row, so that it can wait for months and is woken once.
-- Locks   none on existing tables; safe while workers run.
-- Undo    0004_tasks_and_handles.down.sql. Running tasks and waiting flows are lost.

CREATE TABLE async_tasks (
    id                      uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id               text         NOT NULL DEFAULT 'default',
    session_id              uuid         NOT NULL,
    user_id                 text,
    task_type               text         NOT NULL,
    actor_id                text         NOT NULL DEFAULT '',
    triggered_by_command_id uuid,
    correlation_id          text         NOT NULL DEFAULT gen_random_uuid()::text,
    status                  task_status  NOT NULL DEFAULT 'PENDING',
    progress                numeric(5,2) NOT NULL DEFAULT 0,
    progress_message        text,
    progress_details        jsonb        NOT NULL DEFAULT '{}',
    input_data              jsonb        NOT NULL DEFAULT '{}',
    result_data             jsonb        NOT NULL DEFAULT 'null',
    error_data              jsonb        NOT NULL DEFAULT 'null',
    execution_node          text,
    attempt                 integer      NOT NULL DEFAULT 1,
    retry_count             integer      NOT NULL DEFAULT 0,
    max_retries             integer      NOT NULL DEFAULT 3,
    deadline_at             timestamptz,
    not_before              timestamptz,
    requested_at            timestamptz,
    attempt_deadline_at     timestamptz,
    total_deadline_at       timestamptz  NOT NULL DEFAULT now() + interval '1 day',
    started_at              timestamptz,
    completed_at            timestamptz,
    created_at              timestamptz  NOT NULL DEFAULT now(),
    updated_at              timestamptz  NOT NULL DEFAULT now(),

    CONSTRAINT async_tasks_progress_is_a_share CHECK (progress BETWEEN 0 AND 100),
    CONSTRAINT async_tasks_attempt_from_one CHECK (attempt >= 1),
    CONSTRAINT async_tasks_retries_not_negative CHECK (retry_count >= 0 AND max_retries >= 0),
    CONSTRAINT async_tasks_type_length CHECK (char_length(task_type) BETWEEN 1 AND 255),
    CONSTRAINT async_tasks_correlation_length CHECK (char_length(correlation_id) BETWEEN 1 AND 255)
) WITH (fillfactor = 50);
COMMENT ON TABLE async_tasks IS 'Every task is written once more when it ends; half of each page is left for that.';

CREATE INDEX idx_async_tasks_due ON async_tasks (deadline_at)
    WHERE status IN ('PENDING', 'RUNNING') AND deadline_at IS NOT NULL;
COMMENT ON INDEX idx_async_tasks_due IS 'Which open tasks have passed a limit?';
CREATE INDEX idx_async_tasks_session ON async_tasks (session_id, created_at);
COMMENT ON INDEX idx_async_tasks_session IS 'Which tasks does a session have?';
CREATE INDEX idx_async_tasks_open ON async_tasks (session_id) WHERE status IN ('PENDING', 'RUNNING');
COMMENT ON INDEX idx_async_tasks_open IS 'Which tasks of a session are open? However many it has had.';
CREATE INDEX idx_async_tasks_status ON async_tasks (status, created_at) WHERE status <> 'COMPLETED';
COMMENT ON INDEX idx_async_tasks_status IS 'Which tasks are open or have failed, oldest first?';
CREATE INDEX idx_async_tasks_time ON async_tasks USING brin (created_at);
COMMENT ON INDEX idx_async_tasks_time IS 'Which tasks were made between two times?';
CREATE INDEX idx_async_tasks_type ON async_tasks (task_type, created_at);
COMMENT ON INDEX idx_async_tasks_type IS 'Which tasks of a type were made when?';
CREATE INDEX idx_async_tasks_queued ON async_tasks (tenant_id, coalesce(user_id, ''), task_type, created_at, id)
    WHERE status = 'PENDING' AND requested_at IS NULL;
COMMENT ON INDEX idx_async_tasks_queued IS 'Whose turn is it next?';
CREATE INDEX idx_async_tasks_taking_turns ON async_tasks (tenant_id, coalesce(user_id, ''), task_type)
    WHERE status IN ('PENDING', 'RUNNING') AND requested_at IS NOT NULL AND not_before IS NOT NULL;
COMMENT ON INDEX idx_async_tasks_taking_turns IS 'How many queued tasks have their turn now?';
CREATE INDEX idx_async_tasks_correlation ON async_tasks (correlation_id);
COMMENT ON INDEX idx_async_tasks_correlation IS 'Which tasks belong to one request?';

-- Whoever writes: an ended task stays as it ended, an attempt never goes back, nor does its progress. The function is
-- called for nothing else.
CREATE FUNCTION genesis_refuse_task_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status IN ('COMPLETED', 'FAILED', 'CANCELLED') THEN
        RAISE EXCEPTION 'task % is %: a task that has ended does not change', OLD.id, OLD.status
            USING ERRCODE = 'GN005', HINT = 'Make a new task: genesis tasks retry.';
    END IF;
    RAISE EXCEPTION 'task % is at attempt % with % %% done, and does not go back to attempt % with % %%',
        OLD.id, OLD.attempt, OLD.progress, NEW.attempt, NEW.progress USING ERRCODE = 'GN005';
END
$$;
CREATE TRIGGER async_tasks_keep_order BEFORE UPDATE ON async_tasks
    FOR EACH ROW WHEN (
        NEW.attempt < OLD.attempt
        OR (NEW.attempt = OLD.attempt AND NEW.progress < OLD.progress)
        OR (NEW.attempt = OLD.attempt AND NEW.status = 'PENDING' AND OLD.status <> 'PENDING')
        OR (OLD.status IN ('COMPLETED', 'FAILED', 'CANCELLED')
            AND (NEW.status, NEW.attempt, NEW.result_data, NEW.error_data, NEW.completed_at)
                IS DISTINCT FROM (OLD.status, OLD.attempt, OLD.result_data, OLD.error_data, OLD.completed_at))
    ) EXECUTE FUNCTION genesis_refuse_task_change();
CREATE TRIGGER async_tasks_set_timestamp BEFORE UPDATE ON async_tasks
    FOR EACH ROW WHEN (NEW.updated_at IS NULL OR NEW.updated_at <= OLD.updated_at)
    EXECUTE FUNCTION trigger_set_timestamp();

CREATE TABLE flow_resume_handles (
    id              uuid          PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id       text          NOT NULL DEFAULT 'default',
    session_id      uuid          NOT NULL,
    correlation_id  text          NOT NULL,
    flow_run_id     text,
    task_name       text,
    resume_handle   jsonb         NOT NULL DEFAULT '{}',
    status          handle_status NOT NULL DEFAULT 'PENDING_PAUSE',
    draft           integer,
    resume_payload  jsonb         NOT NULL DEFAULT 'null',
    resumed_by      uuid,
    timeout_seconds integer,
    context_data    jsonb         NOT NULL DEFAULT '{}',
    expires_at      timestamptz,
    paused_at       timestamptz,
    resumed_at      timestamptz,
    created_at      timestamptz   NOT NULL DEFAULT now(),
    updated_at      timestamptz   NOT NULL DEFAULT now(),

    CONSTRAINT flow_resume_handles_timeout_not_negative CHECK (timeout_seconds >= 0),
    CONSTRAINT flow_resume_handles_correlation_length CHECK (char_length(correlation_id) BETWEEN 1 AND 255)
) WITH (fillfactor = 50);
COMMENT ON TABLE flow_resume_handles IS 'Every wait is written once more when it ends; half of each page is left for that.';

CREATE UNIQUE INDEX idx_flow_resume_handles_unique_correlation ON flow_resume_handles (tenant_id, correlation_id)
    WHERE status = 'WAITING';
COMMENT ON INDEX idx_flow_resume_handles_unique_correlation IS 'Which parked flow takes this reply?';
CREATE UNIQUE INDEX idx_flow_resume_handles_unique_early ON flow_resume_handles (tenant_id, correlation_id)
    WHERE status = 'PENDING_PAUSE';
COMMENT ON INDEX idx_flow_resume_handles_unique_early IS 'Is a reply here before the flow has parked?';
CREATE UNIQUE INDEX idx_flow_resume_handles_unique_paused ON flow_resume_handles (tenant_id, correlation_id)
    WHERE status = 'PAUSED';
COMMENT ON INDEX idx_flow_resume_handles_unique_paused IS 'Which wait of a paused session keeps this reply?';
CREATE INDEX idx_flow_resume_handles_due ON flow_resume_handles (expires_at)
    WHERE status IN ('PENDING_PAUSE', 'WAITING') AND expires_at IS NOT NULL;
COMMENT ON INDEX idx_flow_resume_handles_due IS 'Which waits are over?';
CREATE INDEX idx_flow_resume_handles_session ON flow_resume_handles (session_id, created_at);
COMMENT ON INDEX idx_flow_resume_handles_session IS 'What did a session wait for, in order?';
CREATE INDEX idx_flow_resume_handles_correlation ON flow_resume_handles (tenant_id, correlation_id);
COMMENT ON INDEX idx_flow_resume_handles_correlation IS 'Which waits, open or not, does a reply name?';
CREATE INDEX idx_flow_resume_handles_open ON flow_resume_handles (session_id)
    WHERE status IN ('PENDING_PAUSE', 'WAITING', 'PAUSED');
COMMENT ON INDEX idx_flow_resume_handles_open IS 'What does a session wait for? However often it has waited.';
-- Said the other way round: with the words that queries use, the planner would take all of it for one session's waits
-- when its statistics know of none.
CREATE INDEX idx_flow_resume_handles_status ON flow_resume_handles (status, created_at)
    WHERE status NOT IN ('RESUMED', 'EXPIRED', 'CANCELLED');
COMMENT ON INDEX idx_flow_resume_handles_status IS 'Which waits are open, oldest first?';
CREATE TRIGGER flow_resume_handles_set_timestamp BEFORE UPDATE ON flow_resume_handles
    FOR EACH ROW WHEN (NEW.updated_at IS NULL OR NEW.updated_at <= OLD.updated_at)
    EXECUTE FUNCTION trigger_set_timestamp();
