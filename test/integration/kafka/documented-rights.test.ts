import { randomUUID } from 'node:crypto'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { grantsOf, type Part } from '../../../cli/acls/grants.ts'
import { loadDocuments } from '../../../cli/index.ts'
import { connectionFromEnvironment } from '../../../connection/index.ts'
import { createConsumerGroup, RejectMessage } from '../../../consumers/index.ts'
import { createIndexer, indexerMigrations, postgresIndex } from '../../../consumers/indexer/index.ts'
import { migrate } from '../../../postgres/migrate.ts'
import { createProducer } from '../../../producers/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { createSink } from '../../../sink/index.ts'
import { accessControl, denialsIn } from '../../support/kafka/rights/access-control.ts'
import { securedKafka, type Way } from '../../support/kafka/secured.ts'
import { runCli } from '../../support/processes/cli.ts'
import { eventually } from '../../support/stack.ts'
import { type TestTrail, testTrail } from '../../support/trail.ts'

const users = [
  'producer',
  'sink',
  'group',
  'indexer',
  'register',
  'doctor',
  'operator'
] as const satisfies readonly Part[]
type User = (typeof users)[number] | 'stranger'
const secured = await securedKafka({ users: [...users, 'stranger'], isGuarded: true })
const { grant } = await accessControl(secured.broker.addresses.PLAINTEXT)
const denials = () => denialsIn(secured.broker.log)
const events = ['badge.awarded', 'lesson.published', 'quiz.submitted']
const ways = ['SASL_SSL with SCRAM-SHA-512', 'mTLS', 'OAUTHBEARER', 'SASL_SSL with PLAIN'] as const satisfies Way[]
const trails = new Map<Way, Awaited<ReturnType<typeof trailWithIndex>>>()
for (const way of ways) trails.set(way, await trailWithIndex())

async function trailWithIndex() {
  const trail = await testTrail()
  const client = await trail.db.connect()
  try {
    await migrate(client, indexerMigrations)
  } finally {
    client.release()
  }
  const index = postgresIndex({ postgres: { url: trail.databaseUrl } })
  afterAll(() => index.close())
  return { trail, index }
}

/** The environment of a process that connects in one way as one user. */
const envAs = (user: User, way: Way, { env }: TestTrail): Record<string, string> => ({
  ...env,
  ...secured.as(user)[way]
})

test.each(ways)('%s: each part works with the rights that are documented for it, and is denied nothing', {
  timeout: 180_000
}, async way => {
  const { trail, index } = trails.get(way) ?? expect.unreachable()
  const { topicPrefix } = trail
  const as = (user: User) => connectionFromEnvironment({ env: envAs(user, way, trail), postgres: true })
  for (const user of users) {
    // The prefix would hold the topics of groups and of orders as well: these parts get each one by its name.
    const isNamed = ['producer', 'group', 'operator'].includes(user)
    const group = user === 'operator' ? 'group' : undefined
    await grant(user, ...grantsOf(user, { topicPrefix, events: isNamed ? events : [], group }))
  }

  const registered = await runCli(['schemas', 'register', '--example'], {
    ...envAs('register', way, trail),
    TOPIC_REPLICATION_FACTOR: '1'
  })
  expect(registered).toMatchObject({ code: 0 })
  // A second time everything is there.
  expect((await runCli(['schemas', 'register', '--example'], envAs('register', way, trail))).code).toBe(0)

  const producer = createProducer({ connection: as('producer'), topicPrefix, catalogue, source: 'test' })
  onTestFinished(() => producer.close())
  const lesson = randomUUID()
  await producer.publish('lesson.published', lesson, {
    lesson_id: lesson,
    instructor_id: randomUUID(),
    course_id: randomUUID(),
    title: 'Volcanoes'
  })
  const badge = randomUUID()
  await producer.publish('badge.awarded', badge, { badge_id: badge, awarded_to: randomUUID(), reason: 'Ten quizzes' })

  await using sink = createSink({ ...trail.sinkOptions, connection: as('sink') })
  await sink.start()
  await sink.whenCaughtUp()
  expect(await trail.count('event_envelopes')).toBe(2)

  const handled: string[] = []
  let isRepaired = false
  const group = createConsumerGroup({
    ...{ connection: as('group'), topicPrefix, catalogue },
    group: 'group',
    deadLetters: { policy: 'park' },
    handlers: {
      'lesson.published': ({ event_name }) => void handled.push(event_name),
      'badge.awarded': ({ event_name }) => {
        if (!isRepaired) throw new RejectMessage('not this one')
        handled.push(event_name)
      }
    }
  })
  onTestFinished(() => group.close())
  await group.start()
  await group.whenCaughtUp()
  expect(handled).toEqual(['lesson.published'])
  expect(group.stats().deadLettered).toBe(1)

  // Many commands: the rights are the same, however a user logs in.
  if (way === 'mTLS') {
    const operate = async (...args: string[]) => {
      const { code, stdout, stderr } = await runCli([...args, '--json'], envAs('operator', way, trail))
      expect([args.join(' '), code, stderr]).toEqual([args.join(' '), 0, stderr])
      return stdout
    }
    const ofGroup = ['--group', 'group']
    const because = [...ofGroup, '--reason', 'a test']
    expect(await operate('groups', 'list')).toContain('"group"')
    await operate('groups', 'pause', ...because)
    expect(await operate('groups', 'show', ...ofGroup, '--over', '100')).toContain('"pauses":[{')
    await operate('groups', 'resume', ...because)
    expect(await operate('dead-letters', 'list', ...ofGroup)).toContain('badge.awarded')
    isRepaired = true
    await operate('dead-letters', 'redrive', ...because, '--all')
    expect(handled).toEqual(['lesson.published', 'badge.awarded'])
    await operate('groups', 'rewind', ...because, '--topic', 'lesson.published', '--to', 'earliest')
    await eventually(() => handled.length === 3, { what: 'the lesson is handled again' })
    await group.whenCaughtUp()
    await operate('groups', 'replay', ...because, '--topic', 'lesson.published', '--from', '2026-01-01T00:00:00Z')
    await eventually(() => handled.length === 4, { what: 'the lesson is handled once more' })
  }

  const indexer = createIndexer({
    connection: as('indexer'),
    ...{ topicPrefix, catalogue, index },
    documents: await loadDocuments({ example: true }, catalogue)
  })
  onTestFinished(() => indexer.close())
  await indexer.start()
  await indexer.whenCaughtUp()
  expect((await index.search('volcano')).hits).toHaveLength(1)

  for (const command of ['doctor', 'verify']) {
    const { code, stdout, stderr } = await runCli([command], envAs('doctor', way, trail))
    expect(`${stdout}${stderr}`).not.toMatch(/rights|grant/)
    expect(code).toBe(0)
  }
  await Promise.all([producer.drain(), sink.drain(), group.drain(), indexer.drain()])
  const ofStranger = () => denials().filter(line => line.includes('User:stranger'))
  expect(denials().filter(line => !line.includes('User:stranger'))).toEqual([])

  // The log would show it.
  const before = ofStranger().length
  await runCli(['schemas', 'register', '--example'], envAs('stranger', way, trail))
  await eventually(() => ofStranger().length > before, { what: 'a denial is logged' })
})
