import { afterAll, expect, test } from 'vitest'
import { startStack } from '../../../dev/stack/index.ts'
import { startSink } from '../../support/processes/sink-process.ts'
import { eventually } from '../../support/stack.ts'
import { testTrail } from '../../support/trail.ts'
import { coordinatorTopic, watchBrokers } from '../harness/brokers.ts'
import { Range } from '../harness/check/range.ts'
import { loadEvents, startLoad } from '../harness/processes/load.ts'
import { settings } from '../harness/settings.ts'

const stack = await startStack({ kind: 'broker-death', brokers: 3 })
afterAll(() => stack.stop())
Object.assign(process.env, stack.env)
const trail = await testTrail({ partitions: 3, replicationFactor: 3 })
for (const eventName of loadEvents) await trail.offer(eventName)
const { leaderOf, inSync } = await watchBrokers(stack)
const topics = loadEvents.map(eventName => trail.topicPrefix + eventName)
const kills = settings.quick ? 2 : 5

// Case 6
test(`three brokers: the leader is killed ${kills} times, and so is the coordinator`, {
  timeout: 600_000
}, async () => {
  await using range = new Range(trail)
  const sink = startSink(trail)
  const load = await startLoad(trail)
  await range.progress.moves()
  for (let kill = 0; kill < kills; kill += 1) {
    const leader = await leaderOf(topics[kill % topics.length] as string, kill % 3)
    await range.fault('leader of a partition killed', () => leader.kill(), 500)
    await leader.start()
    await inSync([...topics, coordinatorTopic])
  }
  const coordinator = await leaderOf(coordinatorTopic)
  await range.fault('coordinator of the group killed', () => coordinator.kill(), 500)
  await coordinator.start()
  await inSync([...topics, coordinatorTopic])
  await range.expectClean(load)
  expect(await trail.count('sink_quarantine')).toBe(0)
  expect(sink.child.exitCode).toBeNull()
  expect(await sink.stop()).toBe(0)
})

// Case 7
test('all brokers are gone for a while: the sink lives, and continues by itself', { timeout: 600_000 }, async () => {
  const away = await testTrail({ partitions: 3, replicationFactor: 3 })
  for (const eventName of loadEvents) await away.offer(eventName)
  await using range = new Range(away)
  const sink = startSink(away)
  const load = await startLoad(away, { env: { DELIVERY_TIMEOUT_MS: '6000' } })
  await range.progress.moves()
  await range.fault('all brokers killed', async () => {
    await Promise.all(stack.brokers.map(broker => broker.kill()))
    // Events are given up meanwhile: some had left, most had not.
    const some = settings.quick ? 500 : 5_000
    await eventually(() => load.counts.unknown + load.counts.failed > some, {
      what: `the publisher has given up ${some} events`,
      timeoutMs: 240_000
    })
    expect(sink.child.exitCode).toBeNull()
    await Promise.all(stack.brokers.map(broker => broker.start()))
  })
  await range.expectClean(load)
  expect(load.counts.failed).toBeGreaterThan(0)
  expect(await away.count('sink_quarantine')).toBe(0)
  expect(await sink.stop()).toBe(0)
})
