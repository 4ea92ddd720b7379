import kafkajs from 'kafkajs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { KafkaError, keyOf, type LogReader } from '../../../kafka/index.ts'
import { eventually } from '../../support/stack.ts'
import { type KafkaFixture, textsOf } from './under-test.ts'

export function logReaderConformance(fixture: KafkaFixture): void {
  const { client, newName, newTopic, sendAll, sendOne } = fixture
  const open = (): LogReader => {
    const reader = client.logReader()
    onTestFinished(() => reader.close())
    return reader
  }

  describe('its log reader', () => {
    it('reads pages from an offset on, and says where the next one begins and where the log ends', async () => {
      const topic = await newTopic(2)
      await sendAll(topic, ['a', 'b', 'c', 'd'], 1)
      const reader = open()
      const first = await reader.page({ topic, partition: 1 }, 1, { maxRecords: 2 })
      expect(textsOf(first.records)).toEqual(['b', 'c'])
      expect(first).toMatchObject({ next: 3, start: 0, end: 4, unreadable: [] })
      expect(first.topicId).toBe((await fixture.admin.topicIds([topic])).get(topic))
      const second = await reader.page({ topic, partition: 1 }, first.next)
      expect([textsOf(second.records), second.next]).toEqual([['d'], 4])
      expect(await reader.page({ topic, partition: 1 }, 4)).toMatchObject({ records: [], next: 4 })
    })

    it('finds the offsets of times; past the newest record that is the end', async () => {
      const topic = await newTopic(2)
      const from = new Date()
      await sendAll(topic, ['a', 'b'], 0)
      const reader = open()
      const { records } = await reader.page({ topic, partition: 0 }, 1)
      const sources = [0, 1].map(partition => ({ topic, partition }))
      const [one, other] = sources.map(keyOf) as [string, string]
      const at = async (time: 'start' | 'end' | Date) => {
        const found = await reader.offsetsAt(sources, time)
        return [found.get(one), found.get(other)]
      }
      expect(await at('start')).toEqual([0, 0])
      expect(await at('end')).toEqual([2, 0])
      expect(await at(from)).toEqual([0, 0])
      expect((await at(new Date(records[0]?.timestamp ?? 0)))[0]).toBeLessThanOrEqual(1)
      expect(await at(new Date(Date.now() + 3_600_000))).toEqual([2, 0])
      expect(await reader.offsetsAt([], 'end')).toEqual(new Map())
    })

    it('waits for a record that comes, and is cut off when it is closed', async () => {
      const topic = await newTopic()
      const reader = open()
      const waits = reader.page({ topic, partition: 0 }, 0, { maxWaitMs: 60_000 })
      await sendAll(topic, ['a'])
      expect(textsOf((await waits).records)).toEqual(['a'])
      const waitsAgain = reader.page({ topic, partition: 0 }, 1, { maxWaitMs: 60_000 })
      const ended = waitsAgain.catch((error: unknown) => error)
      await reader.close()
      expect(await ended).toMatchObject({ code: 'KAFKA_UNAVAILABLE' })
      await expect(reader.page({ topic, partition: 0 }, 0)).rejects.toMatchObject({ code: 'KAFKA_UNAVAILABLE' })
    })

    it('keeps headers that repeat, in their order', async () => {
      const topic = await newTopic()
      const headers = [
        ['h', '1'],
        ['other', null],
        ['h', '2']
      ] as const
      await fixture.sender.send([{ topic, partition: 0, records: [{ key: null, value: null, headers }] }])
      const { records } = await open().page({ topic, partition: 0 }, 0)
      expect(records[0]?.headers.map(([name, value]) => [name, value === null ? null : String(value)])).toEqual(headers)
    })

    it('says that an offset is out of the log, and that a topic or a partition does not exist', async () => {
      const topic = await newTopic()
      const reader = open()
      await expect(reader.page({ topic, partition: 0 }, 5)).rejects.toMatchObject({
        code: 'OFFSET_OUT_OF_RANGE',
        message: expect.stringContaining(`${topic}/0`)
      })
      for (const source of [
        { topic, partition: 1 },
        { topic: newName(), partition: 0 }
      ]) {
        const unknown = await reader.page(source, 0).catch((error: unknown) => error)
        expect(unknown).toBeInstanceOf(KafkaError)
        expect(unknown).toMatchObject({ code: 'TOPIC_UNKNOWN', retryable: false })
        await expect(reader.offsetsAt([source], 'end')).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' })
      }
      await sendOne(topic, 'a')
      expect(textsOf((await reader.page({ topic, partition: 0 }, 0)).records)).toEqual(['a'])
    })

    it('notices a topic that is deleted under a wait, and its next life by another id', async () => {
      const topic = await newTopic()
      await sendAll(topic, ['a'])
      const reader = open()
      const { topicId } = await reader.page({ topic, partition: 0 }, 0)
      const waits = reader.page({ topic, partition: 0 }, 1, { maxWaitMs: 60_000 }).catch((error: unknown) => error)
      await fixture.admin.deleteTopics([topic])
      expect(await waits).toBeInstanceOf(KafkaError)
      await fixture.admin.createTopics([{ topic, partitions: 1, replicationFactor: 1, config: {} }])
      await sendAll(topic, ['b'])
      const page = await eventually(() => reader.page({ topic, partition: 0 }, 0), { what: 'the new topic is read' })
      expect(textsOf(page.records)).toEqual(['b'])
      expect(page.topicId).not.toBe(topicId)
    })

    it('leaves out what was aborted, and shows nothing past an open transaction', async () => {
      const topic = await newTopic()
      const producer = new kafkajs.Kafka({
        brokers: [...client.brokers],
        logLevel: kafkajs.logLevel.NOTHING
      }).producer({ transactionalId: `${topic}.tx`, idempotent: true, maxInFlightRequests: 1 })
      await producer.connect()
      onTestFinished(() => producer.disconnect())
      const aborted = await producer.transaction()
      await aborted.send({ topic, messages: [{ value: 'aborted' }] })
      await aborted.abort()
      await sendAll(topic, ['a'])
      const pending = await producer.transaction()
      await pending.send({ topic, messages: [{ value: 'open' }] })
      await sendAll(topic, ['b'])
      const reader = open()
      const first = await reader.page({ topic, partition: 0 }, 0)
      expect(textsOf(first.records)).toEqual(['a'])
      expect(first.next).toBe(first.end)
      await pending.commit()
      const rest = await eventually(
        async () => {
          const page = await reader.page({ topic, partition: 0 }, first.next)
          return page.records.length === 2 && page
        },
        { what: 'what waited for the transaction' }
      )
      expect(textsOf(rest.records)).toEqual(['open', 'b'])
    })
  })
}
