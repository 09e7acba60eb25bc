-- 0007_reminders, taken back: the next reminder of a wait.

DROP INDEX idx_flow_resume_handles_reminder;
ALTER TABLE flow_resume_handles DROP COLUMN next_reminder_at;
