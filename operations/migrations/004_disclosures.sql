-- Who was given what of the content of the trail (34 CFR 99.32): a row is committed before the first byte is given.
CREATE TABLE disclosures (
  number       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  began_at     timestamptz NOT NULL,
  -- who@host, whether a login has proved it, and by which way: as in operator_actions.
  actor        text        NOT NULL,
  verified     boolean     NOT NULL,
  via          text        NOT NULL,
  -- The role of the session in Postgres, set by a trigger.
  login        text        NOT NULL,
  -- host:pid.
  process      text        NOT NULL,
  -- As the command is called: trail export.
  tool         text        NOT NULL,
  -- Who receives it, and for which legitimate interest.
  party        text        NOT NULL CHECK (trim(party) <> ''),
  purpose      text        NOT NULL CHECK (trim(purpose) <> ''),
  -- Why it is lawful, a word of a closed list: `eventtrail trail disclosures --help`.
  basis        text        NOT NULL,
  -- Whether 99.32 asks for it in the record of a person; false where 99.32(d) exempts it. It is kept either way.
  listed       boolean     NOT NULL,
  -- What was asked for.
  request      jsonb       NOT NULL,
  -- NULL while it is given, and for good where its process was killed: it counts as given in full.
  ended_at     timestamptz,
  -- Whether all that was asked for was given; false where it was broken off.
  complete     boolean,
  rows         bigint,
  -- Rows of which the persons are not known: what cannot be read, and events without field meanings.
  unattributed bigint,
  -- SHA-256 of the ids of the events, a line each, in the order in which they were given.
  ids_sha256   bytea,
  -- Of the file, where one was written.
  bytes        bigint,
  sha256       bytea,
  CHECK ((ended_at IS NULL) = (complete IS NULL) AND (ended_at IS NULL) = (rows IS NULL))
);
CREATE INDEX disclosures_began_at ON disclosures (began_at);

-- The persons whom a disclosure concerns. One that gives much writes them as it comes to them, so that a person may have
-- several rows, of which events is the sum.
CREATE TABLE disclosure_subjects (
  subject    text   NOT NULL,
  disclosure bigint NOT NULL REFERENCES disclosures,
  events     bigint NOT NULL CHECK (events > 0)
);
CREATE INDEX disclosure_subjects_subject ON disclosure_subjects (subject, disclosure);

CREATE FUNCTION disclosure_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.began_at := clock_timestamp();
  NEW.login := session_user;
  IF NEW.ended_at IS NOT NULL THEN
    RAISE EXCEPTION 'a disclosure is recorded before it has ended' USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER disclosure_stamp BEFORE INSERT ON disclosures FOR EACH ROW EXECUTE FUNCTION disclosure_stamp();

-- The end is added once; nothing else changes.
CREATE FUNCTION disclosure_end() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  ends text[] := ARRAY['ended_at', 'complete', 'rows', 'unattributed', 'ids_sha256', 'bytes', 'sha256'];
BEGIN
  IF OLD.ended_at IS NOT NULL OR to_jsonb(NEW) - ends <> to_jsonb(OLD) - ends THEN
    RAISE EXCEPTION 'disclosures are append-only: of one that has not ended the end can be added, and nothing else'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  NEW.ended_at := clock_timestamp();
  RETURN NEW;
END
$$;
CREATE TRIGGER disclosure_end BEFORE UPDATE ON disclosures FOR EACH ROW EXECUTE FUNCTION disclosure_end();

-- No person is added to a disclosure that has ended.
CREATE FUNCTION disclosure_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM disclosures WHERE ended_at IS NOT NULL AND number IN (SELECT disclosure FROM added)) THEN
    RAISE EXCEPTION 'the disclosure has ended: no person is added to it'
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER disclosure_open AFTER INSERT ON disclosure_subjects REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION disclosure_open();

CREATE FUNCTION disclosure_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'disclosures are append-only: % of % is refused', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE TRIGGER disclosure_no_delete BEFORE DELETE ON disclosures FOR EACH ROW EXECUTE FUNCTION disclosure_refuse_change();
CREATE TRIGGER disclosure_no_truncate BEFORE TRUNCATE ON disclosures FOR EACH STATEMENT EXECUTE FUNCTION disclosure_refuse_change();
CREATE TRIGGER disclosure_append_only BEFORE UPDATE OR DELETE ON disclosure_subjects FOR EACH ROW EXECUTE FUNCTION disclosure_refuse_change();
CREATE TRIGGER disclosure_no_truncate BEFORE TRUNCATE ON disclosure_subjects FOR EACH STATEMENT EXECUTE FUNCTION disclosure_refuse_change();
