import { randomUUID } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createLogger } from '../../../cli/log.ts'
import { createConsumerGroup } from '../../../consumers/index.ts'
import { controlTopics, reportsTopicOf } from '../../../control/index.ts'
import type { Logger } from '../../../core/logger.ts'
import { createKafkaClient } from '../../../kafka/kafkajs/client.ts'
import { createProducer } from '../../../producers/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { createSink } from '../../../sink/index.ts'
import { group, topic } from '../../support/kafka/rights/access-control.ts'
import { guardedStack } from '../../support/kafka/rights/guarded-stack.ts'
import { runCli } from '../../support/processes/cli.ts'
import { eventually } from '../../support/stack.ts'
import { badge, lesson, testTrail } from '../../support/trail.ts'

const kafka = await guardedStack('missing-rights', [
  ...[
    'nobody',
    'half',
    'outsider',
    'latecomer',
    'reader',
    'careful',
    'maker',
    'blind',
    'looker',
    'onlooker',
    'disobedient'
  ]
])
const trail = await testTrail({ partitions: 2 })
for (const name of ['badge.awarded', 'lesson.published']) await trail.offer(name)
const { topicPrefix } = trail
const [badges, lessons] = [`${topicPrefix}badge.awarded`, `${topicPrefix}lesson.published`]

describe('a producer', () => {
  const as = (user: string) => {
    const producer = createProducer({
      connection: kafka.as(user, trail.connection),
      ...{ topicPrefix, catalogue, source: 'test' }
    })
    onTestFinished(() => producer.close())
    const award = () =>
      producer.publish('badge.awarded', randomUUID(), { badge_id: randomUUID(), awarded_to: randomUUID(), reason: 'x' })
    const publish = () =>
      producer.publish('lesson.published', randomUUID(), {
        lesson_id: randomUUID(),
        instructor_id: randomUUID(),
        course_id: randomUUID(),
        title: 'x'
      })
    return { producer, award, publish }
  }

  test('that may write to no topic is refused at once, by the name of the topic, and is not unreachable', async () => {
    const { producer, award } = as('nobody')
    const began = performance.now()
    await expect(award()).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining(`Kafka does not grant User:nobody WRITE on topic ${badges}. Grant it`),
      cause: { code: 'NOT_AUTHORIZED', retryable: false, right: { operation: 'WRITE', resource: 'topic' } }
    })
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(producer.health().notReady).not.toContain('Kafka is unreachable')
  })

  test('that may write to one topic publishes there, also after another one was hidden from it', async () => {
    await kafka.grant('half', topic(badges, 'WRITE'))
    const { award, publish } = as('half')
    await award()
    await expect(publish()).rejects.toMatchObject({
      message: expect.stringContaining(`User:half WRITE on topic ${lessons}`)
    })
    await award()
    await kafka.grant('half', topic(lessons, 'WRITE'))
    await publish()
    await kafka.revoke('half', topic(lessons, 'WRITE'))
    // kafkajs knows both topics now, and asks for both.
    for (const _ of [1, 2]) {
      await expect(publish()).rejects.toMatchObject({
        code: 'REFUSED',
        message: expect.stringContaining(`User:half WRITE on topic ${lessons}`)
      })
      await award()
    }
    await kafka.grant('half', topic(lessons, 'WRITE'))
    await publish()
  }, 60_000)
})

test('a sink that may not join its group says so and reads once it may', async () => {
  await kafka.grant('outsider', topic(badges, 'READ'), topic(lessons, 'READ'))
  await trail.publish([badge(), lesson()])
  await using sink = createSink({ ...trail.sinkOptions, connection: kafka.as('outsider', trail.connection) })
  await sink.start()
  const words = `Kafka does not grant User:outsider READ on group ${trail.group}`
  await eventually(() => sink.health().notReady.some(reason => reason.includes(words)), { what: 'it says so' })
  await kafka.grant('outsider', group(trail.group, 'READ'))
  await sink.whenCaughtUp()
  await eventually(() => sink.health().notReady.length === 0, { what: 'it is ready' })
  expect(sink.state).toBe('running')
}, 60_000)

