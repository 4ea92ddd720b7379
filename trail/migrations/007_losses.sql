-- A gap that an operator has looked into: from then on it is counted and no longer alarmed.
ALTER TABLE sink_gaps
  ADD COLUMN accepted_at timestamptz,
  -- The role in Postgres.
  ADD COLUMN accepted_by text,
  -- As given to the command.
  ADD COLUMN acceptance  text;

-- Rows that were taken out of the trail on purpose, by sink_drop_month() or by hand: the table has so many fewer than
-- the ledger.
CREATE TABLE sink_removals (
  number          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_name      text        NOT NULL,
  kafka_partition integer     NOT NULL,
  -- That of their recorded_at, as in sink_ledger.
  hour            timestamptz NOT NULL,
  rows            bigint      NOT NULL CHECK (rows > 0),
  reason          text        NOT NULL,
  removed_by      text        NOT NULL DEFAULT session_user,
  removed_at      timestamptz NOT NULL DEFAULT now()
);

-- Ends the retention of a month, such as '2026-11': writes down how many rows that are, and drops its partition.
-- Returns how many.
CREATE FUNCTION sink_drop_month(month text, reason text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  month_table text := 'event_envelopes_' || replace(month, '-', '_');
  dropped bigint;
BEGIN
  IF month !~ '^\d{4}-\d{2}$' OR NOT EXISTS (
    SELECT FROM pg_inherits WHERE inhparent = 'event_envelopes'::regclass AND inhrelid = to_regclass(month_table)
  ) THEN
    RAISE EXCEPTION 'the trail has no partition of the month %, which is to be written as 2026-11', month;
  END IF;
  IF coalesce(trim(reason), '') = '' THEN RAISE EXCEPTION 'a reason is needed'; END IF;
  -- What is stored between the count and the end would be missed.
  LOCK TABLE event_envelopes IN ACCESS EXCLUSIVE MODE;
  EXECUTE format('SELECT count(*) FROM %I', month_table) INTO dropped;
  EXECUTE format(
    'INSERT INTO sink_removals (event_name, kafka_partition, hour, rows, reason)
     SELECT event_name, kafka_partition, date_trunc(''hour'', recorded_at, ''UTC''), count(*), $1
     FROM %I WHERE kafka_offset IS NOT NULL GROUP BY 1, 2, 3', month_table) USING reason;
  EXECUTE format('ALTER TABLE event_envelopes DETACH PARTITION %I', month_table);
  EXECUTE format('DROP TABLE %I', month_table);
  RETURN dropped;
END
$$;

-- The event name that a topic carries: a row of the trail has that name, and not the prefix of its topic.
CREATE VIEW sink_topics AS
SELECT DISTINCT left(subject, -length('-value')) AS topic,
  coalesce(
    event_name,
    substr(
      CASE WHEN schema ->> 'name' LIKE '%.EventEnvelope' THEN left(schema ->> 'name', -length('.EventEnvelope'))
        ELSE schema ->> 'namespace' END,
      length('eventtrail.') + 1
    )
  ) AS event_name
FROM sink_schemas;

-- What the books show that no operator has accepted: gaps, and books that do not agree with each other. Reads no row of the
-- trail. `records` are so many offsets or records.
CREATE VIEW sink_ledger_faults AS
SELECT 'removed from Kafka before they were read' AS what, consumer_group, topic, partition, first_offset, last_offset,
  last_offset - first_offset + 1 AS records
FROM sink_gaps WHERE accepted_at IS NULL
UNION ALL
SELECT CASE WHEN found > expected THEN 'offsets that the ledger leaves out' ELSE 'offsets that the ledger counts twice' END,
  consumer_group, topic, partition, least(expected, found), greatest(expected, found) - 1, abs(found - expected)
FROM sink_ledger_holes
UNION ALL
SELECT 'the position is not where the ledger ends', consumer_group, topic, partition,
  least(o.next_offset, l.next_offset), greatest(o.next_offset, l.next_offset) - 1, abs(o.next_offset - l.next_offset)
FROM sink_offsets o
JOIN (
  SELECT consumer_group, topic, partition, incarnation, max(last_offset) + 1 AS next_offset
  FROM sink_ledger GROUP BY 1, 2, 3, 4
) l USING (consumer_group, topic, partition, incarnation)
WHERE o.next_offset <> l.next_offset
UNION ALL
SELECT what, consumer_group, topic, partition, NULL, NULL, sum(counted) - sum(kept)
FROM (
  SELECT 'duplicates that are counted and not listed' AS what, consumer_group, topic, partition, duplicates AS counted, 0 AS kept
  FROM sink_ledger
  UNION ALL
  SELECT 'duplicates that are counted and not listed', consumer_group, topic, partition, 0, 1 FROM sink_duplicates
  UNION ALL
  SELECT 'quarantined records that are counted and not kept', consumer_group, topic, partition, quarantined, 0 FROM sink_ledger
  UNION ALL
  SELECT 'quarantined records that are counted and not kept', consumer_group, topic, partition, 0,
    coalesce(kafka_last_offset, kafka_offset) - kafka_offset + 1
  FROM sink_quarantine
  UNION ALL
  SELECT 'gaps that are counted and not listed', consumer_group, topic, partition, lost, 0 FROM sink_ledger
  UNION ALL
  SELECT 'gaps that are counted and not listed', consumer_group, topic, partition, 0, last_offset - first_offset + 1
  FROM sink_gaps
) AS books
GROUP BY what, consumer_group, topic, partition
HAVING sum(counted) <> sum(kept);

-- Did we lose anything that was read? No row: no. Counts every row of the trail, so it takes its time.
CREATE VIEW sink_losses AS
SELECT what, consumer_group, topic, partition, first_offset, last_offset, records FROM sink_ledger_faults
UNION ALL
SELECT CASE WHEN counted > there THEN 'rows that the ledger has and the table has not'
    ELSE 'rows that no ledger accounts for' END,
  NULL, coalesce((SELECT string_agg(t.topic, ', ' ORDER BY t.topic) FROM sink_topics t WHERE t.event_name = r.event_name), event_name),
  partition, NULL, NULL, abs(counted - there)
FROM (
  SELECT event_name, partition, sum(counted) AS counted, sum(there) AS there
  FROM (
    SELECT coalesce(t.event_name, l.topic) AS event_name, l.partition, l.rows AS counted, 0 AS there
    FROM sink_ledger l LEFT JOIN sink_topics t USING (topic)
    UNION ALL
    SELECT coalesce(t.event_name, q.topic), q.partition, 1, 0
    FROM sink_quarantine q LEFT JOIN sink_topics t USING (topic) WHERE q.status = 'stored'
    UNION ALL
    SELECT event_name, kafka_partition, -rows, 0 FROM sink_removals
    UNION ALL
    SELECT event_name, kafka_partition, 0, count(*)
    FROM event_envelopes WHERE kafka_offset IS NOT NULL GROUP BY event_name, kafka_partition
  ) AS books
  GROUP BY event_name, partition
) AS r
WHERE counted <> there;
