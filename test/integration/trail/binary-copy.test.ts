import { buffer } from 'node:stream/consumers'
import { to as copyTo } from 'pg-copy-streams'
import { expect, test } from 'vitest'
import { copyColumns, copyHeader, copyTrailer, type TrailRow, timestampText } from '../../../trail/rows/copy-row.ts'
import { copyPieces } from '../../../trail/session/pg-rows.ts'
import { copyRow, noWho } from '../../support/trail/plain-rows.ts'
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

test('extremes of every column are stored, and Postgres gives the very same bytes back', async () => {
  const rows = extremes.map(copyRow)
  const client = await trail.db.connect()
  try {
    await copyPieces(client, rows, rows.length)
    const columns = copyColumns.join(', ')
    const copied = client.query(
      copyTo(`COPY (SELECT ${columns} FROM event_envelopes ORDER BY id) TO STDOUT (FORMAT binary)`)
    )
    // The payloads are written as jsonb prints them, so that nothing need be compared by meaning.
    expect((await buffer(copied)).equals(Buffer.concat([copyHeader, ...rows, copyTrailer]))).toBe(true)
  } finally {
    client.release()
  }
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
