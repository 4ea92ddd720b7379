-- One table for the documents of any event.
CREATE TABLE search_documents (
  id text PRIMARY KEY,
  text text NOT NULL,
  data jsonb NOT NULL DEFAULT '{}',
  event_name text NOT NULL,
  -- When the event occurred, and its id: an older event never overwrites a newer one.
  occurred_at timestamptz NOT NULL,
  event_id uuid NOT NULL,
  words tsvector NOT NULL GENERATED ALWAYS AS (to_tsvector('english', text)) STORED
);

CREATE INDEX search_documents_words ON search_documents USING gin (words);
