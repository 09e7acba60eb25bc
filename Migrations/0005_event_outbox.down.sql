-- 0005_event_outbox, taken back: the outbox with all its rows, the lanes and the owners.

DROP FUNCTION genesis_lease_lanes(text, interval);
DROP TABLE outbox_owners;
DROP TABLE outbox_lanes;
DROP TABLE event_outbox;
DROP FUNCTION genesis_divide_destinations();
