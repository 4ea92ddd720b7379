import { expect, test } from 'vitest'
import { migrate } from '../../../postgres/migrate.ts'
import { createSink } from '../../../sink/index.ts'
import { trailMigrations } from '../../../trail/migrations.ts'
import { lesson, testTrail } from '../../support/trail.ts'

const trail = await testTrail({ partitions: 1 })

const long = (logicalType: string) => ({ type: 'long', logicalType })
const int = (logicalType: string) => ({ type: 'int', logicalType })
const rendered = async (value: string, type: unknown, schema: unknown = type) =>
  (
    await trail.rows('SELECT trail_rendered($1, $2, $3)::text AS text', [
      value,
      JSON.stringify(type),
      JSON.stringify(schema)
    ])
  )[0]?.text

test.each<[string, unknown, string]>([
  ['1764079331402113', long('timestamp-micros'), '"2025-11-25T14:02:11.402113Z"'],
  ['1764079331402', long('timestamp-millis'), '"2025-11-25T14:02:11.402Z"'],
  ['1764079331402113007', long('timestamp-nanos'), '"2025-11-25T14:02:11.402113007Z"'],
  ['1764079331402113', long('local-timestamp-micros'), '"2025-11-25T14:02:11.402113"'],
  ['-1', long('timestamp-micros'), '"1969-12-31T23:59:59.999999Z"'],
  ['-62135596800000', long('timestamp-millis'), '"0001-01-01T00:00:00.000Z"'],
  ['253402300799999', long('timestamp-millis'), '"9999-12-31T23:59:59.999Z"'],
  ['253402300800000', long('timestamp-millis'), '253402300800000'],
  ['20417', int('date'), '"2025-11-25"'],
  ['50531402', int('time-millis'), '"14:02:11.402"'],
  ['86399999999', long('time-micros'), '"23:59:59.999999"'],
  ['86400000000', long('time-micros'), '86400000000'],
  ['1.5', long('timestamp-millis'), '1.5'],
  ['"text"', long('timestamp-millis'), '"text"'],
  ['7', 'long', '7'],
  ['7', { type: 'long', logicalType: 'unknown' }, '7'],
  ['null', ['null', int('date')], 'null'],
  ['0', ['null', int('date')], '"1970-01-01"'],
  ['0', ['null', int('date'), 'string'], '0'],
  ['[0, 1]', { type: 'array', items: int('date') }, '["1970-01-01", "1970-01-02"]'],
  ['[]', { type: 'array', items: int('date') }, '[]'],
  ['{"a": 0}', { type: 'map', values: int('date') }, '{"a": "1970-01-01"}'],
  ['{}', { type: 'map', values: int('date') }, '{}']
])('%s as %j is %s', async (value, type, text) => {
  expect(await rendered(value, type)).toBe(text)
})

test('records in records, by name and with themselves inside, keep every digit that is no time', async () => {
  const type = {
    type: 'record',
    name: 'Tree',
    namespace: 'a.b',
    fields: [
      { name: 'at', type: int('date') },
      { name: 'price', type: 'string' },
      { name: 'big', type: 'long' },
      { name: 'inner', type: { type: 'record', name: 'Inner', fields: [{ name: 'at', type: int('date') }] } },
      { name: 'again', type: 'Inner' },
      { name: 'children', type: { type: 'array', items: 'a.b.Tree' } }
    ]
  }
  const value = `{"at": 0, "price": 1.10, "big": 9223372036854775807, "inner": {"at": 1}, "again": {"at": 2}, "children": [{"at": 3, "children": []}], "unknown": 4}`
  const text = await rendered(value, type)
  expect(JSON.parse(String(text))).toMatchObject({
    at: '1970-01-01',
    inner: { at: '1970-01-02' },
    again: { at: '1970-01-03' },
    children: [{ at: '1970-01-04' }],
    unknown: 4
  })
  expect(text).toContain('"price": 1.10')
  expect(text).toContain('"big": 9223372036854775807')
})

test('the view has every row, with the schema that it was written with or as it is stored', async () => {
  await trail.offer('lesson.published')
  await trail.publish([lesson('Fractions')])
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await sink.whenCaughtUp()
  await trail.rows(
    `INSERT INTO event_envelopes (id, aggregate_id, occurred_at, event_name, payload, schema_version)
     VALUES (gen_random_uuid(), gen_random_uuid(), now(), 'thing.done', '{"at": 0}', 1)`
  )
  const stored = await trail.rows('SELECT id, payload FROM event_envelopes ORDER BY id')
  expect(await trail.rows('SELECT id, payload FROM trail_readable ORDER BY id')).toEqual(stored)
  const [kept] = await trail.rows('SELECT subject, version, id, fingerprint FROM sink_schemas LIMIT 1')
  const envelope = {
    type: 'record',
    name: 'EventEnvelope',
    namespace: 'eventtrail.thing.done',
    fields: [
      { name: 'id', type: 'string', doc: '\u0000 and \\u0000', default: '\\\u0000' },
      {
        name: 'payload',
        type: { type: 'record', name: 'ThingDone', fields: [{ name: 'at', type: int('date') }] }
      }
    ]
  }
  await trail.rows(
    `INSERT INTO sink_schemas (subject, version, id, fingerprint, schema, event_name)
     VALUES ('thing.done-value', 1, 1, $1, $2, 'thing.done')`,
    [kept?.fingerprint, JSON.stringify(envelope)]
  )
  const done = "SELECT payload FROM trail_readable WHERE event_name = 'thing.done'"
  expect(await trail.rows(done)).toEqual([{ payload: { at: '1970-01-01' } }])
  // Another schema of the same number: which one it was is not known.
  await trail.rows(
    `INSERT INTO sink_schemas (subject, version, id, fingerprint, schema, event_name)
     SELECT subject, version, 2, fingerprint, replace(schema::text, '"date"', '"other"')::json, event_name FROM sink_schemas WHERE id = 1 AND subject = 'thing.done-value'`
  )
  expect(await trail.rows(done)).toEqual([{ payload: { at: 0 } }])
})

test('the view is found in another schema, whatever search_path a session has', async () => {
  const client = await trail.db.connect()
  try {
    await client.query('CREATE SCHEMA other; SET search_path TO other')
    await migrate(client, trailMigrations)
    await client.query('SET search_path TO public')
    await client.query(
      `INSERT INTO other.event_envelopes (id, aggregate_id, occurred_at, event_name, payload, schema_version)
       VALUES (gen_random_uuid(), gen_random_uuid(), now(), 'thing.done', '{"at": 0}', 1)`
    )
    expect((await client.query('SELECT payload FROM other.trail_readable')).rows).toEqual([{ payload: { at: 0 } }])
    const type = JSON.stringify(int('date'))
    const asked = await client.query('SELECT other.trail_rendered($1, $2, $2) AS day', ['0', type])
    expect(asked.rows).toEqual([{ day: '1970-01-01' }])
  } finally {
    client.release(true)
  }
})
