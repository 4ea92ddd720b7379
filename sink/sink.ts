import { randomBytes } from 'node:crypto'
import type { Logger } from '../core/index.ts'
import { CleanUps, checkDuration, EventtrailError, type Handle, within } from '../core/index.ts'
import type { AdminLine, GroupConsumer } from '../kafka/index.ts'
import { createKafkaClient } from '../kafka/kafkajs/index.ts'
import type { Health } from '../observability/index.ts'
import type { Pool, SessionOptions } from '../postgres/index.ts'
import { PostgresError, unavailable } from '../postgres/index.ts'
import { createRegistry, type Registry } from '../schemas/index.ts'
import type { TrailSession } from '../trail/index.ts'
import {
  keepPartitionsAhead,
  openPgSession,
  pgPositions,
  requireFitPostgres,
  requireTables,
  SchemaBook,
  sessionPool,
  sinkSessions
} from '../trail/index.ts'
import { caughtUp } from './caught-up.ts'
import { SinkError } from './errors.ts'
import { SinkHealth, type SinkParts } from './health.ts'
import { Discovery, type DiscoveryOptions, TopicReport, tellAwaited } from './intake/index.ts'
import {
  type CaughtUpOptions,
  fetchLimits,
  type ResolvedSinkOptions,
  resolveOptions,
  type SinkOptions,
  sinkProtocol
} from './options.ts'
import { Pipeline } from './pipeline.ts'
import { regularly } from './regularly.ts'
import type { SinkState, SinkStats } from './state.ts'
import { Telemetry } from './telemetry.ts'
import type { Batch, WriteResult } from './write/index.ts'

const hintEveryMs = 1_000
const revisitMs = 2_000
const replacedEveryMs = 10_000
const partitionsEveryMs = 3_600_000
/** Of what is asked beside the writes. One that is not answered for so long sits on a session that is no more. */
const queryTimeoutMs = 120_000
/** Batches in hand at once: those that wait for a lane with room must not hold up those of another lane. */
const concurrency = 64

/** What only tests put in place. @internal */
export interface SinkInternals {
  /** @param open opens the session that a sink has */
  readonly openSession?: (open: () => Promise<TrailSession>) => Promise<TrailSession>
}

/**
 * The audit sink: writes every envelope of every topic of ours into Postgres, exactly once.
 *
 * idle → (start) → running → (drain) → draining → closed; running or draining → (close) → closed;
 * running → failed, when something shows that no retry can mend
 */
export class Sink implements Handle {
  readonly #options: ResolvedSinkOptions
  readonly #log: Logger
  readonly #sessions: SessionOptions
  readonly #pool: Pool
  readonly #line: AdminLine
  readonly #registry: Registry
  readonly #discovery: Discovery
  readonly #pipeline: Pipeline
  readonly #consumer: GroupConsumer
  readonly #cleanUps = new CleanUps()
  readonly #parts: SinkParts
  readonly #health: SinkHealth
  readonly #telemetry: Telemetry
  readonly closed: Promise<Error | undefined>
  readonly #resolveClosed: (reason: Error | undefined) => void
  #state: SinkState = 'idle'
  #starting: Promise<void> | undefined
  #ending: Promise<void> | undefined
  #failure: Error | undefined

