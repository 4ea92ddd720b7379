-- Who can be written to. Filled by the platform; an id is a student's or a teacher's as it stands in events.
CREATE TABLE recipients (
  id uuid PRIMARY KEY,
  address text NOT NULL,
  name text,
  -- False for somebody who asked not to be written to: known, and left in peace.
  wants_mail boolean NOT NULL DEFAULT true
);

-- What went out, so that an event that is delivered again is not mailed again.
CREATE TABLE notifications_sent (
  event_id uuid NOT NULL,
  channel text NOT NULL,
  sent_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (event_id, channel)
);
