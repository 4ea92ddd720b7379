import { expect, test } from 'vitest'
import { violations } from '../../support/checker.ts'
import { publisherJournal } from '../../support/journal.ts'
import { startSink } from '../../support/sink-process.ts'
import { eventually } from '../../support/stack.ts'
import { testTrail } from '../../support/trail.ts'

const trail = await testTrail({ partitions: 2 })
await trail.offer('badge.awarded')
const { acknowledged, publish, caughtUp } = publisherJournal(trail)

/** ms within which a successor must have stored what a sleeping sink held: twice the session timeout, and the wait for its locks. */
const bound = 15_000

// Case 4
test('a sink stopped in mid-COPY does not hold up its successor, changes nothing when it wakes, and rejoins', async () => {
  await trail.slowRows()
  const first = startSink(trail, '--linger', '100')
  await eventually(async () => (await trail.admin.groupMembers(trail.group)) === 1, { what: 'the first sink joined' })
  // More than the sockets on the way hold, so that the COPY cannot end without the sink.
  await publish(6_000)
  await eventually(trail.copying, { what: 'the first sink is in a COPY' })
  first.child.kill('SIGSTOP')

  const second = startSink(trail)
  const since = Date.now()
  await trail.fastRows()
  await caughtUp('the second sink has stored it all while the first sleeps', bound)
  expect(Date.now() - since).toBeLessThan(bound)
  expect(await violations(trail, acknowledged)).toEqual([])

  first.child.kill('SIGCONT')
  await eventually(async () => (await trail.admin.groupMembers(trail.group)) === 2, {
    what: 'the first sink is back in the group'
  })
  await publish(500)
  await caughtUp('both go on')
  expect(await violations(trail, acknowledged)).toEqual([])
  expect([await first.stop(), await second.stop()]).toEqual([0, 0])
})