describe('a group', () => {
  const as = (user: string, name: string, more: { readonly log?: Logger } = {}) => {
    const member = createConsumerGroup({
      ...{ connection: kafka.as(user, trail.connection), topicPrefix, catalogue },
      ...{ group: name, topicRefreshMs: 300, ...more },
      handlers: { 'badge.awarded': () => undefined, 'lesson.published': () => undefined }
    })
    onTestFinished(() => member.close())
    return member
  }

  test('without rights on its dead-letter topic does not start, and names the topic', async () => {
    const name = `${topicPrefix}latecomer.dead-letters`
    await kafka.grant('latecomer', topic(badges, 'READ'), group(`${topicPrefix}latecomer`, 'READ'))
    await expect(as('latecomer', 'latecomer').start()).rejects.toMatchObject({
      code: 'NOT_AUTHORIZED',
      message: expect.stringContaining(`no dead-letter topic ${name}, and does not let it create one`),
      right: { operation: 'CREATE', resource: 'topic', name, principal: 'User:latecomer' }
    })
    await kafka.grant('latecomer', topic(name, 'DESCRIBE', 'CREATE'))
    await expect(as('latecomer', 'latecomer').start()).rejects.toMatchObject({
      code: 'NOT_AUTHORIZED',
      right: { operation: 'WRITE', resource: 'topic', name }
    })
  }, 60_000)

  test('needs no CREATE where its dead-letter topic exists, and is not ready while a topic is hidden', async () => {
    const name = `${topicPrefix}reader.dead-letters`
    await trail.admin.createTopics([{ topic: name, partitions: 1, replicationFactor: 1, config: {} }])
    await kafka.grant('reader', topic(badges, 'READ'), topic(name, 'WRITE'), group(`${topicPrefix}reader`, 'READ'))
    const member = as('reader', 'reader')
    await member.start()
    const hidden = `Kafka does not let it see topics: ${lessons}`
    await eventually(() => member.health().notReady.includes(hidden), { what: 'the hidden topic is named' })
    await kafka.grant('reader', topic(lessons, 'READ'))
    await eventually(() => member.health().notReady.length === 0, { what: 'it is ready', timeoutMs: 90_000 })
  }, 120_000)

  test('that may not read the orders to it works on, says so once, and is shown so', async () => {
    const name = `${topicPrefix}disobedient.dead-letters`
    const lines: string[] = []
    await trail.admin.createTopics(controlTopics(topicPrefix, 1))
    await kafka.grant(
      'disobedient',
      ...[topic(badges, 'READ'), topic(lessons, 'READ'), topic(name, 'WRITE', 'CREATE')],
      ...[topic(`${name}-redrive`, 'READ', 'CREATE'), topic(reportsTopicOf(topicPrefix), 'WRITE')],
      group(`${topicPrefix}disobedient`, 'READ')
    )
    const member = as('disobedient', 'disobedient', {
      log: createLogger({ level: 'info', destination: { write: line => lines.push(line) } })
    })
    await member.start()
    await trail.publish([badge(), lesson()])
    await member.whenCaughtUp()
    expect(member.stats().handled).toBeGreaterThanOrEqual(2)
    const show = () => runCli(['groups', 'show', '--group', 'disobedient', '--over', '100'], trail.env)
    await eventually(async () => (await show()).stdout.includes('cannot read orders'), { what: 'it is shown so' })
    const said = lines.filter(line => line.includes('the control topic cannot be read: `eventtrail groups` cannot'))
    expect(said).toHaveLength(1)
    expect(said[0]).toContain('NOT_AUTHORIZED')
    expect(member.health().notReady).toEqual([])
  }, 120_000)

  test('that may not join says so and reads once it may', async () => {
    const name = `${topicPrefix}careful.dead-letters`
    await kafka.grant('careful', topic(badges, 'READ'), topic(lessons, 'READ'), topic(name, 'WRITE', 'CREATE'))
    const member = as('careful', 'careful')
    await member.start()
    const words = `Kafka does not grant User:careful READ on group ${topicPrefix}careful`
    await eventually(() => member.health().notReady.some(each => each.includes(words)), { what: 'it says so' })
    await kafka.grant('careful', group(`${topicPrefix}careful`, 'READ'))
    await member.whenCaughtUp()
    expect(member.state).toBe('running')
  }, 60_000)
})

