-- A topic that is deleted and recreated has another id (KIP-516), whatever its log holds. As `kafka-topics` writes it.
ALTER TABLE sink_offsets ADD COLUMN topic_id text;
