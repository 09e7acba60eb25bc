-- 0002_sessions_and_events, taken back: both tables with all their rows.

DROP TABLE genesis_sessions;
DROP TABLE domain_events;
DROP FUNCTION genesis_refuse_event_change();
