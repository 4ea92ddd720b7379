import { describe, expect, it } from 'vitest'
import { type HeaderList, headersByName, SendError } from '../../../kafka/index.ts'
import { eventually } from '../../support/stack.ts'
import { type KafkaFixture, textRecord, textsOf } from './under-test.ts'

export function senderConformance(fixture: KafkaFixture): void {
  const { newName, newTopic, sendOne, sendAll, start } = fixture

  describe('its sender', () => {
    it('answers each batch with the offset of its first record, in the order of the batches', async () => {
      const [one, other] = [await newTopic(2), await newTopic()]
      const batch = (topic: string, partition: number, ...values: string[]) => ({
        topic,
        partition,
        records: values.map(textRecord)
      })
      const first = await fixture.sender.send([batch(one, 1, 'a', 'b'), batch(other, 0, 'c'), batch(one, 0, 'd')])
      expect(first).toEqual([{ baseOffset: 0 }, { baseOffset: 0 }, { baseOffset: 0 }])
      const second = await fixture.sender.send([batch(other, 0, 'e'), batch(one, 1, 'f')])
      expect(second).toEqual([{ baseOffset: 1 }, { baseOffset: 2 }])
      expect((await fixture.admin.ranges(one)).map(({ end }) => end)).toEqual([1, 3])
    })

    it('keeps the order of a partition, keys, values and nulls', async () => {
      const topic = await newTopic()
      const bytes = Buffer.from([0, 255, 128])
      const records = [
        { key: 'text', value: Buffer.from('Grüße') },
        { key: bytes, value: bytes },
        { key: 'tombstone', value: null },
        { key: null, value: Buffer.alloc(0) }
      ]
      await fixture.sender.send([{ topic, partition: 0, records }])
      const member = start(topic)
      await eventually(() => member.records.length === records.length, { what: 'all records are read' })
      expect(member.records.map(({ offset }) => offset)).toEqual([0, 1, 2, 3])
      expect(member.records.map(({ key, value }) => ({ key, value }))).toEqual(
        records.map(({ key, value }) => ({ key: typeof key === 'string' ? Buffer.from(key) : key, value }))
      )
    })

    it('sends headers by name, and as a list with its order, names that repeat and nulls', async () => {
      const topic = await newTopic()
      const list: HeaderList = [
        ['b', 'one'],
        ['__proto__', Buffer.from([1, 2])],
        ['b', null],
        ['', 'no name'],
        ['a', '']
      ]
      const value = Buffer.from('v')
      const byName = { trace: 'abc', many: ['x', Buffer.from('y')] }
      await fixture.sender.send([
        {
          topic,
          partition: 0,
          records: [
            { key: null, value, headers: byName },
            { key: null, value, headers: list },
            { key: null, value }
          ]
        }
      ])
      const member = start(topic)
      await eventually(() => member.records.length === 3, { what: 'all records are read' })
      const [named, listed, none] = member.records.map(({ headers }) => headers)
      expect({ ...headersByName(named ?? []) }).toEqual({
        trace: Buffer.from('abc'),
        many: [Buffer.from('x'), Buffer.from('y')]
      })
      expect(listed).toEqual(list.map(([name, each]) => [name, typeof each === 'string' ? Buffer.from(each) : each]))
      expect(none).toEqual([])
    })

    it('knows partitions and leaders of topics that it was asked about', async () => {
      const topic = await newTopic(3)
      expect([fixture.sender.knownPartitions(topic), fixture.sender.leaderOf(topic, 0)]).toEqual([undefined, -1])
      expect(await fixture.sender.partitionsOf(topic)).toBe(3)
      expect(fixture.sender.knownPartitions(topic)).toBe(3)
      expect(fixture.sender.leaderOf(topic, 2)).toBeGreaterThanOrEqual(0)
      await expect(fixture.sender.partitionsOf(newName())).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' })
    })

    it('refuses a topic that does not exist, creates none, and stores the other batches of the call', async () => {
      const [topic, never] = [await newTopic(), newName()]
      const results = await fixture.sender.send(
        [never, topic].map(each => ({ topic: each, partition: 0, records: [textRecord('a')] }))
      )
      expect(results).toEqual([{ error: expect.any(SendError) }, { baseOffset: 0 }])
      expect(results[0]).toMatchObject({ error: { code: 'TOPIC_UNKNOWN', retryable: false, sent: false } })
      expect((await fixture.admin.topics()).has(never)).toBe(false)
      expect(await sendOne(topic, 'b')).toEqual({ baseOffset: 1 })
    })

    it('says which batch is too large for its topic, and stores its neighbours', async () => {
      const [small, topic] = [await newTopic(1, { 'max.message.bytes': '1000' }), await newTopic()]
      const results = await fixture.sender.send([
        { topic: small, partition: 0, records: [textRecord('x'.repeat(2_000))] },
        { topic, partition: 0, records: [textRecord('a')] }
      ])
      expect(results[0]).toMatchObject({ error: { code: 'RECORDS_TOO_LARGE', retryable: false } })
      expect(results[1]).toEqual({ baseOffset: 0 })
      fixture.sender.renew()
      expect(await sendOne(small, 'short')).toEqual({ baseOffset: 0 })
    })

    it('says just before a batch can leave, once for each, and lets the caller hold it back', async () => {
      const topic = await newTopic(2)
      const batches = [0, 1].map(partition => ({
        topic,
        partition,
        records: ['a', 'b'].map(textRecord)
      }))
      const leaving: number[] = []
      await fixture.sender.send(batches, index => void leaving.push(index))
      expect(leaving.toSorted()).toEqual([0, 1])
      const held = await fixture.sender.send(batches, () => {
        throw new Error('not yet')
      })
      for (const result of held) expect(result).toMatchObject({ error: { sent: false } })
      expect((await fixture.admin.ranges(topic)).map(({ end }) => end)).toEqual([2, 2])
      expect(await sendOne(topic, 'c')).toEqual({ baseOffset: 2 })
    })

    it('sends to other topics after one is gone that it has sent to', async () => {
      const [gone, kept] = [await newTopic(), await newTopic()]
      await sendAll(gone, ['a'])
      await sendAll(kept, ['a'])
      await fixture.admin.deleteTopics([gone])
      await eventually(async () => !(await fixture.admin.topics()).has(gone), { what: 'the topic is gone' })
      // A new one, so that it has to look at the metadata.
      await sendAll(await newTopic(), ['b'])
      await sendAll(kept, ['b'])
      expect(await fixture.admin.ranges(kept)).toMatchObject([{ end: 2 }])
    })

    it('continues as a new producer after it was renewed', async () => {
      const topic = await newTopic()
      await sendAll(topic, ['a'])
      fixture.sender.renew()
      await sendAll(topic, ['b', 'c'])
      const member = start(topic)
      await eventually(() => member.records.length === 3, { what: 'all records are read' })
      expect(textsOf(member.records)).toEqual(['a', 'b', 'c'])
    })
  })
}