  constructor(options: SinkOptions)
  /** @internal */
  constructor(options: SinkOptions, internals: SinkInternals)
  constructor(options: SinkOptions, { openSession = open => open() }: SinkInternals = {}) {
    this.#options = resolveOptions(options)
    const { databaseUrl, group, topicPrefix, eventNames, log, registryUrl, brokers, security } = this.#options
    this.#log = log.child({ part: 'sink', group })
    const applicationName = `${sinkSessions}/${randomBytes(4).toString('hex')}`
    this.#sessions = { applicationName, queryTimeoutMs }
    this.#pool = sessionPool(databaseUrl, this.#sessions)
    const client = createKafkaClient({ brokers, clientId: 'eventtrail-sink', security, log: this.#log })
    this.#line = client.adminLine()
    this.#health = new SinkHealth({ line: this.#line, pool: this.#pool, registry: () => registry })
    const registry = createRegistry({ url: registryUrl, log: this.#log, onReach: this.#health.registry.heard })
    this.#registry = registry
    const book = new SchemaBook({ registry, pool: this.#pool })
    const onSchema: DiscoveryOptions['onSchema'] = (...found) => book.warm(...found)
    this.#discovery = new Discovery({ registry, pool: this.#pool, group, topicPrefix, eventNames, onSchema })
    const topics = new TopicReport({
      discovery: this.#discovery,
      topicPrefix,
      areNamed: eventNames !== undefined,
      log: this.#log
    })
    const ranges = (topic: string) => this.#line.ask(admin => admin.ranges(topic))
    const topicIds = (topics: readonly string[]) => this.#line.ask(admin => admin.topicIds(topics))
    const logEnds = (topics: readonly string[]) => this.#line.ask(admin => admin.logEnds(topics))
    const sources = { trail: pgPositions(this.#pool, group), ranges, topicIds, logEnds }
    this.#pipeline = new Pipeline({
      ...this.#options,
      openSession: () => openSession(() => openPgSession({ databaseUrl, group, applicationName, pool: this.#pool })),
      ...sources,
      book,
      discovery: this.#discovery,
      consumer: () => this.#consumer,
      log: this.#log,
      onWritten: (batch, result) => this.#written(batch, result),
      onRetry: error => {
        this.#telemetry.retried()
        if (error instanceof PostgresError && error.code === 'POSTGRES_UNAVAILABLE') this.#health.postgres.heard(false)
      },
      onAbandoned: () => this.#telemetry.abandoned(),
      onStalled: error => this.#fail(error),
      onFailure: error => this.#fail(error)
    })
    this.#cleanUps.add(() => this.#pipeline.lanes.close())
    this.#consumer = client.groupConsumer({
      group,
      protocol: sinkProtocol,
      topics: () => this.#discovery.topics(),
      onBatch: (batch, control) => this.#pipeline.take(batch, control),
      onAssigned: assignment => {
        const partitions = [...assignment].flatMap(([topic, numbers]) =>
          numbers.map(partition => ({ topic, partition }))
        )
        this.#pipeline.assigned(partitions)
        this.#telemetry.assigned()
        this.#log.info({ partitions: partitions.length, topics: assignment.size }, 'partitions assigned')
      },
      onPassed: passed => this.#pipeline.passed(passed),
      onOutOfRange: source => this.#pipeline.positions.outOfRange(source),
      onReach: this.#health.kafka.heard,
      onRebuilt: cause => this.#telemetry.rebuilt(cause),
      onTopicsVanished: vanished => this.#vanished(vanished),
      onLook: look => topics.looked(look),
      log: this.#log,
      fetchLimits,
      concurrency,
      sessionTimeoutMs: this.#options.sessionTimeoutMs,
      topicRefreshMs: this.#options.topicRefreshMs,
      maxBatchBytes: this.#options.maxBatchBytes
    })
    const { positions, lanes } = this.#pipeline
    const troubles = () => this.#consumer.troubles
    const refusedByTable = () => this.#pipeline.refusedByTable
    this.#parts = { positions, lanes, book, topics, troubles, refusedByTable, vitals: this.#consumer.vitals }
    this.#telemetry = new Telemetry({ ...this.#options, ...this.#parts, ...sources })
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
    return this.#telemetry.stats
  }

  /**
   * How it is. From the first call on, servers that it hears nothing of for a while are asked every few seconds
   * whether they are there.
   */
  health(): Health {
    return this.#health.read(this.#state, this.#parts)
  }

  /**
   * Checks the tables, then reads until it is stopped. Kafka and the registry may be away; they are waited for.
   * @throws SinkError `CLOSED`; PostgresError `TABLES_MISSING`, `POSTGRES_UNAVAILABLE`
   * @throws PostgresError `POSTGRES_UNFIT`: Postgres before 16, another encoding than UTF8, a pooler of transactions
   * @throws MigrationError `TABLES_NEWER`
   */
  start(): Promise<void> {
    this.#starting ??= this.#start()
    return this.#starting
  }

  /**
   * Writes what was read, tells Kafka where it stands, leaves the group. Past `deadlineMs` (default 10,000) it closes as
   * it is.
   * @throws OptionsError, and goes on
   */
  drain(deadlineMs = 10_000): Promise<void> {
    try {
      checkDuration('deadlineMs', deadlineMs, 0)
    } catch (error) {
      return Promise.reject(error)
    }
    this.#ending ??= this.#end(async () => {
      this.#state = 'draining'
      const drained = await within(deadlineMs, this.#pipeline.lanes.drain())
      if (!drained)
        this.#log.warn({ deadlineMs }, 'not all could be written in time; it is read again at the next start')
      await within(2_000, this.#pipeline.commitHints())
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
   * Resolves once everything that was in Kafka at the time of the call is in the trail, or passed as no event. What
   * waits behind an open transaction is waited for too.
   * @throws SinkError `CATCH_UP_TIMEOUT` after the timeout, which names what an open transaction holds back; `CLOSED`
   * when the sink ends before; OptionsError
   */
  whenCaughtUp(options: CaughtUpOptions = {}): Promise<void> {
    return caughtUp(
      {
        group: this.#options.group,
        pool: this.#pool,
        line: this.#line,
        topics: () => this.#discovery.topics(true),
        mustExist: this.#options.eventNames !== undefined,
        changed: () => this.#pipeline.lanes.changed,
        ended: () => (this.#state === 'closed' || this.#state === 'failed' ? { failure: this.#failure } : undefined)
      },
      options
    )
  }

  async #start(): Promise<void> {
    if (this.#ending !== undefined) throw new SinkError('CLOSED', 'the sink was closed; make a new one')
    const fault = await this.#checkDatabase().catch((error: unknown) => error)
    if (this.#ending !== undefined) throw new SinkError('CLOSED', 'the sink was closed while it started')
    if (fault !== undefined) {
      await this.close()
      throw fault
    }
    this.#state = 'running'
    this.#health.postgres.heard(true)
    this.#cleanUps.add(this.#telemetry.start())
    this.#cleanUps.add(regularly(hintEveryMs, this.#log, () => this.#pipeline.commitHints()))
    this.#cleanUps.add(regularly(revisitMs, this.#log, () => this.#pipeline.revisit()))
    this.#cleanUps.add(regularly(replacedEveryMs, this.#log, () => this.#pipeline.positions.lookForReplaced()))
    this.#cleanUps.add(regularly(partitionsEveryMs, this.#log, () => this.#keepPartitions()))
    this.#consumer.start()
    const { eventNames } = this.#options
    if (eventNames) {
      const parts = { line: this.#line, registry: this.#registry, log: this.#log }
      this.#cleanUps.add(tellAwaited({ ...this.#options, ...parts, eventNames }))
    }
    void this.#consumer.closed.then(failure => failure && this.#fail(failure))
  }

  async #checkDatabase(): Promise<void> {
    try {
      await requireFitPostgres(this.#pool, this.#sessions)
      await requireTables(this.#pool)
      await this.#keepPartitions()
    } catch (cause) {
      throw cause instanceof EventtrailError ? cause : unavailable(cause)
    }
  }

  #vanished(vanished: readonly string[]): void {
    const forgotten = new Set(this.#discovery.discovered.forgotten)
    const gone = vanished.filter(topic => !forgotten.has(topic))
    if (gone.length > 0) this.#log.error({ topics: gone }, 'topics are gone, the others go on')
    const left = vanished.filter(topic => forgotten.has(topic))
    if (left.length > 0) this.#log.info({ topics: left }, 'topics were taken out by an operator, they are left')
  }

  #written(batch: Batch, result: WriteResult): void {
    this.#telemetry.written(batch, result)
    this.#health.postgres.heard(true)
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
    this.#pipeline.refuse()
    await first()
    await this.#consumer.stop()
    this.#health.close()
    await this.#cleanUps.run()
    await this.#line.close()
    await within(2_000, this.#pool.end())
    this.#state = this.#failure ? 'failed' : 'closed'
    this.#resolveClosed(this.#failure)
  }
}

/** Makes a sink; {@link Sink.start} sets it going. @throws OptionsError */
export function createSink(options: SinkOptions): Sink {
  return new Sink(options)
}
