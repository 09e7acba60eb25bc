-- 0001_types, taken back: the enum types and the trigger function.

DROP FUNCTION trigger_set_timestamp();
DROP TYPE reply_verdict;
DROP TYPE handle_status;
DROP TYPE outbox_status;
DROP TYPE task_status;
DROP TYPE command_status;
DROP TYPE genesis_stage;
DROP TYPE genesis_status;
