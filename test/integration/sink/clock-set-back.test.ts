import { expect, test } from 'vitest'
import { createConsumerGroup } from '../../../consumers/index.ts'
import { createProducer } from '../../../producers/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { createSink } from '../../../sink/index.ts'
import { eventually } from '../../support/stack.ts'
import { stepClock } from '../../support/stepped-clock.ts'
import { badge, testTrail } from '../../support/trail.ts'

const trail = await testTrail()
await trail.offer('badge.awarded')
const hour = 3_600_000
const sessionTimeoutMs = 4_000

test.each([
  { words: 'set back by an hour', step: -hour },
  { words: 'set forward by an hour', step: hour }
])('a clock that is $words stops neither producer, sink nor group, and neither is dropped by Kafka', {
  timeout: 90_000
}, async ({ words, step }) => {
  const { connection, topicPrefix } = trail
  const handled: string[] = []
  await using producer = createProducer({ connection, topicPrefix, source: 'clock', catalogue })
  await using sink = createSink({ ...trail.sinkOptions, group: `sink-${step}`, sessionTimeoutMs })
  await using group = createConsumerGroup({
    ...{ connection, topicPrefix, catalogue, sessionTimeoutMs, group: `group-${step}` },
    handlers: { 'badge.awarded': async ({ id }) => void handled.push(id) }
  })
  const publish = async () => {
    const { payload } = badge(words) as { payload: { badge_id: string; awarded_to: string; reason: string } }
    const { id } = await producer.publish('badge.awarded', crypto.randomUUID(), payload)
    return id
  }
  const arrives = async (id: string) => {
    await eventually(() => handled.includes(id), { what: 'it is handled', timeoutMs: 10_000 })
    await eventually(async () => (await trail.rows('SELECT 1 FROM event_envelopes WHERE id = $1', [id])).length === 1, {
      what: 'it is stored',
      timeoutMs: 10_000
    })
  }
  await Promise.all([sink.start(), group.start()])
  await arrives(await publish())
  const { assignments } = group.stats()

  stepClock(step)
  await arrives(await publish())
  // For longer than Kafka keeps a member that it does not hear of.
  const until = performance.now() + 2.5 * sessionTimeoutMs
  while (performance.now() < until) await arrives(await publish())
  expect(group.stats().assignments).toBe(assignments)
  expect(await trail.admin.groupMembers(`${topicPrefix}group-${step}`)).toBe(1)
  expect(await trail.admin.groupMembers(`${topicPrefix}sink-${step}`)).toBe(1)
  expect(sink.health()).toEqual({ notReady: [], dead: [] })
})
