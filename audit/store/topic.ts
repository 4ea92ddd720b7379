import {
  type KafkaClient,
  KafkaError,
  keyOf,
  type LogReader,
  SendError,
  type Sender,
  type TopicSpec
} from '../../kafka/index.ts'
import { AuditError } from '../errors.ts'
import { checkpointPath } from './log.ts'
import type { TileStore } from './store.ts'

/** The topic of the checkpoints of a prefix. The hyphen keeps it from being the topic of an event. */
export const checkpointTopicOf = (topicPrefix: string): string => `${topicPrefix}eventtrail-checkpoints`

/** Nothing of it is ever deleted or replaced: a few hundred bytes a checkpoint, and one for each round of the sealer at most. */
const topicOf = (topic: string): TopicSpec => ({
  ...{ topic, partitions: 1, replicationFactor: -1 },
  config: { 'cleanup.policy': 'delete', 'retention.ms': '-1' }
})

/** Checkpoints that are read of a topic: those of a day, where each round of the sealer has signed one. */
const mostRead = 10_000
const pageBytes = 4 * 1024 * 1024

export interface CheckpointTopicOptions {
  readonly client: KafkaClient
  readonly topic: string
}

/**
 * A topic of Kafka as a place that keeps checkpoints, one after the other, and no entries. What is in it can be held
 * against the log: who replaces the log in all other places cannot take back what was signed before.
 */
export class CheckpointTopic implements TileStore, AsyncDisposable {
  readonly checkpointsOnly = true
  readonly #client: KafkaClient
  readonly #topic: string
  readonly #reader: LogReader
  #sender: Promise<Sender> | undefined

  /** It connects when it is first asked. */
  constructor({ client, topic }: CheckpointTopicOptions) {
    this.#client = client
    this.#topic = topic
    this.#reader = client.logReader()
  }

  /** `kafka:<topic>` */
  get address(): string {
    return `kafka:${this.#topic}`
  }

  /**
   * Appends a checkpoint; all in-sync replicas have it once this resolves. The topic is created where it is missing.
   * @param path `checkpoint`: nothing else is kept here
   * @throws AuditError `STORE_UNAVAILABLE`, `STORE_REFUSED`
   */
  async put(path: string, bytes: Uint8Array): Promise<void> {
    if (path !== checkpointPath) throw new AuditError('STORE_REFUSED', 'A topic of Kafka keeps checkpoints alone')
    await asAuditError(this.#append(Buffer.from(bytes)))
  }

  /**
   * The newest checkpoint; of everything else, nothing.
   * @throws AuditError `STORE_UNAVAILABLE`, `STORE_REFUSED`
   */
  async get(path: string): Promise<Buffer | undefined> {
    return path === checkpointPath ? (await asAuditError(this.#read(1))).at(-1) : undefined
  }

  /**
   * The newest 10,000 signed checkpoints, oldest first, of which nothing is checked; none where there is no topic.
   * @throws AuditError `STORE_UNAVAILABLE`, `STORE_REFUSED`
   */
  async notes(): Promise<readonly string[]> {
    return (await asAuditError(this.#read(mostRead))).map(String)
  }

  async close(): Promise<void> {
    const sender = this.#sender?.then(open => open.close()).catch(() => undefined)
    await Promise.all([this.#reader.close(), sender])
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #append(value: Buffer): Promise<void> {
    this.#sender ??= this.#connect()
    const connecting = this.#sender
    const sender = await connecting.catch(error => {
      this.#sender = undefined
      throw error
    })
    const [result] = await sender.send([{ topic: this.#topic, partition: 0, records: [{ key: null, value }] }])
    if (result && !('error' in result)) return
    // Tried again it connects again, and finds out whether the topic is still there. Twice the same checkpoint does no harm.
    this.#sender = undefined
    await sender.close().catch(() => undefined)
    throw result?.error ?? new KafkaError('KAFKA_UNAVAILABLE', 'Kafka did not answer')
  }

  async #connect(): Promise<Sender> {
    await using admin = await this.#client.connectAdmin()
    await admin.createTopics([topicOf(this.#topic)])
    return await this.#client.connectSender()
  }

  async #read(most: number): Promise<Buffer[]> {
    const source = { topic: this.#topic, partition: 0 }
    const read: Buffer[] = []
    try {
      const at = async (time: 'start' | 'end') => (await this.#reader.offsetsAt([source], time)).get(keyOf(source)) ?? 0
      const [start, end] = [await at('start'), await at('end')]
      for (let next = Math.max(start, end - most); next < end; ) {
        const page = await this.#reader.page(source, next, { maxBytes: pageBytes })
        for (const { value } of page.records) if (value !== null) read.push(Buffer.from(value))
        if (page.next <= next) break
        next = page.next
      }
    } catch (error) {
      if (error instanceof KafkaError && error.code === 'TOPIC_UNKNOWN') return []
      throw error
    }
    return read
  }
}

const asAuditError = <T>(work: Promise<T>): Promise<T> =>
  work.catch(cause => {
    if (!(cause instanceof KafkaError || cause instanceof SendError)) throw cause
    throw cause.retryable
      ? new AuditError('STORE_UNAVAILABLE', `The topic of checkpoints cannot be reached (${cause.code})`, cause)
      : new AuditError('STORE_REFUSED', `The topic of checkpoints cannot be used (${cause.code})`, cause)
  })
