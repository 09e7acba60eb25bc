-- 0004_tasks_and_handles, taken back: both tables with all their rows.

DROP TABLE flow_resume_handles;
DROP TABLE async_tasks;
DROP FUNCTION genesis_refuse_task_change;
