import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { to as copyTo } from 'pg-copy-streams'
import { expect, test } from 'vitest'
import { plainNumber } from '../../../core/json.ts'
import { canonicalJson, leafOf, parseRow } from '../../../proof/index.ts'
import { type AvroSchema, avroType, catalogueOf } from '../../../schemas/index.ts'
import { CopyBuffer } from '../../../trail/rows/copy-buffer.ts'
import { copyColumns, copyHeader, copyTrailer, type TrailRow, timestampText } from '../../../trail/rows/copy-row.ts'
import { compileRowEncoder } from '../../../trail/rows/row-encoder.ts'
import { copyPieces } from '../../../trail/session/pg-rows.ts'
import { wire } from '../../support/kafka/wire.ts'
import { fencesOf, page } from '../../support/project/docs.ts'
import { runs } from '../../support/properties.ts'
import { anyAvro, mapBytes, mapKeys } from '../../support/schemas/any-avro.ts'
import { copyRow, noWho, plainEncoder } from '../../support/trail/plain-rows.ts'
import { testTrail } from '../../support/trail.ts'

const trail = await testTrail()

// The least and the greatest that each column can be given, and what COPY's text format would have had to escape.
const extremes: readonly TrailRow[] = [
  {
    id: '00000000-0000-0000-0000-000000000000',
    aggregateId: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
    occurredAt: 0n,
    eventName: 'a.b',
    payload: '{}',
    schemaVersion: 1,
    ...noWho,
    partition: 0,
    offset: 0
  },
  {
    id: '0190a5b2-0000-7000-8000-00000000000a',
    aggregateId: '00000000-0000-0000-0000-000000000000',
    occurredAt: 946_684_799_999_999n,
    eventName: `${'long.'.repeat(2_000)}name`,
    payload: '{"n": [9223372036854775807, 0.1, 87.3, null, true], "text": "\\t\\n\\\\N\\\\.\\"é\u{1f600}\u2028"}',
    schemaVersion: 256,
    source: 'gradebook',
    actor: null,
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    partition: 1,
    offset: 2 ** 32
  },
  {
    id: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
    aggregateId: '0190a5b2-0000-7000-8000-00000000000a',
    occurredAt: 253_402_300_799_999_999n,
    eventName: 'tab\tand\\N',
    payload: JSON.stringify({ title: 'x'.repeat(100_000) }).replace(':', ': '),
    schemaVersion: 32_767,
    source: null,
    actor: '~'.repeat(255),
    traceparent: null,
    partition: 2 ** 31 - 1,
    offset: Number.MAX_SAFE_INTEGER
  }
]

/** The rows of the trail as binary COPY gives them, in the order of their ids. */
async function copiedOut(): Promise<Buffer> {
  const client = await trail.db.connect()
  try {
    const query = `COPY (SELECT ${copyColumns.join(', ')} FROM event_envelopes ORDER BY id) TO STDOUT (FORMAT binary)`
    return await buffer(client.query(copyTo(query)))
  } finally {
    client.release()
  }
}

async function copyIn(rows: readonly Buffer[]): Promise<void> {
  const client = await trail.db.connect()
  try {
    await copyPieces(client, rows, rows.length)
  } finally {
    client.release()
  }
}

test('extremes of every column are stored, and Postgres gives the very same bytes back', async () => {
  const rows = extremes.map(copyRow)
  await copyIn(rows)
  // The payloads are written as jsonb prints them, so that nothing need be compared by meaning.
  expect((await copiedOut()).equals(Buffer.concat([copyHeader, ...rows, copyTrailer]))).toBe(true)
  const texts = await trail.rows(
    `SELECT id, aggregate_id, event_name, payload::text AS payload, schema_version::text, source, actor, traceparent, kafka_partition::text,
       kafka_offset::text, to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || '+00' AS occurred_at
     FROM event_envelopes ORDER BY id`
  )
  expect(texts).toEqual(
    extremes.map(row => ({
      id: row.id,
      aggregate_id: row.aggregateId,
      event_name: row.eventName,
      payload: row.payload,
      schema_version: String(row.schemaVersion),
      ...{ source: row.source, actor: row.actor, traceparent: row.traceparent },
      kafka_partition: String(row.partition),
      kafka_offset: String(row.offset),
      occurred_at: timestampText(row.occurredAt)
    }))
  )
})

const idOf = (number: number): string => `0190a5b2-0000-7000-8000-${String(number).padStart(12, '0')}`

