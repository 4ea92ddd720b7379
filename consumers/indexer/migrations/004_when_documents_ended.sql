-- Ends of documents are removed once no older event can come any more.
ALTER TABLE search_documents
  -- When the end of the document was written; NULL while there is one.
  ADD COLUMN deleted_at timestamptz;
UPDATE search_documents SET deleted_at = now() WHERE deleted;

CREATE INDEX search_documents_ends ON search_documents (deleted_at) WHERE deleted;
