import { expect, test } from 'vitest'
import { type KafkaAdmin, KafkaError, type Operation } from '../../../kafka/index.ts'
import { examineReplicas } from '../../../operations/doctor/logs.ts'
import { examineRights, membersOf, unreadable } from '../../../operations/doctor/rights.ts'

const rights = (of: Readonly<Record<string, readonly Operation[]>>) =>
  new Map(Object.entries(of).map(([topic, operations]) => [topic, new Set(operations)]))
const answering = (parts: Partial<KafkaAdmin>) => parts as KafkaAdmin
const missing = new KafkaError('NOT_AUTHORIZED', 'describing group g: no DESCRIBE on group g')

test('a user that may read some topics is missing the others; one that may read none is no sink', () => {
  expect(unreadable(rights({ a: ['READ', 'DESCRIBE'], b: ['DESCRIBE'] }))).toEqual(['b'])
  expect(unreadable(rights({ a: ['DESCRIBE'], b: ['DESCRIBE'] }))).toEqual([])
  expect(unreadable(rights({ a: ['READ'] }))).toEqual([])
  // Brokers that do not say.
  expect(unreadable(new Map())).toEqual([])
})

test('the doctor names the topics, and does not end where it cannot ask', async () => {
  const operations = async () => rights({ 'order.placed': ['READ'], 'order.paid': ['DESCRIBE'] })
  const [found, ...others] = await examineRights(answering({ operations }), ['order.placed', 'order.paid'])
  expect(others).toEqual([])
  expect(found).toMatchObject({ check: 'rights', level: 'wrong' })
  expect(found?.words).toContain('READ on order.paid: ')
  const failing = answering({ operations: () => Promise.reject(new KafkaError('KAFKA_UNAVAILABLE', 'gone')) })
  expect(await examineRights(failing, ['a'])).toMatchObject([{ check: 'rights', level: 'warning' }])
})

test('a group that it may not look into is a finding, and an unreachable Kafka is not', async () => {
  const denied = answering({ describeGroup: () => Promise.reject(missing) })
  expect(await membersOf(denied, 'g')).toEqual({
    findings: [{ check: 'rights', level: 'wrong', words: expect.stringContaining('DESCRIBE on group g') }]
  })
  const members = { state: 'Empty', protocol: '', members: [] }
  expect(await membersOf(answering({ describeGroup: async () => members }), 'g')).toEqual({
    described: members,
    findings: []
  })
  const away = new KafkaError('KAFKA_UNAVAILABLE', 'gone')
  await expect(membersOf(answering({ describeGroup: () => Promise.reject(away) }), 'g')).rejects.toBe(away)
})

test('settings are read of the topics that allow it, and the others are named', async () => {
  const asked: string[] = []
  const partitions = [{ partition: 0, error: 0, leader: 1, replicas: 1, inSync: 1 }]
  const admin = answering({
    describeTopics: async topics => topics.map(topic => ({ topic, partitions })),
    brokers: async () => 1,
    operations: async () => rights({ open: ['READ', 'DESCRIBE_CONFIGS'], closed: ['READ'] }),
    async topicConfigs(topics) {
      asked.push(...topics)
      return new Map(topics.map(topic => [topic, new Map([['cleanup.policy', 'compact']])]))
    }
  })
  const findings = await examineReplicas(admin, ['open', 'closed'])
  expect(asked).toEqual(['open'])
  expect(findings).toMatchObject([
    { check: 'rights', level: 'warning', words: expect.stringContaining('DESCRIBE_CONFIGS on closed: ') },
    { check: 'compaction', level: 'wrong', words: expect.stringContaining('open are compacted') }
  ])
})
