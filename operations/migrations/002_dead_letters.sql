-- What is known of the dead letters of consumer groups, from their headers alone: content stays in Kafka.
CREATE TABLE dead_letters (
  -- As Kafka has it, with the prefix.
  consumer_group    text        NOT NULL,
  -- Of the dead-letter topic: one that was deleted and made again has another. Empty before Kafka 2.8.
  topic_id          text        NOT NULL,
  kafka_offset      bigint      NOT NULL,
  at                timestamptz NOT NULL,
  -- Where the message came from; NULL where its headers do not say.
  topic             text,
  partition         integer,
  source_offset     bigint,
  code              text        NOT NULL,
  attempts          integer,
  -- That of the service.
  service_version   text,
  policy            text,
  first_failure     timestamptz,
  -- The first 16 bytes of the SHA-256 of the key; NULL where there is no key.
  aggregate         bytea,
  bytes             integer     NOT NULL,
  -- Something of the message was left out: it cannot be sent again.
  truncated         boolean     NOT NULL,
  -- The letter that this one was before it was redriven.
  redriven_topic_id text,
  redriven_offset   bigint,
  redrive_action    bigint,
  -- How often the message was redriven.
  redrive_count     integer     NOT NULL,
  PRIMARY KEY (consumer_group, topic_id, kafka_offset)
);
CREATE INDEX dead_letters_source ON dead_letters (consumer_group, topic, partition, source_offset);
CREATE INDEX dead_letters_redriven ON dead_letters (consumer_group, redriven_topic_id, redriven_offset)
  WHERE redriven_offset IS NOT NULL;

-- How far the catalogue has read.
CREATE TABLE dead_letter_positions (
  consumer_group text        PRIMARY KEY,
  topic_id       text        NOT NULL,
  next_offset    bigint      NOT NULL,
  read_at        timestamptz NOT NULL
);

-- What became of a letter. The newest row counts; without one it is open.
CREATE TABLE dead_letter_states (
  number            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  consumer_group    text        NOT NULL,
  topic_id          text        NOT NULL,
  kafka_offset      bigint      NOT NULL,
  at                timestamptz NOT NULL,
  -- open: it was redriven, and the redrive topic was deleted before the group had handled it.
  state             text        NOT NULL CHECK (state IN ('redriven', 'handled', 'dead again', 'discarded', 'open')),
  action            bigint      NOT NULL REFERENCES operator_actions,
  -- Where it is in the redrive topic.
  redrive_topic_id  text,
  redrive_partition integer,
  redrive_offset    bigint
);
CREATE INDEX dead_letter_states_letter ON dead_letter_states (consumer_group, topic_id, kafka_offset, number DESC);
CREATE INDEX dead_letter_states_action ON dead_letter_states (action);

-- Letters that were chosen and counted before anything is done to them.
CREATE TABLE dead_letter_plans (
  id             bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at             timestamptz NOT NULL,
  actor          text        NOT NULL,
  login          text        NOT NULL,
  consumer_group text        NOT NULL,
  topic_id       text        NOT NULL,
  operation      text        NOT NULL CHECK (operation IN ('redrive', 'discard')),
  -- As the flags were given; an aggregate as its digest.
  filter         jsonb       NOT NULL,
  letters        integer     NOT NULL,
  aggregates     integer     NOT NULL
);
CREATE TABLE dead_letter_plan_letters (
  plan         bigint   NOT NULL REFERENCES dead_letter_plans,
  -- In the order in which they are sent.
  position     integer  NOT NULL,
  kafka_offset bigint   NOT NULL,
  -- An earlier letter of the same message: it is not sent, and what becomes of that one becomes of it.
  same_as      bigint,
  -- 1 for what the plan was made with; parked aggregates may need more than one.
  round        smallint NOT NULL DEFAULT 1,
  PRIMARY KEY (plan, kafka_offset)
);

CREATE FUNCTION operator_stamp_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.at := clock_timestamp();
  RETURN NEW;
END
$$;

DO $$
DECLARE
  each_table text;
BEGIN
  EXECUTE 'CREATE TRIGGER operator_stamp BEFORE INSERT ON dead_letter_states FOR EACH ROW EXECUTE FUNCTION operator_stamp_time()';
  EXECUTE 'CREATE TRIGGER operator_stamp BEFORE INSERT ON dead_letter_plans FOR EACH ROW EXECUTE FUNCTION operator_stamp()';
  FOREACH each_table IN ARRAY ARRAY['dead_letter_states', 'dead_letter_plans', 'dead_letter_plan_letters'] LOOP
    EXECUTE format('CREATE TRIGGER operator_append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION operator_refuse_change()', each_table);
    EXECUTE format('CREATE TRIGGER operator_no_truncate BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION operator_refuse_change()', each_table);
  END LOOP;
END
$$;

-- Every letter with its state.
CREATE VIEW dead_letter_list AS
SELECT l.*, coalesce(s.state, 'open') AS state, s.action, s.at AS state_at, s.redrive_topic_id, s.redrive_partition,
  s.redrive_offset
FROM dead_letters l LEFT JOIN LATERAL (
  SELECT * FROM dead_letter_states s
  WHERE s.consumer_group = l.consumer_group AND s.topic_id = l.topic_id AND s.kafka_offset = l.kafka_offset
  ORDER BY s.number DESC LIMIT 1
) s ON true;
