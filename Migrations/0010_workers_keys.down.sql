-- 0010_workers_keys, taken back.

ALTER TABLE command_inbox DROP CONSTRAINT command_inbox_key_is_not_the_workers;
