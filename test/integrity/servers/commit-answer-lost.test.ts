import { expect, test } from 'vitest'
import { startSink } from '../../support/processes/sink-process.ts'
import { signedTrail } from '../../support/proof/sinks/signed-trail.ts'
import { eventually } from '../../support/stack.ts'
import { Range } from '../harness/check/range.ts'
import { loadEvents, startLoad } from '../harness/processes/load.ts'
import { FaultProxy } from '../harness/proxy.ts'
import { settings } from '../harness/settings.ts'

const times = settings.times(50)
const trail = await signedTrail()
for (const eventName of loadEvents) await trail.offer(eventName)

/** How Postgres ends its answer to COMMIT: CommandComplete with the command's name. */
const answerToCommit = Buffer.from('COMMIT\0')

// Case 3
test(`the answer to COMMIT is lost ${times} times: the sink asks, and no event is there twice`, async () => {
  await using range = new Range(trail)
  const url = new URL(trail.databaseUrl)
  await using proxy = await FaultProxy.start(Number(url.port))
  url.port = String(proxy.port)
  const sink = startSink({ ...trail, env: { ...trail.env, DATABASE_URL: url.href } }, '--connections', '1')
  const load = await startLoad(trail)
  await range.progress.moves()
  for (let time = 0; time < times; time += 1) {
    const rule = proxy.cut({ direction: 'toClient', before: answerToCommit })
    // The transaction whose answer is lost is stored itself: what matters is that more follows.
    await range.fault(
      'answer to COMMIT lost',
      () => eventually(() => rule.done === 1, { what: 'an answer was cut off' }),
      200
    )
  }
  // The request is lost instead of the answer: nothing was stored, and the same batch comes again.
  for (let time = 0; time < times; time += 1) {
    const rule = proxy.cut({ direction: 'toServer', before: answerToCommit })
    await range.fault(
      'COMMIT itself lost',
      () => eventually(() => rule.done === 1, { what: 'a COMMIT was cut off' }),
      200
    )
  }
  await range.expectClean(load)
  expect(await trail.count('sink_quarantine')).toBe(0)
  expect(await trail.count('sink_duplicates')).toBe(0)
  expect(await sink.stop()).toBe(0)
})
