import { backoffMs, isDefect, type Logger, pause, retry, safeError } from '../core/index.ts'
import { KafkaError, SendError } from './errors.ts'
import { type Supersedes, TableRows } from './table-rows.ts'
import type { KafkaClient, LogPage, LogReader, Sender, TopicPartition, TopicSpec } from './types/index.ts'
import { keyOf } from './types/index.ts'

export interface TopicTableOptions {
  /** Under the name that brokers see. The table makes connections of its own and closes them. */
  readonly client: KafkaClient
  /** Of one partition, and compacted: {@link compactedTopic}. */
  readonly topic: string
  readonly log: Logger
  /** Which of two rows of a key counts, where that is not the one that is later in the log. */
  readonly supersedes?: Supersedes
  /** The topic cannot be read, for another reason than before: `TOPIC_UNKNOWN`, `NOT_AUTHORIZED`, `KAFKA_UNAVAILABLE` … */
  readonly onFault?: (fault: KafkaError) => void
  /** ms for which a broker may hold back its answer while there is nothing new. Default 10,000. */
  readonly maxWaitMs?: number
}

/** Why the first look at a topic ended. */
export type FirstLook = 'read' | 'missing' | 'refused' | 'closed'

/** By key; undefined where it was deleted. */
export type TableChanges = ReadonlyMap<string, Buffer | undefined>

/** How a topic of a table is made. @param replicationFactor -1: the broker's default */
export const compactedTopic = (topic: string, replicationFactor = -1): TopicSpec => ({
  topic,
  partitions: 1,
  replicationFactor,
  config: {
    'cleanup.policy': 'compact',
    // Only closed segments are compacted, and who opens the table reads all there is.
    'segment.ms': String(3_600_000),
    'segment.bytes': String(16 * 1024 * 1024),
    'min.cleanable.dirty.ratio': '0.1',
    // A reader that is away for less than this hears of each key that was deleted.
    'delete.retention.ms': String(7 * 24 * 3_600_000)
  }
})

const retryPauses = { initialMs: 200, maxMs: 30_000 }
const writeDeadlineMs = 30_000
const pageBytes = 4 * 1024 * 1024

/**
 * A compacted topic of one partition as a map. It is read to its end, then followed: what others write is here within
 * milliseconds. While the topic is missing, hidden or unreachable the map stays as it was, and the topic is looked for
 * again; one that was deleted and made again is read from its start, and then replaces the map at once.
 *
 * reading → (its end) → following → (fault) → away → (page) → following; away → (made again) → reading; → closed
 */
export class TopicTable {
  readonly #options: TopicTableOptions
  readonly #source: TopicPartition
  readonly #reader: LogReader
  readonly #rows: TableRows
  readonly #closing = new AbortController()
  readonly #first = Promise.withResolvers<FirstLook>()
  readonly #listeners = new Set<(changes: TableChanges) => void>()
  readonly #waiting = new Set<{ readonly end: number; readonly over: PromiseWithResolvers<void> }>()
  readonly #following: Promise<void>
  #next: number | undefined
  #topicId: string | undefined
  #fault: KafkaError | undefined
  #sender: Promise<Sender> | undefined
  #lastWrite: Promise<unknown> = Promise.resolve()

  /** Begins to read at once. */
  constructor(options: TopicTableOptions) {
    this.#options = options
    this.#rows = new TableRows(options.supersedes)
    this.#source = { topic: options.topic, partition: 0 }
    this.#reader = options.client.logReader()
    this.#following = this.#follow()
  }

  /**
   * Resolves once the topic was read to its end, does not exist, or Kafka does not let this client read it. An
   * unreachable Kafka is waited for. Never rejects.
   */
  get ready(): Promise<FirstLook> {
    return this.#first.promise
  }

  /** Why the topic cannot be read at the moment. */
  get fault(): KafkaError | undefined {
    return this.#fault
  }

  get(key: string): Buffer | undefined {
    return this.#rows.current.get(key)
  }

  entries(): ReadonlyMap<string, Buffer> {
    return this.#rows.current
  }

  /** Keys of which the last record in the log does not count: compaction will leave that one alone. */
  get outdated(): ReadonlySet<string> {
    return this.#rows.outdated
  }

