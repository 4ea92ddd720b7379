import { afterAll, expect, test } from 'vitest'
import { createKafkaClient } from '../../../kafka/kafkajs/client.ts'
import { adminWithCluster } from '../../../kafka/kafkajs/cluster.ts'
import { clusterMetadata, topicMetadata } from '../../../kafka/kafkajs/metadata.ts'
import { eventually, testEnvironment } from '../../support/stack.ts'

const { brokers, topicPrefix } = await testEnvironment()
const client = createKafkaClient({ brokers, clientId: 'test' })
const admin = await client.connectAdmin()
const sender = await client.connectSender()
afterAll(() => Promise.all([admin.close(), sender.close()]))

// A broker names itself the leader of a new partition before it acts as one.
test('a topic that was made takes records at once, in every partition', async () => {
  const partitions = [0, 1, 2, 3, 4, 5]
  for (let number = 0; number < 40; number += 1) {
    const topic = `${topicPrefix}made.at${number}`
    const spec = { topic, partitions: partitions.length, replicationFactor: 1, config: {} }
    expect(await admin.createTopics([spec])).toEqual([topic])
    const records = [{ key: null, value: Buffer.from('first') }]
    const results = await sender.send(partitions.map(partition => ({ topic, partition, records })))
    expect(results).toEqual(partitions.map(() => ({ baseOffset: 0 })))
  }
})

test('a line continues after a topic is gone that it was asked about', async () => {
  const topics = ['gone.first', 'gone.second'].map(name => topicPrefix + name)
  const [first = '', second = ''] = topics
  await admin.createTopics(topics.map(topic => ({ topic, partitions: 1, replicationFactor: 1, config: {} })))
  const line = client.adminLine()
  expect(await line.ask(each => each.ranges(first))).toHaveLength(1)
  await admin.deleteTopics([first])
  expect(await line.ask(each => each.ranges(second))).toEqual([{ partition: 0, start: 0, end: 0 }])
  await expect(line.ask(each => each.ranges(first))).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' })
  expect(await line.ask(each => each.groupOffsets(`${topicPrefix}nobody`))).toEqual(new Map())
  await line.close()
  await expect(line.ask(each => each.topics())).rejects.toMatchObject({ code: 'KAFKA_UNAVAILABLE' })
})

test('a topic has an id, which it loses with its log', async () => {
  const [kept = '', anew = '', never = ''] = ['ids.kept', 'ids.anew', 'ids.never'].map(name => topicPrefix + name)
  const spec = (topic: string) => ({ topic, partitions: 3, replicationFactor: 1, config: {} })
  await admin.createTopics([spec(kept), spec(anew)])
  await using first = await client.connectAdmin()
  const before = await first.topicIds([kept, anew, never])
  expect([...before.keys()].sort()).toEqual([anew, kept])
  for (const id of before.values()) expect(id).toMatch(/^[\w-]{22}$/)
  await admin.deleteTopics([anew])
  await eventually(async () => !(await admin.topicIds([anew])).has(anew), { what: 'it is gone' })
  await admin.createTopics([spec(anew)])
  const after = await admin.topicIds([kept, anew])
  expect(after.get(kept)).toBe(before.get(kept))
  expect(after.get(anew)).toMatch(/^[\w-]{22}$/)
  expect(after.get(anew)).not.toBe(before.get(anew))
})

test('the ends of many logs come at once; what is not there is left out', async () => {
  const topics = ['ends.a', 'ends.b'].map(name => topicPrefix + name)
  await admin.createTopics(topics.map(topic => ({ topic, partitions: 2, replicationFactor: 1, config: {} })))
  const records = [{ key: null, value: Buffer.from('first') }]
  await sender.send([{ topic: topics[0] ?? '', partition: 1, records }])
  const ends = await admin.logEnds([...topics, `${topicPrefix}ends.never`])
  const at = (topic: string, partition: number, end: number) => ({
    topic,
    partition,
    start: 0,
    end,
    highWatermark: end
  })
  expect(ends).toHaveLength(4)
  for (const [topic, partition, end] of [
    [topics[0] ?? '', 0, 0],
    [topics[0] ?? '', 1, 1],
    [topics[1] ?? '', 0, 0],
    [topics[1] ?? '', 1, 0]
  ] as const)
    expect(ends).toContainEqual(at(topic, partition, end))
  expect(await admin.heldBack(ends)).toEqual([])
  expect(await admin.logEnds([])).toEqual([])
})

test('brokers that do not know ids of topics say the rest of them', async () => {
  const topic = `${topicPrefix}older.broker`
  await admin.createTopics([{ topic, partitions: 2, replicationFactor: 1, config: {} }])
  const { admin: plain, cluster } = adminWithCluster(client.kafka)
  await plain.connect()
  const names = [topic, `${topicPrefix}older.never`]
  const [now, older] = [await topicMetadata(cluster, names), await topicMetadata(cluster, names, { highestVersion: 6 })]
  const [allNow, allOlder] = [
    await topicMetadata(cluster, 'all'),
    await topicMetadata(cluster, 'all', { highestVersion: 6 })
  ]
  const brokers = [await clusterMetadata(cluster, []), await clusterMetadata(cluster, [], { highestVersion: 6 })].map(
    each => each.brokers
  )
  await plain.disconnect()
  expect(brokers).toEqual([1, 1])
  expect(await admin.brokers()).toBe(1)
  const known = (found: typeof now) =>
    found
      // Other files make topics meanwhile.
      .filter(({ name }) => name.startsWith(topicPrefix))
      .map(({ name, error, partitions }) => ({
        name,
        error,
        partitions: partitions.toSorted((a, b) => a.partition - b.partition)
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  expect(known(older)).toEqual(known(now))
  expect(known(allOlder)).toEqual(known(allNow))
  expect(known(allNow).map(({ name }) => name)).toContain(topic)
  expect(known(now)).toMatchObject([
    { error: 0, partitions: [{ replicas: 1, inSync: 1 }, { partition: 1 }] },
    { error: 3, partitions: [] }
  ])
})
