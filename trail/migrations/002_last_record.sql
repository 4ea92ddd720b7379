-- The record that last_digest is of need not be right before next_offset: control records may follow it.
ALTER TABLE sink_offsets ADD COLUMN last_record_offset bigint;
UPDATE sink_offsets SET last_record_offset = next_offset - 1 WHERE last_digest IS NOT NULL;
