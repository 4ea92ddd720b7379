import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { safeError } from '../core/errors.ts'
import { CleanUps, type Handle, within } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import { AdminLine, createKafkaClient, type FetchLimits, GroupConsumer } from '../kafka/index.ts'
import { createRegistry } from '../schemas/index.ts'
import { Breaker } from './breaker.ts'
import { caughtUp } from './caught-up.ts'
import { requireTables, sessionPool, sinkSessions, unreachable } from './database.ts'
import { Discovery, type DiscoveryOptions } from './discovery.ts'
import { SinkError } from './errors.ts'
import { Intake } from './intake.ts'
import { Lanes } from './lanes.ts'
import { type CaughtUpOptions, type ResolvedSinkOptions, resolveOptions, type SinkOptions } from './options.ts'
import { keepPartitionsAhead } from './partitions.ts'
import { Positions } from './positions.ts'
import { regularly } from './regularly.ts'
import { SchemaBook } from './schema-book.ts'
import { type Batch, keyOf, type TopicPartition, type WriteResult } from './types.ts'

export type SinkState = 'idle' | 'running' | 'draining' | 'closed' | 'failed'

/** Counts since the start of this process. */
export interface SinkStats {
  readonly rows: number
  readonly batches: number
  readonly duplicates: number
  readonly quarantined: number
  /** Stretches that another sink had taken over. */
  readonly fenced: number
  /** Writes that were tried again. */
  readonly retries: number
  /** Rows handed over and not written yet. */
  readonly pending: number
}

const hintEveryMs = 1_000
const revisitMs = 2_000
const partitionsEveryMs = 3_600_000
// What a fetch brings stays in memory until it is stored; but it names every partition, so of many it is to bring more.
const fetchLimits = (topics: number): FetchLimits => ({
  maxBytesPerPartition: 512 * 1024,
  maxBytes: Math.min(Math.max(4, topics / 8), 16) * 1024 * 1024
})
/** Batches in hand at once: those that wait for a lane with room must not hold up those of another lane. */
const concurrency = 64

/**
 * The audit sink: writes every envelope of every topic of ours into Postgres, exactly once.
 *
 * idle → (start) → running → (drain) → draining → closed; running or draining → (close) → closed;
 * running → failed, when something shows that no retry can mend
 */
export class Sink implements Handle {
  readonly #options: ResolvedSinkOptions
  readonly #log: Logger
  readonly #pool: pg.Pool
  readonly #line: AdminLine
  readonly #discovery: Discovery
  readonly #positions: Positions
  readonly #intake: Intake
  readonly #consumer: GroupConsumer
  readonly #lanes: Lanes
  readonly #breaker: Breaker
  readonly #cleanUps = new CleanUps()
  readonly #hints = new Map<string, { topic: string; partition: number; offset: number }>()
  readonly #counts = { rows: 0, batches: 0, duplicates: 0, quarantined: 0, fenced: 0, retries: 0 }
  readonly closed: Promise<Error | undefined>
  readonly #resolveClosed: (reason: Error | undefined) => void
  #state: SinkState = 'idle'
  #starting: Promise<void> | undefined
  #ending: Promise<void> | undefined
  #failure: Error | undefined

