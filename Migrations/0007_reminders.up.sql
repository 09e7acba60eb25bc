-- 0007_reminders
--
-- Adds    when the next reminder of a wait is due, and the index that finds it.
-- Why     people are reminded of what waits for them while the wait goes on.
-- Locks   flow_resume_handles for a moment (a column without default), and against writes while the index is built.
-- Undo    0007_reminders.down.sql. Reminders that are still to come are lost.

ALTER TABLE flow_resume_handles ADD COLUMN next_reminder_at timestamptz;

CREATE INDEX idx_flow_resume_handles_reminder ON flow_resume_handles (next_reminder_at)
    WHERE status = 'WAITING' AND next_reminder_at IS NOT NULL;
COMMENT ON INDEX idx_flow_resume_handles_reminder IS 'Which waits need a reminder?';
