import { expect, test } from 'vitest'
import { startSink } from '../../support/processes/sink-process.ts'
import { signedTrail } from '../../support/proof/sinks/signed-trail.ts'
import { eventually } from '../../support/stack.ts'
import { testTrail } from '../../support/trail.ts'
import { Range } from '../harness/check/range.ts'
import { loadEvents, startLoad } from '../harness/processes/load.ts'
import { settings } from '../harness/settings.ts'

const rounds = settings.times(30)
const partitions = 6
const trail = await signedTrail(await testTrail({ partitions }))
for (const eventName of loadEvents) await trail.offer(eventName)

/** ms for which the trail may stop growing while sinks come and go: a session timeout, a join, and their margins. */
const bound = 15_000

// Case 5
test(`1 → 3 → 1 sinks, ${rounds} times under load: clean, and progress never stalls`, {
  timeout: 120_000 + rounds * 30_000
}, async () => {
  await using range = new Range(trail)
  const start = () => startSink(trail, '--max-records', '100')
  const running = [start()]
  const load = await startLoad(trail, { partitions })
  const since = performance.now()
  for (let round = 0; round < rounds; round += 1) {
    await range.fault(
      'two sinks join',
      async () => {
        running.push(start(), start())
        const joined = async () => (await trail.admin.groupMembers(trail.group)) === 3
        await eventually(joined, { what: 'three sinks are in the group', timeoutMs: 60_000 })
      },
      500
    )
    // The oldest go: each takes partitions with it that it has held for a while.
    const leaving = running.splice(0, 2)
    const signal = round % 2 === 0 ? 'SIGTERM' : 'SIGKILL'
    await range.fault(
      `two of three sinks get ${signal}`,
      async () => {
        for (const code of await Promise.all(leaving.map(sink => sink.stop(signal))))
          expect(code).toBe(signal === 'SIGTERM' ? 0 : null)
      },
      500
    )
  }
  expect(range.progress.standstill(since)).toBeLessThan(bound)
  await range.expectClean(load)
  expect(await trail.count('sink_duplicates')).toBe(0)
  expect(await trail.count('sink_quarantine')).toBe(0)
  expect(await trail.rows('SELECT * FROM sink_offsets WHERE halted IS NOT NULL')).toEqual([])
  expect(await Promise.all(running.map(sink => sink.stop()))).toEqual([0])
})
