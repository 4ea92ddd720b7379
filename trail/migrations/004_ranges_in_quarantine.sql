-- The last offset of what is kept, where that is a whole batch of the log; null where it is one record.
ALTER TABLE sink_quarantine ADD COLUMN kafka_last_offset bigint CHECK (kafka_last_offset >= kafka_offset);
