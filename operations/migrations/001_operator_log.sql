-- What operators do is written here before it is done: no row, nothing was done.
CREATE TABLE operator_actions (
  id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at        timestamptz NOT NULL,
  -- who@host.
  actor     text        NOT NULL,
  -- Whether a login has proved the actor; false: it is what the shell claims.
  verified  boolean     NOT NULL,
  -- cli, console or code.
  via       text        NOT NULL,
  -- The role of the session in Postgres, set by a trigger.
  login     text        NOT NULL,
  -- host:pid.
  process   text        NOT NULL,
  -- As the command is called: sink reset, dead-letters redrive.
  operation text        NOT NULL,
  -- What it is done to: names, coordinates and numbers, never content or a person.
  target    jsonb       NOT NULL,
  reason    text        NOT NULL CHECK (trim(reason) <> '')
);
CREATE INDEX operator_actions_at ON operator_actions (at);

-- What came of an action, once. An action without a row here is running or was interrupted.
CREATE TABLE operator_results (
  action bigint      PRIMARY KEY REFERENCES operator_actions,
  at     timestamptz NOT NULL,
  status text        NOT NULL CHECK (status IN ('done', 'failed')),
  -- Counts and codes.
  result jsonb       NOT NULL
);

-- An action that was interrupted is the same one when it is continued; this is who continued it.
CREATE TABLE operator_resumptions (
  action   bigint      NOT NULL REFERENCES operator_actions,
  at       timestamptz NOT NULL,
  actor    text        NOT NULL,
  verified boolean     NOT NULL,
  via      text        NOT NULL,
  login    text        NOT NULL,
  process  text        NOT NULL
);
CREATE INDEX operator_resumptions_action ON operator_resumptions (action);

-- Time and login are those of the server, whatever a session writes.
CREATE FUNCTION operator_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.at := clock_timestamp();
  IF TG_TABLE_NAME <> 'operator_results' THEN NEW.login := session_user; END IF;
  RETURN NEW;
END
$$;

CREATE FUNCTION operator_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the log of operators is append-only: % of % is refused', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;

DO $$
DECLARE
  each_table text;
BEGIN
  FOREACH each_table IN ARRAY ARRAY['operator_actions', 'operator_results', 'operator_resumptions'] LOOP
    EXECUTE format('CREATE TRIGGER operator_stamp BEFORE INSERT ON %I FOR EACH ROW EXECUTE FUNCTION operator_stamp()', each_table);
    EXECUTE format('CREATE TRIGGER operator_append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION operator_refuse_change()', each_table);
    EXECUTE format('CREATE TRIGGER operator_no_truncate BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION operator_refuse_change()', each_table);
  END LOOP;
END
$$;

-- Every action with what came of it. The session that runs an action holds an advisory lock on it until it ends, so that
-- Postgres knows which process is gone.
CREATE VIEW operator_log AS
SELECT a.id, a.at, a.actor, a.verified, a.via, a.login, a.operation, a.target, a.reason,
  coalesce(r.status, CASE WHEN EXISTS (
    SELECT FROM pg_locks l
    WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.granted
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND l.classid = 'operator_actions'::regclass::oid AND l.objid = (a.id % 2147483647)::oid
  ) THEN 'running' ELSE 'interrupted' END) AS status,
  r.result, r.at AS ended_at
FROM operator_actions a LEFT JOIN operator_results r ON r.action = a.id;
