import type { Admin, Message, RecordMetadata } from 'kafkajs'
import { onlyOnce } from '../../core/index.ts'
import { SendError } from '../errors.ts'
import type { Right } from '../rights.ts'
import type { HeaderList, HeadersByName, PartitionBatch, Sender, SendResult } from '../types/index.ts'
import { protocolErrorOf, toSendError } from './errors.ts'
import { connectIncarnation, disconnect, type Incarnation, watched } from './incarnation.ts'
import { headersForKafkajs } from './outgoing-headers.ts'
import { TopicBook } from './topic-book.ts'
import type { KafkajsParts } from './types.ts'

/** @throws KafkaError `KAFKA_UNAVAILABLE`, `KAFKA_AUTHENTICATION`, `NOT_AUTHORIZED` where it may write to no topic */
export async function connectSender(client: KafkajsParts): Promise<Sender> {
  const sender = new KafkaSender(client)
  try {
    await sender.connect()
    client.explaining.answered()
    return sender
  } catch (error) {
    await sender.close()
    throw await client.explaining.explain(error, `connecting to ${client.brokers.join(', ')}`, [writeOn(client)])
  }
}

interface IndexedBatch {
  readonly batch: PartitionBatch
  readonly index: number
}

class KafkaSender implements Sender {
  readonly #client: KafkajsParts
  readonly #admin: Admin
  readonly #book: TopicBook
  #incarnation: Promise<Incarnation> | undefined
  readonly #end = onlyOnce(async () => {
    const connected = this.#incarnation?.catch(() => undefined)
    const producer = { disconnect: async () => (await connected)?.producer.disconnect() }
    await Promise.all([disconnect(producer), disconnect(this.#admin)])
  })

  constructor(client: KafkajsParts) {
    this.#client = client
    this.#admin = client.kafka.admin()
    this.#book = new TopicBook(this.#admin, topic => writeOn(client, topic))
  }

  async connect(): Promise<void> {
    await this.#admin.connect()
    await this.#connected()
  }

  partitionsOf(topic: string): Promise<number> {
    return this.#book.partitionsOf(topic)
  }

  knownPartitions(topic: string): number | undefined {
    return this.#book.knownPartitions(topic)
  }

  leaderOf(topic: string, partition: number): number {
    return this.#book.leaderOf(topic, partition)
  }

  async send(
    batches: readonly PartitionBatch[],
    beforeLeaving: (index: number) => void = () => {}
  ): Promise<SendResult[]> {
    const results: SendResult[] = []
    const refused = await this.#freshen(batches)
    const sendable: IndexedBatch[] = []
    batches.forEach((batch, index) => {
      const error = refused.get(batch.topic)
      if (error) results[index] = { error }
      else sendable.push({ batch, index })
    })
    const groups = Map.groupBy(sendable, ({ batch }) => this.leaderOf(batch.topic, batch.partition))
    await Promise.all([...groups].map(([leader, group]) => this.#sendGroup(leader, group, results, beforeLeaving)))
    // kafkajs asks for a topic that is gone with every look at its metadata, which then fails for all topics.
    if (results.some(result => 'error' in result && result.error.code === 'TOPIC_UNKNOWN')) this.renew()
    return results
  }

  renew(): void {
    const old = this.#incarnation
    this.#incarnation = undefined
    old
      ?.then(incarnation => {
        incarnation.retired = true
        if (incarnation.inFlight === 0) return disconnect(incarnation.producer)
      })
      .catch(() => undefined)
  }

  close(): Promise<void> {
    return this.#end()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #sendGroup(
    leader: number,
    group: readonly IndexedBatch[],
    results: SendResult[],
    beforeLeaving: (index: number) => void
  ): Promise<void> {
    const outcome = await this.#request(leader, group, beforeLeaving)
    if (outcome instanceof Map) {
      for (const { batch, index } of group) {
        const baseOffset = outcome.get(`${batch.partition} ${batch.topic}`)
        results[index] =
          baseOffset === undefined
            ? { error: new SendError('KAFKA_UNAVAILABLE', 'Kafka did not answer for every partition', { sent: true }) }
            : { baseOffset }
      }
      return
    }
    // kafkajs does not say which partition a refusal is about, so each is tried by itself. The broker
    // recognises what it has stored already by its sequence numbers.
    if (!outcome.retryable && group.length > 1) {
      for (const one of group) await this.#sendGroup(leader, [one], results, beforeLeaving)
      return
    }
    for (const { index } of group) results[index] = { error: outcome }
  }

  /** One request to one broker: offsets by partition and topic, or the error. */
  async #request(
    leader: number,
    group: readonly IndexedBatch[],
    beforeLeaving: (index: number) => void
  ): Promise<Map<string, number> | SendError> {
    let sent = false
    const topicMessages = new Map<string, Message[]>()
    for (const { batch, index } of group) {
      // No request can have left before kafkajs took the first record of each batch to encode it.
      const onEncode = (): void => {
        beforeLeaving(index)
        sent = true
      }
      const messages = topicMessages.get(batch.topic) ?? []
      topicMessages.set(batch.topic, messages)
      batch.records.forEach((record, position) => {
        const { key, value, headers } = record
        const message: Message = {
          key,
          value,
          partition: batch.partition,
          ...(headers && { headers: isList(headers) ? headersForKafkajs(headers) : headers })
        }
        messages.push(position > 0 ? message : watched(message, leader, onEncode))
      })
    }
    let incarnation: Incarnation | undefined
    try {
      if (leader < 0) throw new SendError('KAFKA_UNAVAILABLE', 'A partition has no leader', { sent: false })
      incarnation = await this.#connected()
      incarnation.inFlight += 1
      const answer = await incarnation.producer.sendBatch({
        acks: -1,
        topicMessages: [...topicMessages].map(([topic, messages]) => ({ topic, messages }))
      })
      return offsetsOf(answer)
    } catch (error) {
      return this.#explain(error, sent, [...topicMessages.keys()])
    } finally {
      if (incarnation) {
        incarnation.inFlight -= 1
        if (incarnation.retired && incarnation.inFlight === 0) void disconnect(incarnation.producer)
      }
    }
  }

  async #explain(thrown: unknown, sent: boolean, topics: readonly string[]): Promise<SendError> {
    this.#book.doubt(topics)
    const protocolError = protocolErrorOf(thrown)
    if (protocolError && lostSequence.has(protocolError)) this.renew()
    if (protocolError === hiddenTopic && !sent) return this.#explainHidden(thrown, topics)
    if (protocolError !== unknownTopic)
      return toSendError(
        thrown,
        sent,
        topics.map(topic => writeOn(this.#client, topic))
      )
    const gone = await Promise.all(topics.map(name => this.#book.isGone(name)))
    if (gone.includes(true))
      return new SendError('TOPIC_UNKNOWN', `Kafka has no topic ${topics[gone.indexOf(true)]}`, { sent, cause: thrown })
    // A broker does not know a new topic yet, or one is gone that was sent to before: kafkajs asks for all of them.
    if (!sent) this.renew()
    return new SendError('KAFKA_UNAVAILABLE', 'A broker does not know a topic', { sent, cause: thrown })
  }

  /** One topic is hidden that was seen before: kafkajs asks for all that it has sent to, and fails for each of them. */
  async #explainHidden(thrown: unknown, topics: readonly string[]): Promise<SendError> {
    this.renew()
    const hidden = await Promise.all(topics.map(name => this.#book.isHidden(name)))
    const name = topics[hidden.indexOf(true)]
    if (name !== undefined) return toSendError(thrown, false, [writeOn(this.#client, name)])
    return new SendError('KAFKA_UNAVAILABLE', 'Kafka hides a topic that was sent to before', {
      sent: false,
      cause: thrown
    })
  }

  #connected(): Promise<Incarnation> {
    if (!this.#incarnation) {
      const connecting = connectIncarnation(this.#client)
      this.#incarnation = connecting
      connecting.catch(() => {
        if (this.#incarnation === connecting) this.#incarnation = undefined
      })
    }
    return this.#incarnation
  }

  /** Looks again at topics of which nothing, or nothing new, is known; returns those that cannot be sent to. */
  async #freshen(batches: readonly PartitionBatch[]): Promise<Map<string, SendError>> {
    const stale = new Set<string>()
    for (const { topic } of batches) if (this.#book.isStale(topic)) stale.add(topic)
    const refused = new Map<string, SendError>()
    await Promise.all(
      [...stale].map(topic =>
        this.#book.lookUp(topic).catch((error: unknown) => {
          const sendError = toSendError(error, false)
          // Unreachable: what is known is good enough for a try; a wrong leader is noticed before anything leaves.
          if (!sendError.retryable) refused.set(topic, sendError)
        })
      )
    )
    return refused
  }
}

/** The right that sending needs; without a topic: on any. */
const writeOn = ({ principal }: KafkajsParts, name?: string): Right => ({
  operation: 'WRITE',
  resource: 'topic',
  name,
  principal
})

const isList = (headers: HeadersByName | HeaderList): headers is HeaderList => Array.isArray(headers)

const unknownTopic = 'UNKNOWN_TOPIC_OR_PARTITION'
const hiddenTopic = 'TOPIC_AUTHORIZATION_FAILED'
// Final for a producer id.
const lostSequence = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'DUPLICATE_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
  'PRODUCER_FENCED'
])

function offsetsOf(answer: readonly RecordMetadata[]): Map<string, number> {
  return new Map(
    answer.map(({ topicName, partition, baseOffset }) => [`${partition} ${topicName}`, Number(baseOffset)])
  )
}
