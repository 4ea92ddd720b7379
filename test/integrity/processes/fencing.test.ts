import { expect, test } from 'vitest'
import { startSink } from '../../support/processes/sink-process.ts'
import { signedTrail } from '../../support/proof/sinks/signed-trail.ts'
import { eventually } from '../../support/stack.ts'
import { testTrail } from '../../support/trail.ts'
import { Range } from '../harness/check/range.ts'
import { loadEvents, startLoad } from '../harness/processes/load.ts'
import { settings } from '../harness/settings.ts'

const times = settings.times(20)
/** Events a second. */
const rate = 500
const trail = await signedTrail(await testTrail({ partitions: 2 }))
for (const eventName of loadEvents) await trail.offer(eventName)

/** ms within which a successor must have stored what a sleeping sink held: the session timeout, and the wait for its locks. */
const bound = 15_000
const members = (count: number) =>
  eventually(async () => (await trail.admin.groupMembers(trail.group)) === count, {
    what: `${count} sinks are in the group`,
    timeoutMs: 60_000
  })

// Case 4
test(`a sink stopped in mid-COPY, ${times} times: its successor is not held up, and it changes nothing when it wakes`, async () => {
  await using range = new Range(trail)
  const load = await startLoad(trail, { rate, partitions: 2 })
  let sleeper = startSink(trail, '--linger', '100')
  await members(1)
  for (let time = 0; time < times; time += 1) {
    await trail.slowRows()
    await eventually(trail.copying, { what: 'a sink is in a COPY', timeoutMs: 60_000 })
    const successor = startSink(trail, '--linger', '100')
    const since = performance.now()
    await range.fault('sink stopped in mid-COPY', async () => {
      sleeper.child.kill('SIGSTOP')
      await trail.fastRows()
      // Twice the session timeout it sleeps at least; the successor has stored as many events as come in that time.
      const owed = range.progress.position + 2 * rate
      await eventually(() => range.progress.position > owed && performance.now() - since > 2_000, {
        what: 'the successor goes on while the first one sleeps',
        timeoutMs: bound
      })
    })
    sleeper.child.kill('SIGCONT')
    await members(2)
    expect(await sleeper.stop()).toBe(0)
    sleeper = successor
  }
  await range.expectClean(load)
  expect(await trail.count('sink_quarantine')).toBe(0)
  expect(await sleeper.stop()).toBe(0)
})
