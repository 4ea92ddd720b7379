-- Titles, texts of several weights, languages, and documents that are gone.
ALTER TABLE search_documents
  DROP COLUMN words,
  ADD COLUMN title text NOT NULL DEFAULT '',
  -- What counts more than `text`, which has the weight D.
  ADD COLUMN text_a text NOT NULL DEFAULT '',
  ADD COLUMN text_b text NOT NULL DEFAULT '',
  ADD COLUMN text_c text NOT NULL DEFAULT '',
  ADD COLUMN language regconfig NOT NULL DEFAULT 'pg_catalog.english',
  -- The document is gone; the row keeps an older event from bringing it back.
  ADD COLUMN deleted boolean NOT NULL DEFAULT false;

ALTER TABLE search_documents
  ADD COLUMN words tsvector NOT NULL GENERATED ALWAYS AS (
    setweight(to_tsvector(language, title), 'A') || setweight(to_tsvector(language, text_a), 'A') ||
    setweight(to_tsvector(language, text_b), 'B') || setweight(to_tsvector(language, text_c), 'C') ||
    to_tsvector(language, text)
  ) STORED;

CREATE INDEX search_documents_words ON search_documents USING gin (words);
CREATE INDEX search_documents_data ON search_documents USING gin (data jsonb_path_ops);

-- The rebuild that is under way, if any.
CREATE TABLE search_rebuilds (
  -- There is one at a time.
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  -- Of the mappings that it was started with.
  key text NOT NULL,
  progress jsonb,
  -- Searches and writes use the new table.
  switched boolean NOT NULL DEFAULT false,
  started_at timestamptz NOT NULL DEFAULT now()
);
