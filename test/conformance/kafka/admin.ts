import { describe, expect, it } from 'vitest'
import { KafkaError } from '../../../kafka/index.ts'
import { eventually } from '../../support/stack.ts'
import type { KafkaFixture } from './under-test.ts'

export function adminConformance(fixture: KafkaFixture): void {
  const { client, create, newName, newTopic, sendAll } = fixture
  const spec = (topic: string, partitions = 1) => ({ topic, partitions, replicationFactor: 1, config: {} })

  describe('its admin', () => {
    it('creates the topics that do not exist, which then take records in every partition', async () => {
      const [one, other] = [newName(), newName()]
      expect(await fixture.admin.createTopics([spec(one, 3)])).toEqual([one])
      expect(await fixture.admin.createTopics([spec(one, 3), spec(other)])).toEqual([other])
      for (const partition of [0, 1, 2]) await sendAll(one, ['first'], partition)
      const topics = await fixture.admin.topics()
      expect([topics.get(one), topics.get(other), topics.get(newName())]).toEqual([3, 1, undefined])
      expect([...topics.keys()].filter(topic => topic.startsWith('__'))).toEqual([])
    })

    it('adds partitions, and says who leads them', async () => {
      const topic = await newTopic(1)
      await fixture.admin.addPartitions(topic, 2)
      const described = await eventually(
        async () => {
          const [found] = await fixture.admin.describeTopics([topic, newName()])
          return found?.partitions.length === 2 && found.partitions.every(({ leader }) => leader >= 0) && found
        },
        { what: 'the new partition has a leader' }
      )
      expect(described.topic).toBe(topic)
      for (const each of described.partitions) expect(each).toMatchObject({ error: 0, replicas: 1, inSync: 1 })
      expect((await fixture.admin.topics()).get(topic)).toBe(2)
    })

    it('knows where logs begin and end; a topic that does not exist is an error, or left out of a list', async () => {
      const [topic, never] = [await newTopic(2), newName()]
      await sendAll(topic, ['a', 'b'], 1)
      expect(await fixture.admin.ranges(topic)).toEqual([
        { partition: 0, start: 0, end: 0 },
        { partition: 1, start: 0, end: 2 }
      ])
      const unknown = await fixture.admin.ranges(never).catch((error: unknown) => error)
      expect(unknown).toBeInstanceOf(KafkaError)
      expect(unknown).toMatchObject({ code: 'TOPIC_UNKNOWN', retryable: false })
      const ends = await fixture.admin.logEnds([topic, never])
      expect(ends.toSorted((a, b) => a.partition - b.partition)).toEqual([
        { topic, partition: 0, start: 0, end: 0, highWatermark: 0 },
        { topic, partition: 1, start: 0, end: 2, highWatermark: 2 }
      ])
      expect(await fixture.admin.heldBack(ends)).toEqual([])
      expect(await fixture.admin.logEnds([])).toEqual([])
    })

    it('gives each topic an id, which it loses when it is deleted', async () => {
      const topic = await newTopic()
      const before = (await fixture.admin.topicIds([topic, newName()])).get(topic)
      expect(before).toMatch(/^[\w-]{22}$/)
      expect((await fixture.admin.allTopicIds()).get(topic)).toBe(before)
      await fixture.admin.deleteTopics([topic])
      await eventually(async () => !(await fixture.admin.topics()).has(topic), { what: 'the topic is gone' })
      expect(await fixture.admin.topicIds([topic])).toEqual(new Map())
      await fixture.admin.createTopics([spec(topic)])
      expect((await fixture.admin.topicIds([topic])).get(topic)).not.toBe(before)
    })

    it('reads settings of topics as they are in effect', async () => {
      const [one, other] = [await newTopic(1, { 'retention.ms': '1234567' }), await newTopic()]
      const found = await fixture.admin.topicConfigs([one, other], ['retention.ms', 'cleanup.policy'])
      expect(found.get(one)).toEqual(new Map(Object.entries({ 'retention.ms': '1234567', 'cleanup.policy': 'delete' })))
      expect(found.get(other)?.get('cleanup.policy')).toBe('delete')
    })

    it('answers for the cluster, and for groups without members', async () => {
      await expect(fixture.admin.ping()).resolves.toBeUndefined()
      expect(await fixture.admin.brokers()).toBe(1)
      const group = newName()
      expect(await fixture.admin.describeGroup(group)).toEqual({ state: 'Dead', protocol: '', members: [] })
      expect(await fixture.admin.groupMembers(group)).toBe(0)
      expect(await fixture.admin.groupOffsets(group)).toEqual(new Map())
      // Without access control nothing is hidden: what is not listed does not exist.
      expect(await fixture.admin.hiddenTopics([newName()])).toEqual([])
    })

    it('says what this client may do with topics: without access control, everything', async () => {
      const topic = await newTopic()
      const allowed = await fixture.admin.operations([topic, newName()])
      expect([...allowed.keys()]).toEqual([topic])
      expect([...(allowed.get(topic) ?? [])].sort()).toEqual(
        ['READ', 'WRITE', 'CREATE', 'DELETE', 'ALTER', 'DESCRIBE', 'DESCRIBE_CONFIGS'].sort()
      )
      expect(await fixture.admin.operations([])).toEqual(new Map())
    })

    it('says what Kafka refused, by the name of the protocol', async () => {
      const refused = fixture.admin.createTopics([{ ...spec(newName()), replicationFactor: 99 }])
      await expect(refused).rejects.toBeInstanceOf(KafkaError)
      await expect(refused).rejects.toMatchObject({
        code: 'KAFKA_REFUSED',
        retryable: false,
        protocolError: 'INVALID_REPLICATION_FACTOR'
      })
    })

    it('is not connected where no broker is', async () => {
      const nowhere = create({ brokers: ['127.0.0.1:1'], requestTimeoutMs: 2_000 })
      for (const connect of [nowhere.connectAdmin, nowhere.connectSender]) {
        const failure = await connect().catch((error: unknown) => error)
        expect(failure).toBeInstanceOf(KafkaError)
        expect(failure).toMatchObject({ code: 'KAFKA_UNAVAILABLE', retryable: true })
      }
    })

    it('as a line it connects when it is asked, survives a topic that is gone, and ends with its close', async () => {
      const [gone, kept] = [await newTopic(), await newTopic()]
      const line = client.named({ clientId: 'conformance-line' }).adminLine()
      expect(await line.ask(admin => admin.ranges(gone))).toHaveLength(1)
      await fixture.admin.deleteTopics([gone])
      expect(await line.ask(admin => admin.ranges(kept))).toHaveLength(1)
      await expect(line.ask(admin => admin.ranges(gone))).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' })
      expect(await line.ask(admin => admin.ranges(kept))).toHaveLength(1)
      expect(await line.heldBackWords([kept])).toEqual([])
      await line.close()
      await expect(line.ask(admin => admin.topics())).rejects.toMatchObject({ code: 'KAFKA_UNAVAILABLE' })
    })
  })
}
