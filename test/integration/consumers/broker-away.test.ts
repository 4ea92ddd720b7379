import { randomUUID } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { RejectMessage } from '../../../consumers/index.ts'
import { startStack } from '../../../dev/stack/index.ts'
import { eventually } from '../../support/stack.ts'
import { badge, schoolOn } from './school.ts'

const stack = await startStack({ kind: 'test' })
afterAll(() => stack.stop())
const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL: registryUrl } = stack.env
const school = await schoolOn({
  connection: { kafka: { brokers: KAFKA_BROKERS.split(',') }, registry: { url: registryUrl } },
  brokers: KAFKA_BROKERS.split(','),
  registryUrl,
  topicPrefix: ''
})

test('a broker that is killed in mid-work: the group lives on, nothing is lost, what was done is not done again', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 3)
  const ids = await term.publish(
    ...Array.from({ length: 300 }, (_, n) => badge(randomUUID(), n % 50 === 7 ? 'bad' : 'good'))
  )
  const handled: string[] = []
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const group = await term.group({
    group: 'surviving',
    concurrency: 8,
    handlers: {
      'badge.awarded': async ({ id, payload }) => {
        if (handled.length >= 100) await released
        if (payload.reason === 'bad') throw new RejectMessage('no use')
        handled.push(id)
      }
    }
  })
  await eventually(() => handled.length >= 100 && group.stats().queued > 0, { what: 'a third is handled' })
  await stack.restartable.kafka.kill()
  release()
  // What had begun ends without Kafka; the next ones wait, because the group may have dropped this member.
  await eventually(() => group.stats().longestRunningMs > 3_000, { what: 'the outage is longer than a session' })
  expect(group.state).toBe('running')
  const caughtUp = group.whenCaughtUp({ timeoutMs: 45_000 })
  await stack.restartable.kafka.start()
  await caughtUp
  expect(handled.toSorted()).toEqual(ids.filter((_, n) => n % 50 !== 7).toSorted())
  expect(group.stats()).toMatchObject({ handled: 294, deadLettered: 6 })
  expect(await group.drain()).toBeUndefined()
}, 90_000)