  constructor(options: SinkOptions) {
    this.#options = resolveOptions(options)
    const { databaseUrl, group, topicPrefix, eventNames, log, registryUrl, brokers, security } = this.#options
    this.#log = log.child({ part: 'sink', group })
    const applicationName = `${sinkSessions}/${randomBytes(4).toString('hex')}`
    this.#pool = sessionPool(databaseUrl, { applicationName })
    const client = createKafkaClient({ brokers, clientId: 'eventtrail-sink', security, log: this.#log })
    const registry = createRegistry({ url: registryUrl, log: this.#log })
    this.#breaker = new Breaker(this.#options.breakerRecords)
    this.#line = new AdminLine(client)
    const book = new SchemaBook({ registry, pool: this.#pool })
    const onSchema: DiscoveryOptions['onSchema'] = (...found) => void book.warm(...found)
    this.#discovery = new Discovery({ registry, pool: this.#pool, topicPrefix, eventNames, onSchema })
    this.#lanes = new Lanes({
      ...this.#options,
      limits: this.#options,
      applicationName,
      pool: this.#pool,
      log: this.#log,
      onWritten: (batch, result) => this.#written(batch, result),
      onRetry: () => {
        this.#counts.retries += 1
      },
      onFailure: error => this.#fail(error)
    })
    this.#cleanUps.add(() => this.#lanes.close())
    const laneOf = (partition: TopicPartition) => this.#lanes.of(partition)
    const seek = ({ topic, partition }: TopicPartition, offset: number) => this.#consumer.seek(topic, partition, offset)
    this.#positions = new Positions({
      group,
      pool: this.#pool,
      line: this.#line,
      laneOf,
      seek,
      onHalt: ({ topic, partition }) => this.#consumer.pause(topic, partition),
      onFailure: error => this.#fail(error),
      log: this.#log
    })
    this.#intake = new Intake({
      positions: this.#positions,
      book,
      discovery: this.#discovery,
      laneOf,
      seek,
      log: this.#log
    })
    this.#consumer = new GroupConsumer(client, {
      group,
      topics: () => this.#discovery.topics(),
      onBatch: (batch, control) => this.#intake.take(batch, control),
      onAssigned: assignment => {
        const partitions = [...assignment].flatMap(([topic, numbers]) =>
          numbers.map(partition => ({ topic, partition }))
        )
        this.#intake.assigned()
        this.#positions.assign(partitions)
        this.#log.info({ partitions: partitions.length, topics: assignment.size }, 'partitions assigned')
      },
      onPassed: passed => this.#intake.passed(passed),
      onTopicsVanished: topics => this.#log.error({ topics }, 'topics are gone, the others go on'),
      log: this.#log,
      fetchLimits,
      concurrency,
      sessionTimeoutMs: this.#options.sessionTimeoutMs,
      topicRefreshMs: this.#options.topicRefreshMs
    })
    const ended = Promise.withResolvers<Error | undefined>()
    this.closed = ended.promise
    this.#resolveClosed = ended.resolve
  }

  get state(): SinkState {
    return this.#state
  }

  get group(): string {
    return this.#options.group
  }

  get stats(): SinkStats {
    return { ...this.#counts, pending: this.#lanes.pendingRows }
  }

  /**
   * Checks the tables, then reads until it is stopped. Kafka and the registry may be away; they are waited for.
   * @throws SinkError `TABLES_MISSING`, `DATABASE_UNREACHABLE`
   */
  start(): Promise<void> {
    this.#starting ??= this.#start()
    return this.#starting
  }

  /** Writes what was read, tells Kafka where it stands, leaves the group. Past `deadlineMs` it closes as it is. */
  drain(deadlineMs = 10_000): Promise<void> {
    this.#ending ??= this.#end(async () => {
      this.#state = 'draining'
      const drained = await within(deadlineMs, this.#lanes.drain())
      if (!drained)
        this.#log.warn({ deadlineMs }, 'not all could be written in time; it is read again at the next start')
      await within(2_000, this.#commitHints())
    })
    return this.#ending
  }

  /** Stops now. What is not written is read again by whoever comes next. */
  close(): Promise<void> {
    this.#ending ??= this.#end(async () => undefined)
    return this.#ending
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain()
  }

  /**
   * Resolves once everything that could be read from Kafka at the time of the call is in the trail. An open
   * transaction, and what lies behind it, cannot be read yet.
   * @throws SinkError `NOT_CAUGHT_UP` after the timeout, `SINK_CLOSED` when the sink ends before
   */
  whenCaughtUp(options: CaughtUpOptions = {}): Promise<void> {
    return caughtUp(
      {
        group: this.#options.group,
        pool: this.#pool,
        line: this.#line,
        topics: () => this.#discovery.topics(),
        mustExist: this.#options.eventNames !== undefined,
        changed: () => this.#lanes.changed,
        ended: () => (this.#state === 'closed' || this.#state === 'failed' ? { failure: this.#failure } : undefined)
      },
      options
    )
  }

  async #start(): Promise<void> {
    if (this.#ending !== undefined) throw new SinkError('SINK_CLOSED', 'the sink was closed; make a new one')
    const fault = await this.#checkDatabase().catch((error: unknown) => error)
    if (this.#ending !== undefined) throw new SinkError('SINK_CLOSED', 'the sink was closed while it started')
    if (fault !== undefined) {
      await this.close()
      throw fault
    }
    this.#state = 'running'
    this.#cleanUps.add(regularly(hintEveryMs, this.#log, () => this.#commitHints()))
    this.#cleanUps.add(regularly(revisitMs, this.#log, () => this.#revisit()))
    this.#cleanUps.add(regularly(partitionsEveryMs, this.#log, () => this.#keepPartitions()))
    this.#consumer.start()
    void this.#consumer.closed.then(failure => failure && this.#fail(failure))
  }

  async #checkDatabase(): Promise<void> {
    try {
      await requireTables(this.#pool)
      await this.#keepPartitions()
    } catch (cause) {
      throw cause instanceof SinkError ? cause : unreachable(cause)
    }
  }

  #written(batch: Batch, result: WriteResult): void {
    this.#counts.batches += 1
    this.#counts.rows += result.rows
    this.#counts.duplicates += result.duplicates
    this.#counts.quarantined += result.quarantined
    this.#counts.fenced += result.fenced.length
    for (const { topic, partition, last } of result.stored) {
      this.#hints.set(keyOf({ topic, partition }), { topic, partition, offset: last + 1 })
    }
    for (const trip of this.#breaker.count(result.booked)) void this.#positions.haltTopic(trip)
    // What was under way when a partition stopped is read again when it goes on.
    const overtaken = result.fenced.filter(partition => this.#positions.of(partition).state !== 'halted')
    if (overtaken.length > 0) {
      this.#positions.displace(overtaken)
      this.#log.warn(
        { partitions: overtaken.map(keyOf), rows: batch.rows },
        'another sink has these partitions or stopped them, their rows were left'
      )
    }
  }

  /** Kafka's own offsets are a hint: for its lag tools, and so that a restart begins near the right place. */
  async #commitHints(): Promise<void> {
    const hints = [...this.#hints.values()]
    this.#hints.clear()
    await this.#consumer
      .commit(hints)
      .catch(error => this.#log.debug({ err: safeError(error) }, 'offsets were not committed to Kafka'))
  }

  async #revisit(): Promise<void> {
    for (const partition of await this.#positions.revisit()) {
      this.#breaker.forget(partition.topic)
      this.#consumer.resume(partition.topic, partition.partition)
      this.#log.info({ ...partition }, 'partition was reset or resumed, it flows again')
    }
  }

  async #keepPartitions(): Promise<void> {
    const made = await keepPartitionsAhead(this.#pool, new Date(), this.#options.monthsAhead)
    if (made.length > 0) this.#log.info({ made }, 'partitions made ahead')
  }

  #fail(error: Error): void {
    if (this.#state === 'closed' || this.#state === 'failed') return
    this.#failure = error
    this.#ending ??= this.#end(async () => undefined)
  }

  async #end(first: () => Promise<void>): Promise<void> {
    this.#intake.close()
    await first()
    await this.#consumer.stop()
    await this.#cleanUps.run()
    await this.#line.close()
    await within(2_000, this.#pool.end())
    this.#state = this.#failure ? 'failed' : 'closed'
    this.#resolveClosed(this.#failure)
  }
}

/** Makes a sink; {@link Sink.start} sets it going. @throws SinkError `OPTION_INVALID` */
export function createSink(options: SinkOptions): Sink {
  return new Sink(options)
}
