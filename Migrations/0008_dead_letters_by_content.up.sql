-- 0008_dead_letters_by_content
--
-- Adds    an index in place of the constraint that each place of a topic has one dead letter: which record one is of is
--         said by its id.
-- Why     in a topic that was made anew other records have the same places, and one of them that had to be set aside left
--         nothing where an old one had been.
-- Locks   dead_letters against writes while the index is built.
-- Undo    0008_dead_letters_by_content.down.sql, as long as no place has two records.

ALTER TABLE dead_letters DROP CONSTRAINT dead_letters_record_key;

CREATE INDEX idx_dead_letters_record ON dead_letters (cluster_id, topic, partition, record_offset);
COMMENT ON INDEX idx_dead_letters_record IS 'Was the record at this place set aside?';
