-- For databases that applied the first migration when it created another table: their rows are kept.
DO $$ BEGIN
IF to_regclass('lesson_documents') IS NOT NULL THEN

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

INSERT INTO search_documents (id, text, data, event_name, occurred_at, event_id)
SELECT lesson_id::text, title, jsonb_build_object('course_id', course_id, 'instructor_id', instructor_id),
  'lesson.published', published_at, event_id
FROM lesson_documents;

DROP TABLE lesson_documents;

END IF;
END $$;
