import { describe, expect, it } from 'vitest'
import type { KafkaRecord, RecordBatch, TopicLook } from '../../../kafka/index.ts'
import { eventually } from '../../support/stack.ts'
import { type KafkaFixture, textsOf } from './under-test.ts'

export function memberConformance(fixture: KafkaFixture): void {
  const { newName, newTopic, sendAll, start, assigned, committed } = fixture
  const has = (records: readonly KafkaRecord[], ...values: string[]) =>
    eventually(() => values.every(value => textsOf(records).includes(value)), { what: `${values} are read` })

  describe('its member of a group', () => {
    it('joins, reads each partition in order, commits, and leaves', async () => {
      const topic = await newTopic(2)
      await sendAll(topic, ['a0', 'a1', 'a2'], 0)
      await sendAll(topic, ['b0', 'b1'], 1)
      const member = start(topic)
      const { consumer, records } = member
      await assigned(member, topic, [0, 1])
      await has(records, 'a0', 'a1', 'a2', 'b0', 'b1')
      expect(textsOf(records).filter(text => text.startsWith('a'))).toEqual(['a0', 'a1', 'a2'])
      expect(textsOf(records).filter(text => text.startsWith('b'))).toEqual(['b0', 'b1'])
      await committed(topic, { 0: 3, 1: 2 })
      expect([consumer.state, consumer.topics, consumer.troubles]).toEqual(['consuming', [topic], []])
      expect(consumer.leaseMs).toBeGreaterThan(0)
      expect(consumer.vitals).toMatchObject({ awayMs: 0, dead: false, obstacle: undefined })
      expect(await fixture.admin.groupMembers(`${topic}.group`)).toBe(1)
      await consumer.stop()
      expect([consumer.state, await consumer.closed]).toEqual(['stopped', undefined])
      expect(await fixture.admin.groupMembers(`${topic}.group`)).toBe(0)
      await consumer.stop()
    })

    it('is described with what it says of itself, what it wants and what it has; its group is listed', async () => {
      const topic = await newTopic(2)
      const about = Buffer.from('{"host":"here"}')
      await assigned(start(topic, { about }), topic, [0, 1])
      const { state, members } = await fixture.admin.describeGroup(`${topic}.group`)
      expect(state).toBe('Stable')
      expect(members).toEqual([
        {
          clientId: 'conformance',
          host: expect.stringMatching(/^[\d.:a-f]+$/),
          about,
          topics: [topic],
          partitions: [
            { topic, partition: 0 },
            { topic, partition: 1 }
          ]
        }
      ])
      expect(await fixture.admin.groups()).toContainEqual({ group: `${topic}.group`, protocolType: 'consumer' })
    })

    it('a later member begins at what was committed, and where nothing was, at the start of the log', async () => {
      const topic = await newTopic(2)
      await sendAll(topic, ['a0', 'a1'], 0)
      const first = start(topic)
      await has(first.records, 'a0', 'a1')
      await committed(topic, { 0: 2 })
      await first.consumer.stop()
      await sendAll(topic, ['a2'], 0)
      await sendAll(topic, ['b0'], 1)
      const second = start(topic)
      await has(second.records, 'a2', 'b0')
      expect(textsOf(second.records).toSorted()).toEqual(['a2', 'b0'])
    })

    it('gives a batch again that was not resolved, and begins where a handler seeks', async () => {
      const topic = await newTopic()
      await sendAll(topic, ['a', 'b', 'c'])
      const seen: Pick<RecordBatch, 'fetchedOffset' | 'firstOffset' | 'lastOffset'>[] = []
      const member = start(topic, {
        onBatch: async ({ fetchedOffset, firstOffset, lastOffset }, control) => {
          seen.push({ fetchedOffset, firstOffset, lastOffset })
          if (seen.length === 1) return
          if (seen.length === 2) control.seek(1)
          else control.resolve(lastOffset)
        }
      })
      await eventually(() => seen.length >= 3, { what: 'it is delivered three times' })
      await member.consumer.stop()
      expect(seen.slice(0, 2).map(({ fetchedOffset }) => fetchedOffset)).toEqual([0, 0])
      expect(seen[2]).toMatchObject({ fetchedOffset: 1, firstOffset: 1, lastOffset: 2 })
    })

    it('begins again where a seek from outside leads', async () => {
      const topic = await newTopic()
      await sendAll(topic, ['a', 'b', 'c'])
      const { consumer, records } = start(topic)
      await has(records, 'a', 'b', 'c')
      await committed(topic, { 0: 3 })
      consumer.seek(topic, 0, 1)
      await eventually(() => records.length >= 5, { what: 'two records are read again' })
      expect(textsOf(records)).toEqual(['a', 'b', 'c', 'b', 'c'])
    })

    it('fetches nothing of a partition that is paused, while the others are read, until it is resumed', async () => {
      const topic = await newTopic(2)
      await sendAll(topic, ['a0'], 0)
      await sendAll(topic, ['b0'], 1)
      const member = start(topic)
      const { consumer, records } = member
      await has(records, 'a0', 'b0')
      consumer.pause(topic, 0)
      // A fetch that was under way may still bring it: what comes after a later record of the other one is paused.
      await sendAll(topic, ['b1'], 1)
      await has(records, 'b1')
      await sendAll(topic, ['a1'], 0)
      await sendAll(topic, ['b2', 'b3'], 1)
      await has(records, 'b2', 'b3')
      expect(textsOf(records)).not.toContain('a1')
      consumer.resume(topic, 0)
      await has(records, 'a1')
    })

    it('shares the partitions with other members, and takes theirs over where they left off', async () => {
      const topic = await newTopic(4)
      const one = start(topic)
      await assigned(one, topic, [0, 1, 2, 3])
      const other = start(topic)
      await eventually(
        () => {
          const [mine = [], theirs = []] = [one, other].map(({ assignments }) => assignments.at(-1)?.get(topic))
          const all = [...mine, ...theirs].toSorted()
          return mine.length === 2 && String(all) === '0,1,2,3'
        },
        { what: 'each has two of the four partitions' }
      )
      for (const partition of [0, 1, 2, 3]) await sendAll(topic, [`${partition}:0`], partition)
      await eventually(() => one.records.length + other.records.length === 4, { what: 'all four are read' })
      await committed(topic, { 0: 1, 1: 1, 2: 1, 3: 1 })
      await other.consumer.stop()
      await assigned(one, topic, [0, 1, 2, 3])
      for (const partition of [0, 1, 2, 3]) await sendAll(topic, [`${partition}:1`], partition)
      await has(one.records, '0:1', '1:1', '2:1', '3:1')
      const all = [...one.records, ...other.records]
      expect(textsOf(all).toSorted()).toEqual(['0:0', '0:1', '1:0', '1:1', '2:0', '2:1', '3:0', '3:1'])
    })

    it('waits for topics that do not exist, reads them once they do, and says when one is gone', async () => {
      const topic = newName()
      const looks: TopicLook[] = []
      const vanished: string[] = []
      const { consumer, records } = start(topic, {
        onLook: look => looks.push(look),
        onTopicsVanished: topics => vanished.push(...topics)
      })
      await eventually(() => consumer.state === 'waiting for topics', { what: 'it waits' })
      await eventually(() => looks.length > 0, { what: 'it has looked' })
      expect(looks.at(-1)).toMatchObject({ existing: [], missing: [topic], hidden: [] })
      await fixture.admin.createTopics([{ topic, partitions: 1, replicationFactor: 1, config: {} }])
      await sendAll(topic, ['a'])
      await has(records, 'a')
      const { existing, ids } = looks.at(-1) ?? {}
      expect([existing, ids?.get(topic)]).toEqual([[topic], (await fixture.admin.topicIds([topic])).get(topic)])
      await fixture.admin.deleteTopics([topic])
      await eventually(() => vanished.includes(topic), { what: 'it notices that the topic is gone' })
    })

    it('ends with the error of its handler', async () => {
      const topic = await newTopic()
      await sendAll(topic, ['a'])
      const failure = new Error('the handler failed')
      const { consumer } = start(topic, { onBatch: () => Promise.reject(failure) })
      expect(await consumer.closed).toBe(failure)
      expect(consumer.state).toBe('stopped')
    })

    it('commits nothing while it is in no group', async () => {
      const topic = await newTopic()
      const { consumer } = start(newName())
      await expect(consumer.commit([{ topic, partition: 0, offset: 1 }])).rejects.toMatchObject({
        code: 'KAFKA_UNAVAILABLE',
        retryable: true
      })
      await expect(consumer.commit([])).resolves.toBeUndefined()
    })

    it('does not join a group that has members of another kind, and says so', async () => {
      const topic = await newTopic()
      const first = start(topic, { protocol: 'one-kind' })
      await assigned(first, topic, [0])
      const other = start(topic, { protocol: 'other-kind' })
      const obstacle = await eventually(() => other.consumer.vitals.obstacle, { what: 'it names the obstacle' })
      expect(obstacle).toContain(`${topic}.group`)
      expect(other.assignments).toEqual([])
    })
  })
}
