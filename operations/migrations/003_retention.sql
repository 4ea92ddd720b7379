-- What keeps months in the trail, and what became of those that left it.

-- A hold keeps every month that has a row that it is about, until it is released.
CREATE TABLE retention_holds (
  id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at           timestamptz NOT NULL,
  -- Has who and why.
  action       bigint      NOT NULL REFERENCES operator_actions,
  -- '2026-11'; NULL: of every month.
  month        text        CHECK (month ~ '^\d{4}-(0[1-9]|1[0-2])$'),
  event_name   text,
  aggregate_id uuid,
  CHECK (num_nonnulls(month, event_name, aggregate_id) > 0)
);

CREATE TABLE retention_releases (
  hold   bigint      PRIMARY KEY REFERENCES retention_holds,
  at     timestamptz NOT NULL,
  action bigint      NOT NULL REFERENCES operator_actions
);

-- How far an action has come that drops a month: it continues after the newest step.
CREATE TABLE retention_steps (
  number bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at     timestamptz NOT NULL,
  action bigint      NOT NULL REFERENCES operator_actions,
  month  text        NOT NULL,
  step   text        NOT NULL CHECK (step IN ('archive begun', 'archive written', 'archive rejected', 'archive verified', 'dropped')),
  -- Of an archive its name, bytes, rows and digests; of a drop its rows.
  detail jsonb       NOT NULL
);
CREATE INDEX retention_steps_action ON retention_steps (action, number DESC);
CREATE UNIQUE INDEX retention_steps_dropped ON retention_steps (action) WHERE step = 'dropped';

-- What a month had when it was dropped.
CREATE TABLE retention_counts (
  action          bigint      NOT NULL REFERENCES operator_actions,
  month           text        NOT NULL,
  event_name      text        NOT NULL,
  -- With the prefix, where the trail knows it.
  topics          text[]      NOT NULL,
  -- NULL for rows that did not come from Kafka.
  kafka_partition integer,
  rows            bigint      NOT NULL CHECK (rows > 0),
  first_offset    bigint,
  last_offset     bigint,
  first_recorded  timestamptz NOT NULL,
  last_recorded   timestamptz NOT NULL
);
CREATE INDEX retention_counts_action ON retention_counts (action);

DO $$
DECLARE
  each_table text;
BEGIN
  FOREACH each_table IN ARRAY ARRAY['retention_holds', 'retention_releases', 'retention_steps'] LOOP
    EXECUTE format('CREATE TRIGGER operator_stamp BEFORE INSERT ON %I FOR EACH ROW EXECUTE FUNCTION operator_stamp_time()', each_table);
  END LOOP;
  FOREACH each_table IN ARRAY ARRAY['retention_holds', 'retention_releases', 'retention_steps', 'retention_counts'] LOOP
    EXECUTE format('CREATE TRIGGER operator_append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION operator_refuse_change()', each_table);
    EXECUTE format('CREATE TRIGGER operator_no_truncate BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION operator_refuse_change()', each_table);
  END LOOP;
END
$$;

-- Holds that were not released, with who and why.
CREATE VIEW retention_open_holds AS
SELECT h.id, h.at, h.month, h.event_name, h.aggregate_id, a.actor, a.reason
FROM retention_holds h JOIN operator_actions a ON a.id = h.action
WHERE NOT EXISTS (SELECT FROM retention_releases r WHERE r.hold = h.id);

-- Months that were dropped by `eventtrail retention drop`, with who and why, and where their archive is.
CREATE VIEW retention_dropped AS
SELECT s.month, s.at, s.action, a.actor, a.reason, (s.detail ->> 'rows')::bigint AS rows, s.detail ->> 'archive' AS archive
FROM retention_steps s JOIN operator_actions a ON a.id = s.action WHERE s.step = 'dropped';

-- The lowest id of a month: a UUID of version 7 begins with its milliseconds since 1970.
CREATE FUNCTION retention_first_id(month date) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT rpad(lpad(to_hex(extract(epoch FROM month)::bigint * 1000), 12, '0'), 32, '0')::uuid
$$;

-- The holds that keep a month, such as '2026-11', that is in the trail.
CREATE FUNCTION retention_holds_of(of_month text) RETURNS SETOF bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
  hold record;
  has_rows boolean;
  first_day date := (of_month || '-01')::date;
BEGIN
  FOR hold IN SELECT * FROM retention_open_holds WHERE month IS NULL OR month = of_month ORDER BY id LOOP
    has_rows := true;
    IF hold.event_name IS NOT NULL OR hold.aggregate_id IS NOT NULL THEN
      -- With the bounds as literals the other months are left out of the plan.
      EXECUTE format(
        'SELECT EXISTS (SELECT FROM event_envelopes WHERE id >= %L AND id < %L
           AND ($1 IS NULL OR event_name = $1) AND ($2 IS NULL OR aggregate_id = $2))',
        retention_first_id(first_day), retention_first_id((first_day + interval '1 month')::date)
      ) INTO has_rows USING hold.event_name, hold.aggregate_id;
    END IF;
    IF has_rows THEN RETURN NEXT hold.id; END IF;
  END LOOP;
END
$$;

-- As before (migration 007 of the trail), and refuses a month that a hold keeps. `eventtrail retention drop` checks and
-- records more, and sinks wait for it for a moment only.
CREATE OR REPLACE FUNCTION sink_drop_month(month text, reason text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  month_table text := 'event_envelopes_' || replace(month, '-', '_');
  dropped bigint;
  holds text;
BEGIN
  IF month !~ '^\d{4}-\d{2}$' OR NOT EXISTS (
    SELECT FROM pg_inherits WHERE inhparent = 'event_envelopes'::regclass AND inhrelid = to_regclass(month_table)
  ) THEN
    RAISE EXCEPTION 'the trail has no partition of the month %, which is to be written as 2026-11', month;
  END IF;
  IF coalesce(trim(reason), '') = '' THEN RAISE EXCEPTION 'a reason is needed'; END IF;
  -- What is stored between the count and the end would be missed, and a hold that is placed meanwhile too.
  LOCK TABLE event_envelopes IN ACCESS EXCLUSIVE MODE;
  LOCK TABLE retention_holds IN SHARE MODE;
  SELECT string_agg(each::text, ', ') INTO holds FROM retention_holds_of(month) AS each;
  IF holds IS NOT NULL THEN
    RAISE EXCEPTION 'the month % is under hold %', month, holds
      USING ERRCODE = 'restrict_violation', HINT = '`eventtrail retention release` ends a hold.';
  END IF;
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
