-- For people with psql: the trail with times as ISO 8601 in payloads, by the schemas that the rows were written with.

-- A time in its unit; NULL where it is none.
CREATE FUNCTION trail_time(units jsonb, kind text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  -- Nanoseconds.
  of_day constant numeric := 86400000000000;
  size numeric := CASE
    WHEN kind = 'date' THEN of_day
    WHEN kind LIKE '%-millis' THEN 1000000
    WHEN kind LIKE '%-micros' THEN 1000
    ELSE 1 END;
  digits integer := CASE size WHEN 1000000 THEN 3 WHEN 1000 THEN 6 ELSE 9 END;
  nanos numeric;
  days numeric;
  rest numeric;
  clock text;
BEGIN
  IF jsonb_typeof(units) <> 'number' OR units::numeric <> trunc(units::numeric) THEN RETURN NULL; END IF;
  nanos := units::numeric * size;
  days := floor(nanos / of_day);
  rest := nanos - days * of_day;
  -- From the year 1 to 9999: ISO 8601 has no others without agreement.
  IF days < -719162 OR days > 2932896 OR (kind LIKE 'time-%' AND days <> 0) THEN RETURN NULL; END IF;
  IF kind = 'date' THEN RETURN to_jsonb(to_char(date '1970-01-01' + days::integer, 'YYYY-MM-DD')); END IF;
  clock := to_char(interval '1 second' * floor(rest / 1000000000)::integer, 'HH24:MI:SS') || '.'
    || left(lpad(mod(rest, 1000000000)::bigint::text, 9, '0'), digits);
  IF kind LIKE 'time-%' THEN RETURN to_jsonb(clock); END IF;
  RETURN to_jsonb(to_char(date '1970-01-01' + days::integer, 'YYYY-MM-DD') || 'T' || clock
    || CASE WHEN kind LIKE 'local-%' THEN '' ELSE 'Z' END);
END
$$;

-- The type of that name in a schema; NULL where it has none, or several. By its last part: a name may leave out the
-- namespace that it is in.
CREATE FUNCTION trail_named_type(schema json, wanted text) RETURNS json LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  WITH RECURSIVE parts(part) AS (
    SELECT schema
    UNION ALL
    SELECT inner_part.value FROM parts, LATERAL (
      SELECT value FROM json_each(CASE json_typeof(part) WHEN 'object' THEN part ELSE '{}' END) WHERE key <> 'default'
      UNION ALL
      SELECT value FROM json_array_elements(CASE json_typeof(part) WHEN 'array' THEN part ELSE '[]' END)
    ) AS inner_part WHERE json_typeof(inner_part.value) IN ('object', 'array')
  )
  SELECT CASE WHEN count(*) = 1 THEN (array_agg(part))[1] END FROM parts
  WHERE json_typeof(part) = 'object' AND part ->> 'type' IN ('record', 'enum', 'fixed')
    AND regexp_replace(part ->> 'name', '^.*\.', '') = regexp_replace(wanted, '^.*\.', '')
$$;

-- A value by its type in a schema. What does not fit, and a union of several types, stays as it is stored.
-- It finds the other two wherever search_path of a session leads.
CREATE FUNCTION trail_rendered(value jsonb, type json, schema json) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT AS $$
DECLARE
  branches json[];
  name text;
BEGIN
  IF type IS NULL OR value IS NULL OR jsonb_typeof(value) = 'null' THEN RETURN value; END IF;
  IF json_typeof(type) = 'string' THEN
    name := type #>> '{}';
    IF name IN ('boolean', 'int', 'long', 'float', 'double', 'bytes', 'string') THEN RETURN value; END IF;
    RETURN trail_rendered(value, trail_named_type(schema, name), schema);
  END IF;
  IF json_typeof(type) = 'array' THEN
    SELECT array_agg(each) INTO branches FROM json_array_elements(type) AS each WHERE each #>> '{}' <> 'null';
    RETURN CASE WHEN cardinality(branches) = 1 THEN trail_rendered(value, branches[1], schema) ELSE value END;
  END IF;
  IF json_typeof(type -> 'type') <> 'string' THEN RETURN trail_rendered(value, type -> 'type', schema); END IF;
  CASE type ->> 'type'
    WHEN 'record' THEN
      IF jsonb_typeof(value) <> 'object' THEN RETURN value; END IF;
      RETURN coalesce((
        SELECT jsonb_object_agg(v.key, trail_rendered(v.value, (
          SELECT field -> 'type' FROM json_array_elements(type -> 'fields') AS field WHERE field ->> 'name' = v.key
        ), schema)) FROM jsonb_each(value) AS v
      ), '{}');
    WHEN 'map' THEN
      IF jsonb_typeof(value) <> 'object' THEN RETURN value; END IF;
      RETURN coalesce((SELECT jsonb_object_agg(v.key, trail_rendered(v.value, type -> 'values', schema)) FROM jsonb_each(value) AS v), '{}');
    WHEN 'array' THEN
      IF jsonb_typeof(value) <> 'array' THEN RETURN value; END IF;
      RETURN coalesce((
        SELECT jsonb_agg(trail_rendered(v.item, type -> 'items', schema) ORDER BY v.place)
        FROM jsonb_array_elements(value) WITH ORDINALITY AS v(item, place)
      ), '[]');
    WHEN 'int', 'long' THEN
      name := type ->> 'logicalType';
      IF name IN ('date', 'time-millis', 'time-micros') OR name ~ '^(local-)?timestamp-(millis|micros|nanos)$' THEN
        RETURN coalesce(trail_time(value, name), value);
      END IF;
      RETURN value;
    ELSE RETURN value;
  END CASE;
END
$$;

-- Reads with it are not in `disclosures`. A role needs its own rights on the tables below it.
CREATE VIEW trail_readable WITH (security_invoker = true) AS
SELECT e.id, e.aggregate_id, e.occurred_at, e.event_name,
  trail_rendered(e.payload, s.payload, s.schema) AS payload,
  e.schema_version, e.source, e.actor, e.traceparent, e.kafka_partition, e.kafka_offset, e.recorded_at
FROM event_envelopes e LEFT JOIN (
  -- A number that two schemas have says nothing about a row.
  SELECT t.event_name, k.version, (array_agg(k.schema))[1] AS schema, (array_agg(field -> 'type'))[1] AS payload
  FROM (
      -- U+0000, which a default may hold, is refused by the functions that take JSON apart.
      SELECT subject, version, regexp_replace(schema::text, '(?<!\\)((?:\\\\)*)\\u0000', '\1\\ufffd', 'g')::json AS schema
      FROM sink_schemas
    ) k JOIN sink_topics t ON t.topic = left(k.subject, -length('-value')),
    json_array_elements(k.schema -> 'fields') AS field
  WHERE field ->> 'name' = 'payload'
  GROUP BY t.event_name, k.version HAVING count(DISTINCT (field -> 'type')::text) = 1
) s ON s.event_name = e.event_name AND s.version = e.schema_version;
