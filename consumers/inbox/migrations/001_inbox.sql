-- Which events a group has handled: written in the transaction of the handler, so that its effect happens once.
-- The order of the columns makes the rows of one group neighbours, and ids in the order of time (UUIDv7) cheap to add.
CREATE TABLE IF NOT EXISTS eventtrail_inbox (
  group_name text NOT NULL,
  event_id uuid NOT NULL,
  done_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (group_name, event_id)
);
