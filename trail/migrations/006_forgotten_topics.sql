-- Topics that an operator took out of what a sink reads, and let in again: `eventtrail sink forget` and `sink remember`.
CREATE TABLE sink_forgotten (
  number            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  consumer_group    text        NOT NULL,
  topic             text        NOT NULL,
  -- As given to the command.
  reason            text        NOT NULL,
  forgotten_at      timestamptz NOT NULL DEFAULT now(),
  -- From when on it is read again, and why; null while it is not.
  remembered_at     timestamptz,
  remembered_reason text
);
CREATE UNIQUE INDEX sink_forgotten_now ON sink_forgotten (consumer_group, topic) WHERE remembered_at IS NULL;
