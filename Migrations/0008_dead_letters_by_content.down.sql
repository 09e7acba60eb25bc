-- 0008_dead_letters_by_content, taken back: each place has one dead letter again. Fails where it has two.

DROP INDEX idx_dead_letters_record;
ALTER TABLE dead_letters ADD CONSTRAINT dead_letters_record_key UNIQUE (cluster_id, topic, partition, record_offset);