/** The row that the sink makes of a value of any schema, and the row made the plain way. */
function rowsOf(schema: AvroSchema, value: Buffer, number: number): { row: Buffer; plain: Buffer; nul: boolean } {
  const version = catalogueOf({
    'thing.done': [{ type: 'record', name: 'Payload', fields: [{ name: 'f', type: schema }] }]
  }).version('thing.done')
  const [id, aggregate] = [idOf(number), idOf(0)].map(uuid => avroType('string').toBuffer(uuid)) as [Buffer, Buffer]
  const rest = [avroType('long').toBuffer(0n), avroType('string').toBuffer('thing.done'), value, Buffer.of(2)]
  const record = wire(7, Buffer.concat([id, aggregate, ...rest]))
  const [straight, plain] = [compileRowEncoder, plainEncoder].map(compile => {
    const out = new CopyBuffer()
    compile(version.type, 'thing.done', [1])(record, 0, record.length, { partition: 0, offset: number }, out)
    return out
  }) as [CopyBuffer, CopyBuffer]
  const [row, other] = [straight, plain].map(out => Buffer.from(out.bytes.subarray(0, out.at))) as [Buffer, Buffer]
  return { row, plain: other, nul: straight.nulCharacters > 0 }
}

test('Postgres gives back the very bytes of a row, for values of any schema', async () => {
  const values = fc.sample(anyAvro, runs(2_000)).map(({ schema, value }) => ({
    schema,
    bytes: avroType(schema).toBuffer(value)
  }))
  // Maps with a key twice, which Avro allows and no JavaScript object can hold.
  const maps = fc.sample(fc.tuple(anyAvro, mapKeys), runs(500)).map(([{ schema, value }, keys]) => {
    const item = avroType(schema).toBuffer(value)
    return { schema: { type: 'map', values: schema }, bytes: mapBytes(keys.map(key => [key, item])) }
  })
  const made = [...values, ...maps].map(({ schema, bytes }, index) => rowsOf(schema, bytes, index + 1))
  for (const { row, plain } of made) expect(row.equals(plain)).toBe(true)
  const rows = made.filter(({ nul }) => !nul).map(({ row }) => row)
  expect(rows.length).toBeGreaterThan(made.length / 2)
  await trail.tamper('TRUNCATE event_envelopes')
  await copyIn(rows)
  expect((await copiedOut()).equals(Buffer.concat([copyHeader, ...rows, copyTrailer]))).toBe(true)
  const [sql] = fencesOf(page('docs/proof-format.md')).filter(({ language }) => language === 'sql')
  const { rows: said } = await trail.db.query<{ leaf: Buffer }>(sql?.text ?? '')
  expect(said.map(({ leaf }) => leaf)).toEqual(rows.map(leafOf))
  for (const row of rows) expect(parseRow(row).row.payload).toBe(canonicalJson(parseRow(row).row.payload))
})

test('plainNumber is what jsonb prints of a number', async () => {
  const digits = fc.stringMatching(/^(0|[1-9][0-9]{0,20})$/)
  const number = fc
    .tuple(
      fc.constantFrom('', '-'),
      digits,
      fc.stringMatching(/^([.][0-9]{1,20})?$/),
      fc.stringMatching(/^([eE][+-]?[0-9]{1,3})?$/)
    )
    .map(parts => parts.join(''))
  const texts = [
    ...fc.sample(number, runs(2_000)),
    '-0',
    '-0.00',
    '0e5',
    '0e200000',
    '1e16383',
    '1e131071',
    '0.1e131072',
    '1e-16383',
    '10.5e-16382'
  ]
  const { rows } = await trail.db.query<{ text: string }>(
    'SELECT t::jsonb::text AS text FROM unnest($1::text[]) WITH ORDINALITY AS w(t, n) ORDER BY n',
    [texts]
  )
  expect(texts.map(plainNumber)).toEqual(rows.map(({ text }) => text))
})

test('U+0000 in a payload is refused as in text format, and so is a version past a smallint as number', async () => {
  const bad = copyRow({ ...(extremes[0] as TrailRow), payload: '{"title": "a\\u0000b"}' })
  const client = await trail.db.connect()
  try {
    await expect(copyPieces(client, [bad], 1)).rejects.toMatchObject({ code: '22P05' })
    await expect(client.query("SELECT '32768'::smallint")).rejects.toMatchObject({ code: '22003' })
  } finally {
    client.release()
  }
})
