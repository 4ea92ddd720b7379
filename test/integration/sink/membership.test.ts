import { expect, test } from 'vitest'
import { createSink, type Sink } from '../../../sink/index.ts'
import { violations } from '../../support/checker.ts'
import { publisherJournal } from '../../support/journal.ts'
import { eventually } from '../../support/stack.ts'
import { testTrail } from '../../support/trail.ts'

const trail = await testTrail({ partitions: 6 })
await trail.offer('badge.awarded')
const { acknowledged, publish, position, caughtUp } = publisherJournal(trail)

/** ms for which the trail may stand still while sinks come and go: a session timeout, a join, and their margins. */
const bound = 15_000

// Case 5
test('sinks come and go under load: nothing is lost, doubled or passed over, and progress never stalls', {
  timeout: 120_000
}, async () => {
  let running: Sink[] = []
  const start = async (count: number) => {
    const fresh = Array.from({ length: count }, () => createSink({ ...trail.sinkOptions, maxRows: 100 }))
    await Promise.all(fresh.map(sink => sink.start()))
    running.push(...fresh)
  }
  const stop = async (how: 'drain' | 'close', count: number) => {
    const gone = running.slice(0, count)
    running = running.slice(count)
    await Promise.all(gone.map(sink => sink[how]()))
  }
  let publishing = true
  const load = (async () => {
    while (publishing) await publish(50)
  })()
  const progress = async () => {
    const before = await position()
    await eventually(async () => (await position()) > before + 200, { what: 'the trail goes on', timeoutMs: bound })
  }
  await start(1)
  await progress()
  for (const how of ['drain', 'close', 'drain', 'close', 'drain', 'close'] as const) {
    await start(2)
    await progress()
    await stop(how, 2)
    await progress()
  }
  publishing = false
  await load
  await caughtUp('the last sink has stored it all')
  expect(running.map(({ state }) => state)).toEqual(['running'])
  await stop('drain', 1)

  expect(await violations(trail, acknowledged)).toEqual([])
  expect(
    await trail.rows(
      'SELECT sum(skipped)::int AS skipped, sum(lost)::int AS lost, sum(duplicates)::int AS duplicates FROM sink_ledger'
    )
  ).toEqual([{ skipped: 0, lost: 0, duplicates: 0 }])
  expect(await trail.rows('SELECT * FROM sink_offsets WHERE halted IS NOT NULL')).toEqual([])
})
