-- Personal data has an end in quarantine too: the bytes of a resolved entry go, and what it was stays.
ALTER TABLE sink_quarantine
  ADD COLUMN purged_at    timestamptz,
  -- As given to the function.
  ADD COLUMN purge_reason text,
  -- SHA-256 of the value that was purged: shows later whether a record is the same.
  ADD COLUMN value_sha256 bytea;

-- Removes key, value and headers of entries that were resolved (stored, duplicate or discarded) so long ago. Entries that
-- are held stay whole: discard them first. Returns how many.
CREATE FUNCTION sink_purge_quarantine(resolved_before interval, reason text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  purged bigint;
BEGIN
  IF coalesce(trim(reason), '') = '' THEN RAISE EXCEPTION 'a reason is needed'; END IF;
  UPDATE sink_quarantine
  SET key = NULL, value = NULL, headers = '[]', value_sha256 = sha256(value), purged_at = now(),
    purge_reason = sink_purge_quarantine.reason
  WHERE status <> 'held' AND purged_at IS NULL AND resolved_at < now() - resolved_before;
  GET DIAGNOSTICS purged = ROW_COUNT;
  RETURN purged;
END
$$;
