import { randomUUID } from 'node:crypto'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { grantsOf, type Part } from '../../../cli/acls/grants.ts'
import { loadDocuments } from '../../../cli/index.ts'
import { createConsumerGroup, RejectMessage } from '../../../consumers/index.ts'
import { createIndexer, indexerMigrations, postgresIndex } from '../../../consumers/indexer/index.ts'
import { migrate } from '../../../postgres/migrate.ts'
import { createProducer } from '../../../producers/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { createSink } from '../../../sink/index.ts'
import { guardedStack } from '../../support/kafka/guarded-stack.ts'
import { runCli } from '../../support/processes/cli.ts'
import { eventually } from '../../support/stack.ts'
import { testTrail } from '../../support/trail.ts'

const users = ['producer', 'sink', 'group', 'indexer', 'register', 'doctor'] as const satisfies readonly Part[]
const kafka = await guardedStack('documented-rights', [...users, 'stranger'])
const trail = await testTrail()
const events = ['badge.awarded', 'lesson.published', 'quiz.submitted']
const { topicPrefix } = trail

for (const user of users)
  await kafka.grant(user, ...grantsOf(user, { topicPrefix, events: user === 'producer' ? events : [] }))

const client = await trail.db.connect()
try {
  await migrate(client, indexerMigrations)
} finally {
  client.release()
}
const index = postgresIndex({ postgres: { url: trail.databaseUrl } })
afterAll(() => index.close())

test('each part works with the rights that are documented for it, and is denied nothing', async () => {
  const registered = await runCli(
    ['schemas', 'register', '--example'],
    kafka.envAs('register', { ...trail.env, TOPIC_REPLICATION_FACTOR: '1' })
  )
  expect(registered).toMatchObject({ code: 0 })
  // A second time everything is there.
  expect((await runCli(['schemas', 'register', '--example'], kafka.envAs('register', trail.env))).code).toBe(0)

  const producer = createProducer({
    connection: kafka.as('producer', trail.connection),
    topicPrefix,
    catalogue,
    source: 'test'
  })
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

  await using sink = createSink({ ...trail.sinkOptions, connection: kafka.as('sink', trail.connection) })
  await sink.start()
  await sink.whenCaughtUp()
  expect(await trail.count('event_envelopes')).toBe(2)

  const handled: string[] = []
  const group = createConsumerGroup({
    ...{ connection: kafka.as('group', trail.connection), topicPrefix, catalogue },
    group: 'group',
    handlers: {
      'lesson.published': ({ event_name }) => void handled.push(event_name),
      'badge.awarded': () => {
        throw new RejectMessage('not this one')
      }
    }
  })
  onTestFinished(() => group.close())
  await group.start()
  await group.whenCaughtUp()
  expect(handled).toEqual(['lesson.published'])
  expect(group.stats().deadLettered).toBe(1)

  const indexer = createIndexer({
    connection: kafka.as('indexer', trail.connection),
    ...{ topicPrefix, catalogue, index },
    documents: await loadDocuments({ example: true }, catalogue)
  })
  onTestFinished(() => indexer.close())
  await indexer.start()
  await indexer.whenCaughtUp()
  expect(await index.search('volcano')).toHaveLength(1)

  for (const command of ['doctor', 'verify']) {
    const { code, stdout, stderr } = await runCli([command], kafka.envAs('doctor', trail.env))
    expect(`${stdout}${stderr}`).not.toMatch(/rights|grant/)
    expect(code).toBe(0)
  }
  await Promise.all([producer.drain(), sink.drain(), group.drain(), indexer.drain()])
  expect(kafka.denials()).toEqual([])

  // The log would show it.
  await runCli(['schemas', 'register', '--example'], kafka.envAs('stranger', trail.env))
  await eventually(() => kafka.denials().some(line => line.includes('User:stranger')), { what: 'a denial is logged' })
}, 180_000)
