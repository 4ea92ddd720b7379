-- Who caused an event, from the headers of its record: null where they do not say it, and in all rows before this
-- migration. Nothing is rewritten: a column without a default is an entry of the catalogue. An older sink next to newer
-- ones leaves them null.

-- All that follows needs this lock, for milliseconds. While it waits for a long query, or a backup, sinks wait for it:
-- for two seconds at a time, and then they have a turn.
DO $$
BEGIN
  FOR attempt IN 1..30 LOOP
    BEGIN
      PERFORM set_config('lock_timeout', '2s', true);
      LOCK TABLE event_envelopes IN ACCESS EXCLUSIVE MODE;
      EXIT;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      IF attempt = 30 THEN RAISE; END IF;
      PERFORM pg_sleep(1);
    END;
  END LOOP;
END
$$;

ALTER TABLE event_envelopes
  ADD COLUMN source      text,
  ADD COLUMN actor       text,
  ADD COLUMN traceparent text;

-- Who caused it is no more to be changed than what happened.
DROP TRIGGER sink_append_only ON event_envelopes;
CREATE TRIGGER sink_append_only
  BEFORE DELETE OR UPDATE OF id, aggregate_id, occurred_at, event_name, payload, schema_version, source, actor,
    traceparent, kafka_partition, kafka_offset, recorded_at
  ON event_envelopes FOR EACH ROW EXECUTE FUNCTION sink_refuse_change();
