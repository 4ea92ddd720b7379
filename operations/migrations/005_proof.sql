-- Where the trail is proved, an entry has the digest of such a row over this salt and the row: docs/proof-format.md.
ALTER TABLE retention_holds ADD COLUMN salt bytea CHECK (octet_length(salt) = 16);
ALTER TABLE retention_releases ADD COLUMN salt bytea CHECK (octet_length(salt) = 16);
ALTER TABLE disclosures ADD COLUMN salt bytea CHECK (octet_length(salt) = 16);

-- As before (migration 003), and refuses where the trail is proved.
CREATE OR REPLACE FUNCTION sink_drop_month(month text, reason text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  month_table text := 'event_envelopes_' || replace(month, '-', '_');
  dropped bigint;
  holds text;
BEGIN
  IF EXISTS (SELECT FROM proof_settings) THEN
    RAISE EXCEPTION 'the trail is proved: a month goes with a signed entry that says so'
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = '`eventtrail retention drop` drops it.';
  END IF;
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
