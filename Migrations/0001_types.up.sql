-- 0001_types
--
-- Adds    the enum types, and the trigger function that keeps updated_at.
-- Why     every status is one of a few words, and the database refuses any other.
-- Locks   none on existing tables; safe while workers run.
-- Undo    0001_types.down.sql. Nothing is lost once the tables are gone.

CREATE TYPE genesis_status AS ENUM ('IN_PROGRESS', 'PAUSED', 'COMPLETED', 'ABANDONED', 'FAILED');
CREATE TYPE genesis_stage AS ENUM (
    'CONCEPT_SELECTION', 'STORY_CONCEPTION', 'WORLDVIEW', 'CHARACTERS', 'PLOT_OUTLINE', 'FINISHED'
);
CREATE TYPE command_status AS ENUM ('RECEIVED', 'PROCESSING', 'COMPLETED', 'FAILED');
CREATE TYPE task_status AS ENUM ('PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED');
CREATE TYPE outbox_status AS ENUM ('PENDING', 'SENT', 'FAILED', 'DEAD');
CREATE TYPE handle_status AS ENUM ('PENDING_PAUSE', 'WAITING', 'PAUSED', 'RESUMED', 'EXPIRED', 'CANCELLED');
CREATE TYPE reply_verdict AS ENUM (
    'accepted', 'buffered', 'duplicate', 'duplicate_pending', 'superseded', 'stale_attempt', 'expired',
    'wrong_stage', 'unknown', 'not_allowed', 'invalid', 'incident'
);

-- A writer may name a later time of its own; otherwise the row gets one that is later than before. The triggers ask
-- themselves whether that is so, because a call for each row costs more than the row's comparison.
CREATE FUNCTION trigger_set_timestamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := greatest(clock_timestamp(), OLD.updated_at + interval '1 microsecond');
    RETURN NEW;
END
$$;
