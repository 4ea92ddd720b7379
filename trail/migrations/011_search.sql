-- What fields of events mean, from fields.json next to the schemas: by 'subject' a person is found, 'public' may be shown
-- to all. `eventtrail schemas register` writes what the files say.
CREATE TABLE field_meanings (
  event_name    text        NOT NULL,
  -- A path in the payload, such as items[].sku, or $aggregate.
  path          text        NOT NULL,
  -- 'none' once the file does not name it any more: what was known to name a person is not forgotten.
  meaning       text        NOT NULL CHECK (meaning IN ('subject', 'public', 'none')),
  registered_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (event_name, path)
);