  /**
   * @param listener called with what each read brought, the first one included; also with rows that have become
   *   {@link outdated}. @returns what ends it
   */
  onChange(listener: (changes: TableChanges) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Resolves once all that was in the topic at the time of the call is in the map.
   * @throws KafkaError where the topic cannot be read
   */
  async refresh(): Promise<void> {
    const ends = await this.#reader.offsetsAt([this.#source], 'end')
    const end = ends.get(keyOf(this.#source)) ?? 0
    if (!this.#rows.isBuilding && (this.#next ?? 0) >= end) return
    const over = Promise.withResolvers<void>()
    const waiting = { end, over }
    this.#waiting.add(waiting)
    await over.promise.finally(() => this.#waiting.delete(waiting))
  }

  /**
   * Writes a row; resolves once all in-sync replicas have it and it is in the map. One write goes after the other, and is
   * tried again for 30 s: after an error it may be there anyway.
   * @throws SendError
   */
  put(key: string, value: Buffer): Promise<void> {
    return this.#write(key, value)
  }

  /** The same for a row that is to go. @throws SendError */
  delete(key: string): Promise<void> {
    return this.#write(key, undefined)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#first.resolve('closed')
    const sender = this.#sender?.then(open => open.close()).catch(() => undefined)
    await Promise.all([this.#reader.close(), sender, this.#following])
    for (const { over } of this.#waiting) over.reject(new KafkaError('KAFKA_UNAVAILABLE', 'the table was closed'))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing
    // Not `retry()`: it never ends, and each page that comes starts the back-off again.
    for (let failures = 0; !signal.aborted; ) {
      try {
        this.#take(await this.#page())
        failures = 0
      } catch (error) {
        if (signal.aborted) return
        failures += 1
        this.#noteFault(error)
        await pause(backoffMs(failures, retryPauses), signal)
      }
    }
  }

  async #page(): Promise<LogPage> {
    if (this.#next === undefined) {
      const starts = await this.#reader.offsetsAt([this.#source], 'start')
      this.#next = starts.get(keyOf(this.#source)) ?? 0
      this.#rows.rebuild()
    }
    const { maxWaitMs = 10_000 } = this.#options
    return this.#reader.page(this.#source, this.#next, {
      maxBytes: pageBytes,
      maxWaitMs: this.#rows.isBuilding ? 0 : maxWaitMs
    })
  }

  #take(page: LogPage): void {
    const { records, next, end, topicId } = page
    this.#fault = undefined
    if (this.#topicId !== undefined && topicId !== this.#topicId) {
      this.#startOver(topicId)
      return
    }
    this.#topicId = topicId
    this.#next = next
    const changes = this.#rows.take(records, next)
    if (this.#rows.isBuilding && next >= end) for (const [key, value] of this.#rows.finish()) changes.set(key, value)
    this.#tell(changes)
    if (this.#rows.isBuilding) return
    this.#first.resolve('read')
    for (const { end: wanted, over } of this.#waiting) if (next >= wanted) over.resolve()
  }

  #startOver(topicId: string | undefined): void {
    this.#topicId = topicId
    this.#next = undefined
  }

  #noteFault(thrown: unknown): void {
    if (isDefect(thrown)) this.#options.log.error({ err: safeError(thrown) }, 'a table could not take what was read')
    const fault = thrown instanceof KafkaError ? thrown : new KafkaError('CLIENT_FAILED', 'reading a table', thrown)
    const before = this.#fault
    this.#fault = fault
    // Another log has the name now, or retention removed what was to come: it is read from its start.
    if (fault.code === 'OFFSET_OUT_OF_RANGE') this.#startOver(undefined)
    if (fault.code === 'TOPIC_UNKNOWN') this.#first.resolve('missing')
    if (fault.code === 'NOT_AUTHORIZED') this.#first.resolve('refused')
    for (const { over } of this.#waiting) over.reject(fault)
    if (before?.code !== fault.code) this.#options.onFault?.(fault)
  }

  #tell(changes: TableChanges): void {
    if (changes.size === 0) return
    for (const listener of this.#listeners) {
      try {
        listener(changes)
      } catch (error) {
        this.#options.log.error({ err: safeError(error) }, 'a listener of a table failed')
      }
    }
  }

  #write(key: string, value: Buffer | undefined): Promise<void> {
    const written = this.#lastWrite.then(async () => {
      const offset = await retry(() => this.#send(key, value ?? null), {
        deadlineMs: writeDeadlineMs,
        signal: this.#closing.signal,
        retryable: error => error instanceof SendError && error.retryable
      })
      if (this.#rows.wrote(key, value, offset)) this.#tell(new Map([[key, value]]))
    })
    this.#lastWrite = written.catch(() => undefined)
    return written
  }

  async #send(key: string, value: Buffer | null): Promise<number> {
    if (this.#closing.signal.aborted) throw new SendError('KAFKA_UNAVAILABLE', 'the table was closed', { sent: false })
    const sender = await this.#connectedSender()
    const [result] = await sender.send([{ topic: this.#options.topic, partition: 0, records: [{ key, value }] }])
    if (result && !('error' in result)) return result.baseOffset
    sender.renew()
    throw result?.error ?? new SendError('KAFKA_UNAVAILABLE', 'Kafka did not answer', { sent: true })
  }

  async #connectedSender(): Promise<Sender> {
    this.#sender ??= this.#options.client.connectSender()
    const connecting = this.#sender
    try {
      return await connecting
    } catch (error) {
      if (this.#sender === connecting) this.#sender = undefined
      if (!(error instanceof KafkaError)) throw error
      const { message, retryable, right } = error
      const code = error.code === 'NOT_AUTHORIZED' ? 'NOT_AUTHORIZED' : 'KAFKA_UNAVAILABLE'
      throw new SendError(code, message, { sent: false, cause: error, retryable, ...(right && { right }) })
    }
  }
}
