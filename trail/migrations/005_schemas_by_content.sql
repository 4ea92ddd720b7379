-- A schema is what it says: its numbers in a subject may change, repeat or end. One that was deleted and registered again
-- has several versions, and after a subject was removed for good its version 1 is another schema with another id.
ALTER TABLE sink_schemas
  DROP CONSTRAINT sink_schemas_pkey,
  DROP CONSTRAINT sink_schemas_subject_id_key,
  ADD PRIMARY KEY (subject, id, version),
  -- Of the envelope. Null in rows of before; the schema's namespace says it too.
  ADD COLUMN event_name text;
