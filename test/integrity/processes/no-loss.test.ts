import { expect, test } from 'vitest'
import { below } from '../../../dev/demo/day/random.ts'
import { startSink } from '../../support/processes/sink-process.ts'
import { signedTrail } from '../../support/proof/sinks/signed-trail.ts'
import { eventually } from '../../support/stack.ts'
import { testTrail } from '../../support/trail.ts'
import { Range } from '../harness/check/range.ts'
import { loadEvents, startLoad } from '../harness/processes/load.ts'
import { randomOf, settings } from '../harness/settings.ts'

const kills = settings.times(100)
const timeout = 120_000 + kills * 20_000

/** Topics of its own for each test: the checker looks at all of a trail. */
async function scene() {
  const trail = await testTrail()
  for (const eventName of loadEvents) await trail.offer(eventName)
  return trail
}
// Killed in mid-COPY, a sink that signs leaves neither rows nor statements.
const trails = { random: await scene(), copy: await signedTrail(await scene()) }

// Case 1: many of the moments are between the commit in Postgres and the hint to Kafka, which is sent once a second.
test(`killed at ${kills} random moments while events come in: clean`, { timeout }, async () => {
  const trail = trails.random
  await using range = new Range(trail)
  const random = randomOf('no-loss')
  const load = await startLoad(trail)
  let aheadAtAKill = 0
  for (let kill = 0; kill < kills; kill += 1) {
    const sink = startSink(trail, '--linger', '0', '--max-records', '50')
    // Now and then it dies before it has stored anything.
    const stored = below(400, random())
    if (stored < 20) await eventually(() => sink.log().includes('eventtrail sink'), { what: 'the sink is up' })
    else await range.progress.moves(stored)
    await sink.stop('SIGKILL')
    const ahead = await range.ahead()
    if (ahead.redelivered > 0) aheadAtAKill += 1
    const next = startSink(trail)
    await range.fault('sink killed at a random moment', async () => ahead)
    await next.stop('SIGKILL')
  }
  const last = startSink(trail)
  await range.expectClean(load)
  expect(aheadAtAKill).toBeGreaterThan(0)
  expect(await trail.count('sink_quarantine')).toBe(0)
  expect(await last.stop()).toBe(0)
})

const busySessions = `SELECT pid FROM pg_stat_activity
  WHERE application_name LIKE 'eventtrail-sink%' AND datname = current_database() AND state <> 'idle'`

// Case 2
test(`killed during COPY, ${kills} times: no part of a batch is visible`, { timeout }, async () => {
  const trail = trails.copy
  await using range = new Range(trail)
  const load = await startLoad(trail, { rate: 200 })
  for (let kill = 0; kill < kills; kill += 1) {
    await trail.slowRows()
    const sink = startSink(trail, '--linger', '50')
    await eventually(trail.copying, { what: 'a COPY is under way', timeoutMs: 60_000 })
    await sink.stop('SIGKILL')
    const gone = async () => (await trail.rows(busySessions)).length === 0
    await eventually(gone, { what: 'Postgres has noticed that the sink is gone' })
    const [seen] = await trail.rows(
      `SELECT (SELECT count(*) FROM event_envelopes) AS rows, (SELECT sum(next_offset) FROM sink_offsets) AS position`
    )
    expect(seen?.rows).toBe(seen?.position ?? '0')
    await trail.fastRows()
    const next = startSink(trail)
    await range.fault('sink killed in mid-COPY', async () => range.ahead())
    await next.stop('SIGKILL')
  }
  const last = startSink(trail)
  await range.expectClean(load)
  expect(await trail.count('sink_quarantine')).toBe(0)
  expect(await last.stop()).toBe(0)
})
