import { expect, test } from 'vitest'
import { createSink } from '../../../sink/index.ts'
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
