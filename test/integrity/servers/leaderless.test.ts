import { afterAll, expect, test } from 'vitest'
import { createConsumerGroup } from '../../../consumers/index.ts'
import { startStack } from '../../../dev/stack/index.ts'
import { createProducer } from '../../../producers/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { createSink } from '../../../sink/index.ts'
import { runCli } from '../../support/processes/cli.ts'
import { eventually } from '../../support/stack.ts'
import { quiz, testTrail } from '../../support/trail.ts'

const stack = await startStack({ kind: 'leaderless', brokers: 3 })
afterAll(() => stack.stop())
Object.assign(process.env, stack.env)
// One replica each: what the third broker has is without a leader while it is away.
const trail = await testTrail({ partitions: 6, replicationFactor: 1 })
const { connection, topicPrefix } = trail
const servers = { connection, topicPrefix, catalogue }

/** Publishes, and says which events were acknowledged and how the others failed. */
async function publishSome(eventName: 'quiz.submitted' | 'badge.awarded') {
  await using producer = createProducer({ ...servers, source: 'test', deliveryTimeoutMs: 8_000 })
  const payload =
    eventName === 'quiz.submitted'
      ? quiz().payload
      : { badge_id: crypto.randomUUID(), awarded_to: crypto.randomUUID(), reason: 'x' }
  const settled = await Promise.allSettled(
    Array.from({ length: 40 }, () => producer.publish(eventName, crypto.randomUUID(), payload as never))
  )
  return {
    ids: settled.flatMap(each => (each.status === 'fulfilled' ? [each.value.id] : [])),
    outcomes: settled.flatMap(each => (each.status === 'rejected' ? [each.reason.outcome] : []))
  }
}

const stored = async (ids: readonly string[]) =>
  Number((await trail.rows('SELECT count(*) AS n FROM event_envelopes WHERE id = ANY($1)', [ids]))[0]?.n)

test('partitions without a leader hold up no others: producer, sinks and groups that run, start and meet a new topic', {
  timeout: 400_000
}, async () => {
  await trail.offer('quiz.submitted')
  await using running = createSink(trail.sinkOptions)
  await running.start()
  const first = await publishSome('quiz.submitted')
  expect(first.outcomes).toEqual([])
  await running.whenCaughtUp()
  const away = stack.brokers[2]
  await away?.kill()

  const meanwhile = await publishSome('quiz.submitted')
  expect(meanwhile.ids.length).toBeGreaterThan(0)
  // Nothing of these left: they may be published again without a thought.
  expect([...new Set(meanwhile.outcomes)]).toEqual(['failed'])
  await eventually(async () => (await stored(meanwhile.ids)) === meanwhile.ids.length, {
    what: 'the others are stored'
  })
  await running.drain()

  const handled = new Set<string>()
  await using group = createConsumerGroup({
    ...servers,
    group: 'late',
    handlers: { 'quiz.submitted': async ({ id }) => void handled.add(id) }
  })
  await using sink = createSink(trail.sinkOptions)
  await Promise.all([sink.start(), group.start()])
  await trail.offer('badge.awarded')
  const late = await Promise.all([publishSome('quiz.submitted'), publishSome('badge.awarded')])
  const ids = late.flatMap(each => each.ids)
  // A new topic has no partition on the broker that is away.
  expect(late[1]?.outcomes).toEqual([])
  await eventually(async () => (await stored(ids)) === ids.length, { what: 'a fresh sink stores them' })
  await eventually(() => meanwhile.ids.every(id => handled.has(id)), { what: 'a fresh group handles them' })
  expect((await runCli(['doctor'], trail.env)).stdout).toMatch(/WRONG +replicas +no broker leads/)

  await away?.start()
  await sink.whenCaughtUp()
  await eventually(() => first.ids.every(id => handled.has(id)), {
    what: 'the group handles what the broker kept',
    timeoutMs: 60_000
  })
  expect(await stored([...first.ids, ...meanwhile.ids, ...ids])).toBe(40 + meanwhile.ids.length + ids.length)
  expect(await trail.count('event_envelopes')).toBe(40 + meanwhile.ids.length + ids.length)
  expect(await trail.count('sink_quarantine')).toBe(0)
  expect(await trail.count('sink_ledger_holes')).toBe(0)
})
