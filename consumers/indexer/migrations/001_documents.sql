CREATE TABLE lesson_documents (
  lesson_id uuid PRIMARY KEY,
  course_id uuid NOT NULL,
  instructor_id uuid NOT NULL,
  title text NOT NULL,
  -- When the lesson was published, and by which event: an older event never overwrites a newer one.
  published_at timestamptz NOT NULL,
  event_id uuid NOT NULL,
  words tsvector NOT NULL GENERATED ALWAYS AS (to_tsvector('english', title)) STORED
);

CREATE INDEX lesson_documents_words ON lesson_documents USING gin (words);
