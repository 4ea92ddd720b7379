-- Who can be written to. Filled by the application; an id is one that events name.
CREATE TABLE recipients (
  id uuid PRIMARY KEY,
  address text NOT NULL,
  name text,
  -- False for a person who asked not to be written to.
  wants_mail boolean NOT NULL DEFAULT true
);

-- What went out, so that an event that is delivered again is not mailed again.
CREATE TABLE notifications_sent (
  event_id uuid NOT NULL,
  channel text NOT NULL,
  sent_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (event_id, channel)
);
