-- The proof of the trail (docs/proof-format.md). A row here: the trail is proved, and takes no row without a statement.
CREATE TABLE proof_settings (
  one      boolean     PRIMARY KEY DEFAULT true CHECK (one),
  -- The name of the log, which begins the names of all keys.
  origin   text        NOT NULL,
  began_at timestamptz NOT NULL DEFAULT now()
);

-- What writers say of the rows that they stored, and operators of what they changed, each in the transaction of the change.
CREATE TABLE proof_entries (
  number     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- A session that writes entries, or a command that writes one.
  writer     uuid        NOT NULL,
  seq        integer     NOT NULL CHECK (seq >= 0),
  kind       text        NOT NULL,
  -- Signed.
  entry      text        NOT NULL,
  -- Whether its writer may still extend it.
  open       boolean     NOT NULL DEFAULT false,
  touched_at timestamptz NOT NULL DEFAULT now(),
  -- Its place in the log; null until it is sealed.
  log_index  bigint      UNIQUE,
  -- Why the sealer leaves it out of the log: it is evidence.
  rejected   text,
  -- The role of the session in Postgres, set by a trigger.
  login      text        NOT NULL,
  UNIQUE (writer, seq),
  CHECK (NOT (open AND log_index IS NOT NULL))
) WITH (fillfactor = 50, toast_tuple_target = 8160);
-- Hashes do not compress.
ALTER TABLE proof_entries ALTER COLUMN entry SET STORAGE EXTERNAL;
-- Whoever signs looks at each start whether its key counts.
CREATE INDEX proof_entries_keys ON proof_entries (number) WHERE kind = 'key';
CREATE INDEX proof_entries_unsealed ON proof_entries (number) WHERE log_index IS NULL AND rejected IS NULL;
CREATE INDEX proof_entries_rejected ON proof_entries (number) WHERE rejected IS NOT NULL;

CREATE TABLE proof_checkpoints (
  -- Entries in the log.
  size    bigint      PRIMARY KEY,
  -- Signed by the log, and by witnesses.
  note    text        NOT NULL,
  made_at timestamptz NOT NULL DEFAULT now(),
  -- When each place had it, by address.
  places  jsonb       NOT NULL DEFAULT '{}'
);

-- Leaves of rows that are gone by law or by retention, where their stretch has other rows that are not.
CREATE TABLE proof_kept (
  entry        bigint  NOT NULL REFERENCES proof_entries,
  event_id     uuid    NOT NULL,
  -- Null for rows of the bus.
  topic        text,
  partition    integer,
  incarnation  integer,
  kafka_offset bigint,
  leaf         bytea   NOT NULL CHECK (octet_length(leaf) = 32),
  PRIMARY KEY (event_id, entry)
);

-- Reasons and names of people: an entry has their digest, so that they can be erased here.
CREATE TABLE proof_words (
  digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
  salt   bytea NOT NULL CHECK (octet_length(salt) = 16),
  words  jsonb NOT NULL
);

-- Proves a record of the quarantine after its bytes were purged; null for those from before the proof.
ALTER TABLE sink_quarantine
  ADD COLUMN digest bytea CHECK (octet_length(digest) = 32),
  -- The code that the statement of the record has, where a retry found another one; null where it is `code`.
  ADD COLUMN first_code text;

-- Against accidents: an administrator can take a trigger away, which is what the proof is for.
CREATE FUNCTION proof_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF (NEW.writer, NEW.seq, NEW.kind) = (OLD.writer, OLD.seq, OLD.kind) AND (NEW.entry = OLD.entry OR OLD.open)
      AND (OLD.log_index IS NULL OR (NEW.log_index = OLD.log_index AND NEW.rejected IS NOT DISTINCT FROM OLD.rejected))
      AND (NOT NEW.open OR OLD.open) THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'entries of the proof are append-only: % of % is refused', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE TRIGGER proof_only_grows BEFORE UPDATE OR DELETE ON proof_entries FOR EACH ROW EXECUTE FUNCTION proof_refuse_change();
-- Auditors add entries about disclosures. No one takes the next number of a writer that another login has begun: that writer
-- would wait for it, or stop.
CREATE FUNCTION proof_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.login := session_user;
  IF NEW.seq > 0 AND NEW.log_index IS NULL THEN
    IF NOT EXISTS (SELECT FROM proof_entries WHERE writer = NEW.writer AND seq = NEW.seq - 1 AND login = NEW.login) THEN
      RAISE EXCEPTION 'an entry of the proof follows the one of its writer, by the login that began it'
        USING ERRCODE = 'insufficient_privilege', TABLE = TG_TABLE_NAME;
    END IF;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER proof_stamp BEFORE INSERT ON proof_entries FOR EACH ROW EXECUTE FUNCTION proof_stamp();
CREATE TRIGGER proof_no_truncate BEFORE TRUNCATE ON proof_entries FOR EACH STATEMENT EXECUTE FUNCTION proof_refuse_change();

-- A sink or a bus that knows nothing of statements waits: class 55 is an error that is retried, so that nothing is lost.
-- Its role may have no right on proof_settings, hence the rights of the owner.
CREATE FUNCTION proof_require() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF current_setting('eventtrail.proof', true) IS DISTINCT FROM 'on' THEN
    IF EXISTS (SELECT FROM proof_settings) THEN
      RAISE EXCEPTION 'the trail is proved: rows are stored by an eventtrail that has a key of the proof'
        USING ERRCODE = 'object_not_in_prerequisite_state', TABLE = 'proof_settings';
    END IF;
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER sink_proof_required BEFORE INSERT ON event_envelopes
  FOR EACH STATEMENT EXECUTE FUNCTION proof_require();
-- A batch may have no row: its offsets are in the ledger, and in a statement.
CREATE TRIGGER sink_proof_required BEFORE INSERT ON sink_ledger
  FOR EACH STATEMENT EXECUTE FUNCTION proof_require();
