import { randomUUID } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { createConsumerGroup } from '../../../../consumers/index.ts'
import { createProducer } from '../../../../producers/index.ts'
import { catalogue } from '../../../../schemas/catalogue/index.ts'
import { createSink } from '../../../../sink/index.ts'
import { runCli } from '../../../support/processes/cli.ts'
import { eventually } from '../../../support/stack.ts'
import { badge, type TestTrail, testTrail } from '../../../support/trail.ts'

/** Everything of the product on one topic: a producer, a sink, a group, and the ids that this one has handled. */
async function everything(partitions: number) {
  const trail = await testTrail({ partitions })
  await trail.offer('badge.awarded')
  const handled: string[] = []
  const { connection, topicPrefix } = trail
  const servers = { connection, topicPrefix, catalogue }
  const producer = createProducer({ ...servers, deliveryTimeoutMs: 5_000 })
  const sink = createSink(trail.sinkOptions)
  const group = createConsumerGroup({
    ...servers,
    group: 'beside',
    sessionTimeoutMs: 2_000,
    topicRefreshMs: 300,
    commitIntervalMs: 100,
    handlers: { 'badge.awarded': ({ id }) => void handled.push(id) }
  })
  onTestFinished(async () => {
    await Promise.all([producer.close(), sink.close(), group.close()])
  })
  await Promise.all([sink.start(), group.start()])
  const publish = () => producer.publish('badge.awarded', randomUUID(), badge().payload as never)
  const topic = `${topicPrefix}badge.awarded`
  return { trail, topic, handled, sink, group, publish }
}

const idsIn = async (trail: TestTrail) =>
  (await trail.rows('SELECT id::text FROM event_envelopes ORDER BY 1')).map(({ id }) => String(id))

test('a topic gets more partitions while everything runs: nothing is lost, and the new ones are read soon', {
  timeout: 120_000
}, async () => {
  const { trail, topic, handled, sink, group, publish } = await everything(1)
  const published: string[] = []
  for (let n = 0; n < 20; n += 1) published.push((await publish()).id)
  await sink.whenCaughtUp()
  await trail.admin.addPartitions(topic, 4)
  // A producer that was started before uses the old ones for a while; one that was started now, all of them.
  const later = createProducer({ connection: trail.connection, topicPrefix: trail.topicPrefix, catalogue })
  onTestFinished(() => later.close())
  const partitions = new Set<number>()
  await eventually(
    async () => {
      const { id, partition } = await later.publish('badge.awarded', randomUUID(), badge().payload as never)
      published.push(id, (await publish()).id)
      return partitions.add(partition).size === 4
    },
    { what: 'every partition has an event' }
  )
  await eventually(async () => (await trail.count('event_envelopes')) === published.length, {
    what: 'all are stored',
    timeoutMs: 20_000
  })
  await eventually(() => handled.length === published.length, { what: 'all are handled' })
  await Promise.all([sink.whenCaughtUp(), group.whenCaughtUp()])
  expect(await idsIn(trail)).toEqual(published.toSorted())
  expect(handled.toSorted()).toEqual(published.toSorted())
  expect(await trail.rows('SELECT * FROM sink_losses')).toEqual([])
})

test('a topic is deleted and made again with fewer partitions while everything runs', {
  timeout: 180_000
}, async () => {
  const { trail, topic, handled, sink, group, publish } = await everything(6)
  const before = await Promise.all(Array.from({ length: 60 }, publish))
  await Promise.all([sink.whenCaughtUp(), group.whenCaughtUp()])

  await trail.admin.deleteTopics([topic])
  await eventually(async () => (await trail.makeTopic('badge.awarded', 2)).length === 1, { what: 'it is made again' })
  const after = await Promise.all(
    Array.from({ length: 60 }, () => eventually(() => publish(), { what: 'it can be published to', timeoutMs: 60_000 }))
  )
  expect(new Set(after.map(({ partition }) => partition))).toEqual(new Set([0, 1]))
  // Handlers continue by themselves.
  await eventually(() => new Set(handled).size === before.length + after.length, {
    what: 'all are handled',
    timeoutMs: 60_000
  })
  await group.whenCaughtUp()

  // The sink asks first: the positions are those of another log.
  const halted = () => trail.rows('SELECT partition, halted FROM sink_offsets WHERE halted IS NOT NULL ORDER BY 1')
  await eventually(async () => (await halted()).length === 2, {
    what: 'both partitions are halted',
    timeoutMs: 60_000
  })
  const doctor = await runCli(['doctor'], trail.env)
  expect(doctor.stdout).toMatch(/WRONG +halted +\S+badge.awarded\/0/)
  for (const partition of ['0', '1'])
    expect(
      await runCli(
        [
          'sink',
          'reset',
          '--event',
          'badge.awarded',
          '--partition',
          partition,
          '--to',
          'earliest',
          '--reason',
          'a test'
        ],
        trail.env
      )
    ).toMatchObject({ code: 0 })
  await eventually(async () => (await trail.count('event_envelopes')) === before.length + after.length, {
    what: 'all are stored'
  })
  await sink.whenCaughtUp()
  expect(await idsIn(trail)).toEqual([...before, ...after].map(({ id }) => id).toSorted())
  const verified = await runCli(['verify'], trail.env)
  expect(verified.code).toBe(0)
})
