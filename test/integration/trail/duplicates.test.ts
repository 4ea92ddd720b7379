import { randomUUID } from 'node:crypto'
import { v7 } from 'uuid'
import { expect, test } from 'vitest'
import { createSink } from '../../../sink/index.ts'
import { runCli } from '../../support/processes/cli.ts'
import { badge, testTrail } from '../../support/trail.ts'

const trail = await testTrail()
await trail.offer('badge.awarded')

// Case 13
test('the same id with the same content is one row and a counted duplicate', async () => {
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  const once = await trail.encode(badge('once'))
  await trail.send([once])
  await sink.whenCaughtUp()
  await trail.send([once, await trail.encode(badge('another')), once])
  await sink.whenCaughtUp()
  expect(await trail.count('event_envelopes')).toBe(2)
  const places = await trail.rows('SELECT event_id, kafka_offset FROM sink_duplicates')
  expect(places).toHaveLength(2)
  expect(new Set(places.map(({ event_id }) => event_id))).toEqual(new Set([once.id]))
})

// Case 13
test('the same id with other content leaves the first row as it is and is quarantined', async () => {
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  const first = await trail.encode(badge('first'))
  const other = await trail.encode({ ...badge('other'), id: first.id })
  await trail.send([{ ...first, partition: 0 }])
  await sink.whenCaughtUp()
  await trail.send([{ ...other, partition: 0 }])
  await sink.whenCaughtUp()
  const [row] = await trail.rows('SELECT payload FROM event_envelopes WHERE id = $1', [first.id])
  expect(row?.payload).toMatchObject({ reason: 'first' })
  const [held] = await trail.rows('SELECT code, event_id, value FROM sink_quarantine')
  expect(held).toMatchObject({ code: 'CONFLICT', event_id: first.id })
  expect((held?.value as Buffer).equals(other.value as Buffer)).toBe(true)
})

test('both at once, in one batch and with bad rows among them, still add up', async () => {
  await using sink = createSink({ ...trail.sinkOptions, batch: { lingerMs: 200 } })
  await sink.start()
  const before = await trail.count('event_envelopes')
  const fresh = await Promise.all(Array.from({ length: 300 }, (_, i) => trail.encode(badge(`fresh ${i}`))))
  const repeated = fresh.filter((_, i) => i % 10 === 0)
  const conflicting = await Promise.all(
    fresh.filter((_, i) => i % 50 === 0).map(({ id }) => trail.encode({ ...badge('conflict'), id }))
  )
  const refused = await Promise.all(
    Array.from({ length: 5 }, () => trail.encode({ ...badge('\u0000'), unchecked: true }))
  )
  await trail.send([...fresh, ...repeated, ...conflicting, ...refused].map(record => ({ ...record, partition: 1 })))
  await sink.whenCaughtUp()
  expect(await trail.count('event_envelopes')).toBe(before + 300)
  expect(sink.stats()).toMatchObject({ duplicates: 30, quarantined: 11 })
  const [ledger] = await trail.rows(
    'SELECT sum(rows)::int AS rows, sum(duplicates)::int AS duplicates, sum(quarantined)::int AS quarantined FROM sink_ledger'
  )
  expect(ledger).toEqual({
    rows: await trail.count('event_envelopes'),
    duplicates: await trail.count('sink_duplicates'),
    quarantined: await trail.count('sink_quarantine')
  })
})

test('lines that carry an id of version 7 are stored once, however often they are published', async () => {
  const own = await testTrail()
  await own.offer('badge.awarded')
  await using sink = createSink(own.sinkOptions)
  await sink.start()
  const lines = Array.from({ length: 5 }, () => {
    const badge_id = randomUUID()
    return JSON.stringify({
      id: v7(),
      aggregate_id: badge_id,
      payload: { badge_id, awarded_to: badge_id, reason: 'x' }
    })
  })
  for (const _ of ['first', 'second'])
    expect(await runCli(['publish', '--example', 'badge.awarded'], own.env, lines.join('\n'))).toMatchObject({
      code: 0
    })
  await sink.whenCaughtUp()
  const counts = await Promise.all(['event_envelopes', 'sink_duplicates', 'sink_quarantine'].map(own.count))
  expect(counts).toEqual([5, 5, 0])
})
