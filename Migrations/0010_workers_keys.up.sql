-- 0010_workers_keys
--
-- Adds    a check that rows which somebody else inserts have no key of the worker's own.
-- Why     a deadline's row has a key that is known beforehand; whoever took it kept the deadline from ever being decided.
-- Locks   command_inbox for a moment; rows that are there are not looked at.
-- Undo    0010_workers_keys.down.sql

ALTER TABLE command_inbox ADD CONSTRAINT command_inbox_key_is_not_the_workers
    CHECK (source <> 'table' OR idempotency_key NOT LIKE 'worker/%') NOT VALID;
