import type { Consumer } from 'kafkajs'
import { afterAll } from 'vitest'
import { keyOf } from '../../../../kafka/index.ts'
import { groupTopics } from '../../../../operations/index.ts'
import type { TestTrail } from '../../../support/trail.ts'

/** A dead letter as a group writes it. */
export interface WrittenLetter {
  readonly eventName: string
  readonly sourceOffset: number
  readonly key: string
  readonly value: Buffer | null
  readonly headers?: Readonly<Record<string, string>>
}

/** A record of the redrive topic. */
export interface RedrivenRecord {
  readonly partition: number
  readonly offset: number
  readonly key: string | undefined
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, string>>
}

const partitions = 6

/** The topics of a group, and something in place of its members: it reads the redrive topic with the offsets of the group. */
export async function letterGroup(trail: TestTrail, group: string) {
  const topics = groupTopics({ topicPrefix: trail.topicPrefix, group })
  const makeTopics = async () => {
    await trail.admin.createTopics([
      { topic: topics.deadLetters, partitions: 1, replicationFactor: 1, config: {} },
      { topic: topics.redrive, partitions, replicationFactor: 1, config: {} }
    ])
  }
  await makeTopics()
  const producer = trail.kafka.kafka.producer({ idempotent: true })
  await producer.connect()
  afterAll(() => producer.disconnect())
  const reader = trail.kafka.logReader()
  afterAll(() => reader.close())

  const lettersOf = (letters: readonly WrittenLetter[]) =>
    letters.map(({ eventName, sourceOffset, key, value, headers }) => ({
      key,
      value,
      headers: {
        source: 'a-service',
        'dead-letter-group': topics.groupId,
        'dead-letter-topic': trail.topicPrefix + eventName,
        'dead-letter-partition': '0',
        'dead-letter-offset': String(sourceOffset),
        'dead-letter-code': 'ECONNRESET',
        'dead-letter-attempts': '5',
        ...headers
      }
    }))
  const write = async (letters: readonly WrittenLetter[]): Promise<void> => {
    for (let from = 0; from < letters.length; from += 500)
      await producer.send({
        topic: topics.deadLetters,
        acks: -1,
        messages: lettersOf(letters.slice(from, from + 500))
      })
  }

  const redriven = async (): Promise<RedrivenRecord[]> => {
    const sources = Array.from({ length: partitions }, (_, partition) => ({ topic: topics.redrive, partition }))
    const ends = await reader.offsetsAt(sources, 'end')
    const found: RedrivenRecord[] = []
    for (const source of sources)
      for (let next = 0; next < (ends.get(keyOf(source)) ?? 0); ) {
        const page = await reader.page(source, next)
        for (const { offset, key, value, headers } of page.records)
          found.push({
            partition: source.partition,
            offset,
            key: key?.toString(),
            value,
            headers: Object.fromEntries(headers.map(([name, bytes]) => [name, bytes?.toString() ?? '']))
          })
        next = page.next
      }
    return found
  }

  /**
   * Handles what is redriven until the test file ends.
   * @param fails which of it fails again: it becomes a new letter, before its offset is committed
   */
  const handle = async (fails: (record: RedrivenRecord) => boolean = () => false) => {
    const handled: RedrivenRecord[] = []
    const consumer: Consumer = trail.kafka.kafka.consumer({ groupId: topics.groupId, sessionTimeout: 10_000 })
    await consumer.connect()
    await consumer.subscribe({ topic: topics.redrive, fromBeginning: true })
    const running = { stop: () => consumer.disconnect() }
    afterAll(running.stop)
    await consumer.run({
      eachMessage: async ({ partition, message }) => {
        const headers = Object.fromEntries(
          Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value ?? '')])
        )
        const { key, value } = message
        const record = { partition, offset: Number(message.offset), key: key?.toString(), value, headers }
        if (fails(record))
          await producer.send({
            topic: topics.deadLetters,
            acks: -1,
            messages: [{ key, value, headers: { ...headers, 'dead-letter-code': 'STILL_WRONG' } }]
          })
        else handled.push(record)
      }
    })
    return { handled, ...running }
  }

  return { ...topics, group, write, redriven, handle, makeTopics }
}
