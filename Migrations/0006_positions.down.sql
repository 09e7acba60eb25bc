-- 0006_positions, taken back: positions, dead letters, definitions and the functions of a commit.

DROP FUNCTION genesis_lock_sessions(uuid[], bigint[]);
DROP FUNCTION genesis_advance_position(
    text[], text[], bigint[], bigint[], bigint[], bigint[], bigint[], timestamptz[], text[]
);
DROP TABLE workflow_definitions;
DROP TABLE dead_letters;
DROP TABLE kafka_positions;
