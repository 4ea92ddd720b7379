import kafkajs from 'kafkajs'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { createConsumerGroup } from '../../../../consumers/index.ts'
import { startStack } from '../../../../dev/stack/index.ts'
import { catalogue } from '../../../../schemas/catalogue/index.ts'
import { createSink } from '../../../../sink/index.ts'
import { runCli } from '../../../support/processes/cli.ts'
import { eventually } from '../../../support/stack.ts'
import { badge, lesson, testTrail } from '../../../support/trail.ts'

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs

// A broker that asks who may do what; whatever no ACL speaks of is allowed.
const stack = await startStack({
  kind: 'acls',
  brokerSettings: {
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'allow.everyone.if.no.acl.found': 'true'
  }
})
afterAll(() => stack.stop())
Object.assign(process.env, stack.env)
const trail = await testTrail({ partitions: 2 })
for (const name of ['badge.awarded', 'lesson.published']) await trail.offer(name)
const admin = trail.kafka.kafka.admin()
await admin.connect()
afterAll(() => admin.disconnect())

const topic = `${trail.topicPrefix}badge.awarded`
const acl = (operation: number, permissionType: number) => ({
  resourceType: AclResourceTypes.TOPIC,
  resourceName: topic,
  resourcePatternType: ResourcePatternTypes.LITERAL,
  principal: 'User:ANONYMOUS',
  host: '*',
  operation,
  permissionType
})
const everything = acl(AclOperationTypes.ALL, AclPermissionTypes.ALLOW)
const take = (operation: number) => admin.createAcls({ acl: [everything, acl(operation, AclPermissionTypes.DENY)] })
const giveBack = (operation: number) =>
  admin.deleteAcls({
    filters: [{ ...acl(operation, AclPermissionTypes.DENY), permissionType: AclPermissionTypes.DENY }]
  })

const countOf = async (eventName: string) =>
  (await trail.rows('SELECT count(*)::int AS n FROM event_envelopes WHERE event_name = $1', [eventName]))[0]?.n

test.each([
  ['from the start', false],
  ['while it runs', true]
])(
  'a topic that may not be read %s stops alone, is named, and continues once it may be read',
  async (_, running) => {
    const before = {
      badges: Number(await countOf('badge.awarded')),
      lessons: Number(await countOf('lesson.published'))
    }
    const read = AclOperationTypes.READ
    if (!running) await take(read)
    const handled: string[] = []
    const group = createConsumerGroup({
      ...{ connection: trail.connection, topicPrefix: trail.topicPrefix, catalogue },
      group: `readers-${running}`,
      sessionTimeoutMs: 6_000,
      handlers: {
        'badge.awarded': ({ event_name }) => void handled.push(event_name),
        'lesson.published': ({ event_name }) => void handled.push(event_name)
      }
    })
    onTestFinished(() => group.close())
    await using sink = createSink(trail.sinkOptions)
    await Promise.all([sink.start(), group.start()])
    if (running) {
      await Promise.all([sink.whenCaughtUp(), group.whenCaughtUp()])
      handled.length = 0
      await take(read)
    }
    await trail.publish([badge(), badge(), lesson(), lesson()])
    const named = (reasons: readonly string[]) => reasons.some(each => each.includes(topic) && each.includes('READ'))
    await eventually(() => named(sink.health().notReady) && named(group.health().notReady), { what: 'it is named' })
    await eventually(async () => Number(await countOf('lesson.published')) === before.lessons + 2, {
      what: 'the other topic is stored'
    })
    await trail.publish([lesson()])
    await eventually(async () => Number(await countOf('lesson.published')) === before.lessons + 3, {
      what: 'what comes later is stored too'
    })
    await eventually(() => handled.filter(name => name === 'lesson.published').length >= 3, { what: 'it is handled' })
    expect(await countOf('badge.awarded')).toBe(before.badges)
    await giveBack(read)
    await eventually(async () => Number(await countOf('badge.awarded')) === before.badges + 2, {
      what: 'the topic is read again'
    })
    await eventually(() => handled.filter(name => name === 'badge.awarded').length >= 2, { what: 'it is handled' })
    await eventually(() => !named(sink.health().notReady) && !named(group.health().notReady), { what: 'all is well' })
    expect([sink.state, group.state]).toEqual(['running', 'running'])
    expect(await trail.rows('SELECT * FROM sink_ledger_holes')).toEqual([])
  },
  120_000
)

test('a topic that is hidden while it is read stops alone, and continues once it is seen', async () => {
  const before = { badges: Number(await countOf('badge.awarded')), lessons: Number(await countOf('lesson.published')) }
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await sink.whenCaughtUp()
  await trail.publish([badge()])
  await sink.whenCaughtUp()
  await take(AclOperationTypes.DESCRIBE)
  await take(AclOperationTypes.READ)
  await trail.publish([lesson()])
  await eventually(async () => Number(await countOf('lesson.published')) === before.lessons + 1, {
    timeoutMs: 60_000,
    what: 'the other topic is stored'
  })
  const hidden = `Kafka does not let it see topics: ${topic}`
  await eventually(() => sink.health().notReady.includes(hidden), { timeoutMs: 60_000, what: 'it says what is hidden' })
  expect((await runCli(['doctor'], trail.env)).stdout).toContain(`hidden by Kafka's access control: ${topic}`)
  await giveBack(AclOperationTypes.READ)
  await giveBack(AclOperationTypes.DESCRIBE)
  await trail.publish([badge()])
  await eventually(async () => Number(await countOf('badge.awarded')) === before.badges + 2, {
    timeoutMs: 60_000,
    what: 'the topic is read again'
  })
  await eventually(() => !sink.health().notReady.includes(hidden), { what: 'it is ready again' })
  expect(sink.state).toBe('running')
}, 180_000)