describe('schemas register', () => {
  const register = (user: string, prefix = topicPrefix) =>
    runCli(['schemas', 'register', '--example'], kafka.envAs(user, { ...trail.env, TOPIC_PREFIX: prefix }))

  test('without CREATE names the right and the topic; where the topics exist it needs none', async () => {
    const refused = await register('maker')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(/Kafka does not grant User:maker CREATE on topic \S+/)
    await trail.offer('quiz.submitted')
    await kafka.grant('maker', { resource: 'topic', name: topicPrefix, pattern: 'prefixed', operations: ['DESCRIBE'] })
    const done = await register('maker')
    expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining('there already') })
  }, 60_000)

  test('without DESCRIBE says so soon after it created the first topic', async () => {
    const prefix = `${topicPrefix}blind.`
    await kafka.grant('blind', { resource: 'topic', name: prefix, pattern: 'prefixed', operations: ['CREATE'] })
    const began = performance.now()
    const refused = await register('blind', prefix)
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain(`Kafka does not grant User:blind DESCRIBE on topic ${prefix}`)
    expect(performance.now() - began).toBeLessThan(15_000)
  }, 60_000)
})

describe('doctor', () => {
  const doctor = async (user: string) => (await runCli(['doctor'], kafka.envAs(user, trail.env))).stdout

  test('names the topic that its user may not read, and what it may not look at', async () => {
    await kafka.grant('looker', topic(badges, 'READ'), topic(lessons, 'DESCRIBE'))
    const found = await doctor('looker')
    expect(found).toContain(`Kafka does not grant this user READ on ${lessons}: a sink with this user`)
    expect(found).toMatch(new RegExp(`WRONG +rights .*User:looker DESCRIBE on group ${trail.group}`))
    expect(found).toMatch(/warning +rights .*DESCRIBE_CONFIGS on/)
  }, 60_000)

  test('draws no conclusion from a user that may read nothing', async () => {
    await kafka.grant('onlooker', topic(badges, 'DESCRIBE'), topic(lessons, 'DESCRIBE'))
    expect(await doctor('onlooker')).not.toContain('does not grant this user READ')
  }, 60_000)
})

test('the errors of an admin name the right, the resource and the user', async () => {
  const { kafka: where } = kafka.as('nobody', trail.connection)
  const client = createKafkaClient({ brokers: where.brokers, security: { ...(where.sasl && { sasl: where.sasl }) } })
  await using admin = await client.connectAdmin()
  const denied = (operation: string, resource: string, name: string) => ({
    code: 'NOT_AUTHORIZED',
    right: { operation, resource, name, principal: 'User:nobody' }
  })
  await expect(admin.ranges(badges)).rejects.toMatchObject(denied('DESCRIBE', 'topic', badges))
  await expect(admin.describeGroup(trail.group)).rejects.toMatchObject(denied('DESCRIBE', 'group', trail.group))
  await expect(admin.groupOffsets(trail.group)).rejects.toMatchObject(denied('DESCRIBE', 'group', trail.group))
  await expect(admin.addPartitions(badges, 9)).rejects.toMatchObject(denied('ALTER', 'topic', badges))
  await expect(admin.deleteTopics([badges])).rejects.toMatchObject(denied('DELETE', 'topic', badges))
  expect(await admin.hiddenTopics([badges])).toEqual([badges])
  expect(await admin.operations([badges])).toEqual(new Map())
})
