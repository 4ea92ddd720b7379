-- The trail is append-only, for its owner too: what was stored is not changed by accident. What takes rows out on purpose
-- names itself in eventtrail.operation, for its own transaction: the move of rows from DEFAULT to the partition of their
-- month, and sink_remove_rows() below. A column that others added may be filled.
CREATE FUNCTION sink_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND TG_TABLE_NAME <> 'sink_ledger' THEN
    IF current_setting('eventtrail.operation', true) IN ('move to month', 'remove rows') THEN RETURN OLD; END IF;
  END IF;
  RAISE EXCEPTION 'the trail is append-only: % of % is refused', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME,
      HINT = 'sink_remove_rows(ids, reason) takes rows out, sink_drop_month(month, reason) a month: both record it.';
END
$$;

-- Neither fires on INSERT or COPY, and COPY still writes many rows at once.
CREATE TRIGGER sink_append_only
  BEFORE DELETE OR UPDATE OF id, aggregate_id, occurred_at, event_name, payload, schema_version, kafka_partition,
    kafka_offset, recorded_at
  ON event_envelopes FOR EACH ROW EXECUTE FUNCTION sink_refuse_change();

-- Partitions do not inherit a trigger of statements.
DO $$
DECLARE
  each_table regclass;
BEGIN
  FOR each_table IN SELECT relid FROM pg_partition_tree('event_envelopes') LOOP
    EXECUTE format(
      'CREATE TRIGGER sink_no_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION sink_refuse_change()',
      each_table);
  END LOOP;
END
$$;

-- The ledger only grows: its own check would accept counts that were changed into each other.
CREATE TRIGGER sink_only_grows
  BEFORE UPDATE ON sink_ledger FOR EACH ROW
  WHEN (NEW.rows < OLD.rows OR NEW.duplicates < OLD.duplicates OR NEW.quarantined < OLD.quarantined
    OR NEW.skipped < OLD.skipped OR NEW.lost < OLD.lost OR NEW.last_offset < OLD.last_offset
    OR (NEW.consumer_group, NEW.topic, NEW.partition, NEW.incarnation, NEW.hour, NEW.first_offset)
      IS DISTINCT FROM (OLD.consumer_group, OLD.topic, OLD.partition, OLD.incarnation, OLD.hour, OLD.first_offset))
  EXECUTE FUNCTION sink_refuse_change();
CREATE TRIGGER sink_kept
  BEFORE DELETE ON sink_ledger FOR EACH ROW EXECUTE FUNCTION sink_refuse_change();
CREATE TRIGGER sink_no_truncate
  BEFORE TRUNCATE ON sink_ledger FOR EACH STATEMENT EXECUTE FUNCTION sink_refuse_change();

-- Takes rows out of the trail, for a person who has the right to it or for events that should not have been published.
-- Writes down how many, of which event and hour, and why. Returns how many.
CREATE FUNCTION sink_remove_rows(ids uuid[], reason text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  removed bigint;
BEGIN
  IF coalesce(trim(reason), '') = '' THEN RAISE EXCEPTION 'a reason is needed'; END IF;
  PERFORM set_config('eventtrail.operation', 'remove rows', true);
  WITH gone AS (
    DELETE FROM event_envelopes WHERE id = ANY(ids) RETURNING event_name, kafka_partition, kafka_offset, recorded_at
  ), recorded AS (
    INSERT INTO sink_removals (event_name, kafka_partition, hour, rows, reason)
    SELECT event_name, kafka_partition, date_trunc('hour', recorded_at, 'UTC'), count(*), sink_remove_rows.reason
    FROM gone WHERE kafka_offset IS NOT NULL GROUP BY 1, 2, 3
  )
  SELECT count(*) INTO removed FROM gone;
  PERFORM set_config('eventtrail.operation', '', true);
  RETURN removed;
END
$$;
