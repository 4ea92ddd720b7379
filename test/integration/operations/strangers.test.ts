import kafkajs from 'kafkajs'
import { expect, onTestFinished, test } from 'vitest'
import { createLogger } from '../../../cli/log.ts'
import { createConsumerGroup } from '../../../consumers/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { createSink } from '../../../sink/index.ts'
import { joinByNewerProtocol } from '../../support/kafka/newer-member.ts'
import { runCli } from '../../support/processes/cli.ts'
import { eventually } from '../../support/stack.ts'
import { badge, testTrail } from '../../support/trail.ts'

const { Kafka, logLevel } = kafkajs
const topicOf = ({ topicPrefix }: { topicPrefix: string }) => `${topicPrefix}badge.awarded`

/** A consumer of another program, with the assigner that kafkajs has. */
async function foreignConsumer(trail: { brokers: readonly string[]; group: string; topicPrefix: string }) {
  const kafka = new Kafka({ brokers: [...trail.brokers], clientId: 'somebody-else', logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: trail.group, sessionTimeout: 6_000, retry: { retries: 0 } })
  onTestFinished(() => consumer.disconnect())
  const joined = Promise.withResolvers<void>()
  const crashed = Promise.withResolvers<Error>()
  consumer.on(consumer.events.GROUP_JOIN, () => joined.resolve())
  consumer.on(consumer.events.CRASH, ({ payload }) => crashed.resolve(payload.error))
  await consumer.connect()
  await consumer.subscribe({ topic: topicOf(trail), fromBeginning: true })
  void consumer.run({ eachMessage: async () => undefined }).catch(crashed.resolve)
  return { consumer, joined: joined.promise, crashed: crashed.promise }
}

test('a sink whose group another program has says so and which it is, and continues once it is free', async () => {
  const trail = await testTrail({ partitions: 4 })
  await trail.offer('badge.awarded')
  const { consumer, joined } = await foreignConsumer(trail)
  await joined
  const lines: string[] = []
  const log = createLogger({ level: 'warn', destination: { write: line => lines.push(line) } })
  await using sink = createSink({ ...trail.sinkOptions, log })
  await sink.start()
  const published = await trail.publish(Array.from({ length: 20 }, () => badge()))
  const said = `Another kind of consumer is in group ${trail.group}: stop it`
  await eventually(() => sink.health().notReady.some(reason => reason.startsWith(said)), { what: 'it says so' })
  expect(lines.join('\n')).toContain(said)
  const doctor = await runCli(['doctor'], trail.env)
  expect(doctor.stdout).toMatch(
    /WRONG +group +consumers that are no sinks have group .*: somebody-else at 127\.0\.0\.1/
  )
  expect(doctor.code).toBe(1)
  expect(await trail.count('event_envelopes')).toBe(0)

  await consumer.disconnect()
  await sink.whenCaughtUp()
  expect(await trail.count('event_envelopes')).toBe(published.length)
  await eventually(() => sink.health().notReady.length === 0, { what: 'it is ready' })
})

test('no other program gets into the group of a sink', async () => {
  const trail = await testTrail({ partitions: 4 })
  await trail.offer('badge.awarded')
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await trail.publish([badge()])
  await sink.whenCaughtUp()
  const { crashed } = await foreignConsumer(trail)
  expect(await crashed).toMatchObject({ type: 'INCONSISTENT_GROUP_PROTOCOL' })

  // The id in Kafka of a group of handlers is made in the same way.
  const lines: string[] = []
  const log = createLogger({ level: 'warn', destination: { write: line => lines.push(line) } })
  const group = createConsumerGroup({
    ...{ connection: trail.connection, topicPrefix: trail.topicPrefix, catalogue, log },
    group: 'sink',
    sessionTimeoutMs: 2_000,
    handlers: { 'badge.awarded': () => undefined }
  })
  onTestFinished(() => group.close())
  await group.start()
  const said = `Another kind of consumer is in group ${trail.group}: stop it`
  await eventually(() => group.health().notReady.some(reason => reason.startsWith(said)), { what: 'the group says so' })
  const published = await trail.publish(Array.from({ length: 40 }, () => badge()))
  await sink.whenCaughtUp()
  expect(await trail.count('event_envelopes')).toBe(published.length + 1)
  expect(await trail.admin.groupMembers(trail.group)).toBe(1)
})

test('offsets that another program commits for a sink, or its group deleted, change nothing', async () => {
  const trail = await testTrail({ partitions: 1 })
  await trail.offer('badge.awarded')
  await trail.publish(Array.from({ length: 5 }, () => badge()))
  const admin = trail.kafka.kafka.admin()
  await admin.connect()
  onTestFinished(() => admin.disconnect())
  {
    await using sink = createSink(trail.sinkOptions)
    await sink.start()
    await sink.whenCaughtUp()
    const committing = admin.setOffsets({
      groupId: trail.group,
      topic: topicOf(trail),
      partitions: [{ partition: 0, offset: '3' }]
    })
    // Kafka does not let anybody, while it runs.
    await expect(committing).rejects.toThrow()
    await expect(admin.deleteGroups([trail.group])).rejects.toThrow()
  }
  await eventually(async () => (await trail.admin.groupMembers(trail.group)) === 0, { what: 'the group is empty' })
  await admin.deleteGroups([trail.group])
  await trail.publish(Array.from({ length: 5 }, () => badge()))
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await sink.whenCaughtUp()
  expect(await trail.count('event_envelopes')).toBe(10)
  expect(await trail.count('sink_duplicates')).toBe(0)
  expect(await trail.rows('SELECT * FROM sink_losses')).toEqual([])
})

test('a consumer of the newer protocol that takes partitions away is reported, and nothing is lost', async () => {
  const trail = await testTrail({ partitions: 4 })
  await trail.offer('badge.awarded')
  const lines: string[] = []
  const log = createLogger({ level: 'error', destination: { write: line => lines.push(line) } })
  await using sink = createSink({ ...trail.sinkOptions, log })
  await sink.start()
  await trail.publish([badge()])
  await sink.whenCaughtUp()
  const stranger = await joinByNewerProtocol(trail.brokers[0] as string, trail.group, topicOf(trail))
  expect(stranger.errorCode).toBe(0)
  const said = `Another kind of consumer is in group ${trail.group}: stop it`
  await eventually(() => sink.health().notReady.some(reason => reason.startsWith(said)), { what: 'it says so' })
  expect(lines.join('\n')).toContain('another kind of consumer is in the group and takes partitions away')
  const published = await trail.publish(Array.from({ length: 40 }, () => badge()))
  await stranger.leave()
  await sink.whenCaughtUp()
  expect(await trail.count('event_envelopes')).toBe(published.length + 1)
  await eventually(() => sink.health().notReady.length === 0, { what: 'it is ready' })
})
