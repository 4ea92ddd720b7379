-- The trail: one row per envelope. The first six columns are the contract; the others say where a row came from.
-- Partitioned by the time in its UUIDv7 (the first 48 bits are milliseconds), so that retention drops a partition
-- and the primary key stays `id` alone.
CREATE TABLE event_envelopes (
  id              uuid        NOT NULL,
  aggregate_id    uuid        NOT NULL,
  occurred_at     timestamptz NOT NULL,
  event_name      text        NOT NULL,
  payload         jsonb       NOT NULL,
  schema_version  smallint    NOT NULL,
  kafka_partition integer,
  kafka_offset    bigint,
  recorded_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (id)
) PARTITION BY RANGE (id);

CREATE INDEX event_envelopes_event_name ON event_envelopes (event_name);

CREATE TABLE event_envelopes_default PARTITION OF event_envelopes DEFAULT;

-- The truth about what is stored: Kafka's committed offsets are a hint only.
CREATE TABLE sink_offsets (
  consumer_group text        NOT NULL,
  topic          text        NOT NULL,
  partition      integer     NOT NULL,
  -- The offset of the first record that is not in the trail yet.
  next_offset    bigint      NOT NULL CHECK (next_offset >= 0),
  -- Counts up when an operator accepts that the log is another one than before (`eventtrail sink reset`).
  incarnation    integer     NOT NULL DEFAULT 1,
  -- SHA-256 of the value of the record at next_offset - 1: distinguishes the log that we read from a recreated one.
  last_digest    bytea,
  -- Why the partition is stopped, until it is reset; null while it is read.
  halted         text,
  updated_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer_group, topic, partition)
);

-- Ranges that add up: every offset between first and last is counted once. A hole between two rows is a loss.
CREATE TABLE sink_ledger (
  consumer_group text        NOT NULL,
  topic          text        NOT NULL,
  partition      integer     NOT NULL,
  incarnation    integer     NOT NULL,
  hour           timestamptz NOT NULL,
  first_offset   bigint      NOT NULL,
  last_offset    bigint      NOT NULL,
  rows           bigint      NOT NULL,
  duplicates     bigint      NOT NULL,
  quarantined    bigint      NOT NULL,
  -- Offsets that hold no event: control records, aborted transactions, compacted records.
  skipped        bigint      NOT NULL,
  -- Offsets that were removed from the log before they were read; each range is in sink_gaps.
  lost           bigint      NOT NULL,
  PRIMARY KEY (consumer_group, topic, partition, incarnation, hour),
  CONSTRAINT sink_ledger_adds_up CHECK (last_offset - first_offset + 1 = rows + duplicates + quarantined + skipped + lost)
);

CREATE TABLE sink_gaps (
  consumer_group text        NOT NULL,
  topic          text        NOT NULL,
  partition      integer     NOT NULL,
  incarnation    integer     NOT NULL,
  first_offset   bigint      NOT NULL,
  last_offset    bigint      NOT NULL,
  reason         text        NOT NULL,
  noticed_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer_group, topic, partition, incarnation, first_offset)
);

-- Every `eventtrail sink reset`: from then on the partition's offsets belong to a new incarnation.
CREATE TABLE sink_resets (
  consumer_group text        NOT NULL,
  topic          text        NOT NULL,
  partition      integer     NOT NULL,
  incarnation    integer     NOT NULL,
  from_offset    bigint,
  to_offset      bigint      NOT NULL,
  -- Why it was stopped, if it was.
  halted         text,
  -- As given to the command.
  reason         text        NOT NULL,
  reset_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer_group, topic, partition, incarnation)
);

-- Records that carried an envelope which was in the trail already, with the same content.
CREATE TABLE sink_duplicates (
  consumer_group text        NOT NULL,
  topic          text        NOT NULL,
  partition      integer     NOT NULL,
  incarnation    integer     NOT NULL,
  kafka_offset   bigint      NOT NULL,
  event_id       uuid        NOT NULL,
  noticed_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer_group, topic, partition, incarnation, kafka_offset)
);

-- Records that cannot be stored, kept whole.
CREATE TABLE sink_quarantine (
  number          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  consumer_group  text        NOT NULL,
  topic           text        NOT NULL,
  partition       integer     NOT NULL,
  incarnation     integer     NOT NULL,
  kafka_offset    bigint      NOT NULL,
  kafka_timestamp timestamptz NOT NULL,
  key             bytea,
  value           bytea,
  -- [{"key", "value"}]: the values in base64, in the order of the record.
  headers         jsonb       NOT NULL,
  code            text        NOT NULL,
  -- Says what is wrong without any value of the record.
  reason          text        NOT NULL,
  event_id        uuid,
  status          text        NOT NULL DEFAULT 'held' CHECK (status IN ('held', 'stored', 'duplicate', 'discarded')),
  quarantined_at  timestamptz NOT NULL DEFAULT now(),
  resolved_at     timestamptz,
  -- Who resolved it and why, as given to the command.
  resolution      text,
  UNIQUE (consumer_group, topic, partition, incarnation, kafka_offset)
);

-- The schemas that the trail's rows were decoded with: the trail can be read without the registry.
CREATE TABLE sink_schemas (
  subject     text        NOT NULL,
  version     integer     NOT NULL,
  id          integer     NOT NULL,
  fingerprint text        NOT NULL,
  -- json, not jsonb: a default may hold U+0000, which jsonb refuses.
  schema      json        NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (subject, version),
  UNIQUE (subject, id)
);

-- For auditors: a row here is a loss, or an overlap.
CREATE VIEW sink_ledger_holes AS
SELECT consumer_group, topic, partition, incarnation, previous_last + 1 AS expected, first_offset AS found
FROM (
  SELECT *, lag(last_offset) OVER (PARTITION BY consumer_group, topic, partition, incarnation ORDER BY hour) AS previous_last
  FROM sink_ledger
) AS ranges
WHERE previous_last IS NOT NULL AND first_offset <> previous_last + 1;
