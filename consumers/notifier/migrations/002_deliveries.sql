-- Who gets what: events by their names and by conditions on their fields, over a channel, to a target.
CREATE TABLE subscriptions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  event_names text[] NOT NULL,
  -- All of them hold: 'payload.currency=EUR'.
  conditions text[] NOT NULL DEFAULT '{}',
  channel text NOT NULL CHECK (channel IN ('email', 'webhook')),
  -- The URL of a webhook, the id of a recipient; NULL where the mail of the event names the recipient.
  target text,
  -- Events that were written to Kafka before are not for it.
  since timestamptz NOT NULL,
  enabled boolean NOT NULL DEFAULT true,
  -- Why it is not: by hand (NULL), or WEBHOOK_GONE, WEBHOOK_FAILING.
  disabled_code text,
  disabled_at timestamptz,
  -- Since when no attempt has succeeded.
  failing_since timestamptz,
  -- The endpoint asked to be left alone until then.
  hold_until timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  removed_at timestamptz
);
CREATE UNIQUE INDEX subscriptions_name ON subscriptions (name) WHERE removed_at IS NULL;

-- What webhooks are signed with, encrypted. More than one while an endpoint changes from one to the next.
CREATE TABLE subscription_secrets (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subscription_id uuid NOT NULL REFERENCES subscriptions,
  sealed bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz
);
CREATE INDEX subscription_secrets_of ON subscription_secrets (subscription_id);

-- One row for each event and subscription, however often Kafka delivers the event.
CREATE TABLE deliveries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id uuid NOT NULL,
  subscription_id uuid NOT NULL,
  event_name text,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed', 'unwanted')),
  -- Of the last attempt.
  code text,
  status integer,
  -- Since it was queued, or last sent again by hand.
  attempts integer NOT NULL DEFAULT 0,
  -- When it may be taken: also the end of the lease of the one that has it.
  next_attempt_at timestamptz NOT NULL DEFAULT now(),
  -- The attempt that is under way.
  lease uuid,
  recipient text,
  -- Until it is delivered.
  content text,
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  UNIQUE (event_id, subscription_id)
);
CREATE INDEX deliveries_due ON deliveries (subscription_id, next_attempt_at) WHERE state = 'pending';
CREATE INDEX deliveries_failed ON deliveries (id) WHERE state = 'failed';

-- Each attempt. One without a result was cut off: its process ended, or it is under way.
CREATE TABLE delivery_attempts (
  id uuid PRIMARY KEY,
  delivery_id bigint NOT NULL REFERENCES deliveries ON DELETE CASCADE,
  started_at timestamptz NOT NULL,
  duration_ms integer,
  result text CHECK (result IN ('delivered', 'again', 'unavailable', 'refused', 'unwanted')),
  code text,
  status integer
);
CREATE INDEX delivery_attempts_of ON delivery_attempts (delivery_id, started_at);

-- The mails whose rules name their recipient, as a subscription: it can be switched off.
INSERT INTO subscriptions (id, name, event_names, channel, since)
VALUES ('00000000-0000-4000-8000-000000000001', 'mails', '{}', 'email', '-infinity');

-- What was mailed is not mailed again.
INSERT INTO deliveries (event_id, subscription_id, state, next_attempt_at, created_at, finished_at)
SELECT event_id, '00000000-0000-4000-8000-000000000001', 'delivered', sent_at, sent_at, sent_at
FROM notifications_sent WHERE channel = 'email';
DROP TABLE notifications_sent;
