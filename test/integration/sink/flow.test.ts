import { randomUUID } from 'node:crypto'
import { v7 } from 'uuid'
import { expect, test } from 'vitest'
import { createSink } from '../../../sink/index.ts'
import { eventually } from '../../support/stack.ts'
import { violations } from '../../support/trail/journal.ts'
import { badge, lesson, quiz, testTrail } from '../../support/trail.ts'

const trail = await testTrail()
await trail.offer('lesson.published')
await trail.offer('quiz.submitted')
await trail.offer('badge.awarded')

test('what was published is stored, column for column', async () => {
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  const [sent] = await trail.publish([
    { ...lesson('Fractions'), id: '01934567-89AB-7DEF-8000-000000000001', occurredAt: 1_700_000_000_123_456n }
  ])
  await sink.whenCaughtUp()
  const [row] = await trail.rows(
    `SELECT *, to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS at FROM event_envelopes`
  )
  expect(row).toMatchObject({
    id: '01934567-89ab-7def-8000-000000000001',
    aggregate_id: sent?.key,
    at: '2023-11-14 22:13:20.123456',
    event_name: 'lesson.published',
    payload: { title: 'Fractions' },
    schema_version: 2
  })
})

test('all event names, versions side by side, and the ledger adds up', async () => {
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  const before = await trail.count('event_envelopes')
  await trail.publish(Array.from({ length: 500 }, (_, i) => (i % 2 ? lesson('Old', 1) : lesson('New', 2))))
  await trail.publish(Array.from({ length: 500 }, () => quiz(87.3)))
  await trail.publish(Array.from({ length: 500 }, () => badge()))
  await sink.whenCaughtUp()
  expect(await trail.count('event_envelopes')).toBe(before + 1_500)
  expect(
    await trail.rows(
      `SELECT schema_version, count(*)::int AS n FROM event_envelopes WHERE payload ->> 'title' = 'New' OR NOT payload ? 'title' GROUP BY 1 ORDER BY 1`
    )
  ).toEqual([
    { schema_version: 1, n: 750 + 500 },
    { schema_version: 2, n: 250 }
  ])
  expect(
    await trail.rows(
      `SELECT DISTINCT payload ->> 'score_raw' AS score FROM event_envelopes WHERE event_name = 'quiz.submitted'`
    )
  ).toEqual([{ score: '87.3' }])
  const [ledger] = await trail.rows(
    'SELECT sum(rows)::int AS rows, sum(last_offset - first_offset + 1)::int AS range FROM sink_ledger'
  )
  expect(ledger).toEqual({ rows: before + 1_500, range: before + 1_500 })
  expect(await trail.count('sink_ledger_holes')).toBe(0)
})

test('a batch of many partitions is written in the order of its ids', async () => {
  const wide = await testTrail({ partitions: 48 })
  await wide.offer('badge.awarded')
  // Each partition has ids from all over the time, as when it is caught up with.
  const events = Array.from({ length: 1_200 }, (_, index) => ({
    ...badge(`number ${index}`),
    id: v7({ msecs: 1_700_000_000_000 + index }),
    aggregateId: randomUUID()
  }))
  const records = await Promise.all(events.map(event => wide.encode(event)))
  await wide.send(records.map((record, index) => ({ ...record, partition: index % 48 })))
  const holder = await wide.db.connect()
  await holder.query('BEGIN; LOCK TABLE sink_ledger IN EXCLUSIVE MODE')
  await using sink = createSink({ ...wide.sinkOptions, connections: 1 })
  await sink.start()
  await eventually(() => sink.stats().pending === 1_200, {
    what: 'one batch waits for the lock, and all others for it'
  })
  await holder.query('COMMIT')
  holder.release()
  await sink.whenCaughtUp()
  expect(await violations(wide, events)).toEqual([])
  const batches = Map.groupBy(
    await wide.rows('SELECT id, xmin::text AS batch FROM event_envelopes ORDER BY tableoid, ctid'),
    ({ batch }) => batch
  )
  const largest = [...batches.values()].reduce((most, batch) => (batch.length > most.length ? batch : most))
  expect(largest.length).toBeGreaterThanOrEqual(24 * 25)
  const ids = largest.map(({ id }) => String(id))
  expect(ids).toEqual(ids.toSorted())
})
