import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { expect, test, vi } from 'vitest'
import { CarefulInsert } from '../../../trail/session/careful-insert.ts'
import { copyPieces, PgRows } from '../../../trail/session/pg-rows.ts'
import type { Row } from '../../../trail/types.ts'
import { copyRow } from '../../support/trail/plain-rows.ts'
import { testTrail } from '../../support/trail.ts'

const trail = await testTrail()

const bytesOf = (id: string, offset: number, payload = '{"title": "Fractions"}'): Buffer =>
  copyRow({
    id,
    aggregateId: randomUUID(),
    occurredAt: 1_700_000_000_123_456n,
    eventName: 'lesson.published',
    payload,
    schemaVersion: 1,
    partition: 0,
    offset
  })

/** Rows as they are in the buffer of a batch: what the insertion looks at. */
function rowsOf(pieces: readonly Buffer[]): Row[] {
  const buffer = { bytes: Buffer.concat(pieces) }
  let start = 0
  return pieces.map(piece => {
    const end = start + piece.length
    const row = { buffer, start, end }
    start = end
    return row as Row
  })
}

async function sessionOf(client: pg.PoolClient): Promise<number> {
  const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
  return Number(rows[0].pid)
}

test('ids that others store while they are copied, twice in a row, are sorted out in the staging table', async () => {
  const pieces = [1, 2, 3].map(number => bytesOf(`0190a5b2-0000-7000-8000-00000000000${number}`, number))
  const [first, second] = pieces as [Buffer, Buffer, Buffer]
  const sessions = await Promise.all([trail.db.connect(), trail.db.connect(), trail.db.connect()])
  const [one, other, ours] = sessions
  try {
    for (const [client, piece] of [[one, first] as const, [other, second] as const]) {
      await client.query('BEGIN')
      await copyPieces(client, [piece], 1)
    }
    const pid = await sessionOf(ours)
    const waitsFor = async (client: pg.PoolClient) => {
      const blocker = await sessionOf(client)
      await vi.waitFor(
        async () => {
          expect(await trail.rows('SELECT $2 = ANY(pg_blocking_pids($1)) AS waits', [pid, blocker])).toEqual([
            { waits: true }
          ])
        },
        { timeout: 10_000 }
      )
    }
    await ours.query('BEGIN')
    const rows = rowsOf(pieces)
    const running = new CarefulInsert(new PgRows(ours)).run(rows)
    await waitsFor(one)
    await one.query('COMMIT')
    await waitsFor(other)
    await other.query('COMMIT')
    expect(await running).toEqual({ stored: 1, duplicates: [rows[0], rows[1]], badRows: [] })
    // What was staged stays until the end of the transaction: they went this way, and by one COPY.
    expect((await ours.query('SELECT id FROM sink_staging')).rowCount).toBe(2)
    await ours.query('COMMIT')
  } finally {
    for (const client of sessions) client.release()
  }
  expect(await trail.rows('SELECT kafka_offset::int AS offset FROM event_envelopes ORDER BY id')).toEqual(
    [1, 2, 3].map(offset => ({ offset }))
  )
})

test('an id whose first row Postgres refuses is stored with the next one of the same batch', async () => {
  const id = '0190a5b2-0000-7000-8000-000000000004'
  const rows = rowsOf([bytesOf(id, 4, '{"title": "\\u0000"}'), bytesOf(id, 5), bytesOf(id, 6)])
  const client = await trail.db.connect()
  try {
    await client.query('BEGIN')
    const { stored, duplicates, badRows } = await new CarefulInsert<Row>(new PgRows(client)).run(rows)
    await client.query('COMMIT')
    expect([stored, duplicates]).toEqual([1, []])
    expect(badRows.map(({ row, fault }) => [rows.indexOf(row), fault.code])).toEqual([
      [0, 'POSTGRES_REFUSED'],
      // Its aggregate is another one.
      [2, 'CONFLICT']
    ])
  } finally {
    client.release()
  }
})
