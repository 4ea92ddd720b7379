import type { Logger } from '../core/index.ts'
import { CleanUps, checkDuration, EventtrailError, type Handle, within } from '../core/index.ts'
import type { Health } from '../observability/index.ts'
import { requireTables, unavailable } from '../postgres/index.ts'
import { keepMonthsAhead, requireFitPostgres, trailMigrations } from '../trail/index.ts'
import { caughtUp } from './caught-up.ts'
import { SinkError } from './errors.ts'
import { warnAboutMissingEvents } from './intake/index.ts'
import { type CaughtUpOptions, type ResolvedSinkOptions, resolveOptions, type SinkOptions } from './options.ts'
import { regularly } from './regularly.ts'
import type { SinkState, SinkStats } from './state.ts'
import { type SinkInternals, type SinkParts, wireSink } from './wire.ts'

const hintEveryMs = 1_000
const revisitMs = 2_000
const replacedEveryMs = 10_000
const monthsEveryMs = 3_600_000

/**
 * The audit sink: writes every envelope of its topics into Postgres, exactly once.
 *
 * idle → (start) → running → (drain) → draining → closed; running or draining → (close) → closed;
 * running → failed, on a defect that no retry can fix
 */
export class Sink implements Handle {
  readonly #options: ResolvedSinkOptions
  readonly #log: Logger
  readonly #parts: SinkParts
  readonly #cleanUps = new CleanUps()
  readonly closed: Promise<Error | undefined>
  readonly #resolveClosed: (reason: Error | undefined) => void
  #state: SinkState = 'idle'
  #starting: Promise<void> | undefined
  #ending: Promise<void> | undefined
  #failure: Error | undefined

  constructor(options: SinkOptions)
  /** @internal */
  constructor(options: SinkOptions, internals: SinkInternals)
  constructor(options: SinkOptions, internals: SinkInternals = {}) {
    this.#options = resolveOptions(options)
    this.#log = this.#options.log.child({ part: 'sink', group: this.#options.group })
    this.#parts = wireSink({
      ...internals,
      options: this.#options,
      log: this.#log,
      onFailure: error => this.#fail(error)
    })
    this.#cleanUps.add(() => this.#parts.pipeline.queues.close())
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
    const { telemetry, pipeline } = this.#parts
    return { ...telemetry.counts, pending: pipeline.queues.pendingRows }
  }

  /**
   * Whether the sink is ready and alive. From the first call on, a server that was not heard of for a while is probed
   * every few seconds.
   */
  health(): Health {
    return this.#parts.health.read(this.#state, this.#parts.view)
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
   * Writes what was read, commits its offsets to Kafka, leaves the group. Past `deadlineMs` (default 10,000) it closes as
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
      const drained = await within(deadlineMs, this.#parts.pipeline.queues.drain())
      if (!drained)
        this.#log.warn(
          { deadlineMs },
          'not all records could be written in time; they are read again at the next start'
        )
      await within(2_000, this.#parts.pipeline.commitHints())
    })
    return this.#ending
  }

  /** Stops now. What is not written is read again at the next start, or by another sink. */
  close(): Promise<void> {
    this.#ending ??= this.#end(async () => undefined)
    return this.#ending
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain()
  }

  /**
   * Resolves once everything that was in Kafka at the time of the call is in the trail, or passed as no event. What
   * waits for an open transaction is waited for too.
   * @throws SinkError `CATCH_UP_TIMEOUT` after the timeout, which names what an open transaction holds back; `CLOSED`
   * when the sink ends before; OptionsError
   */
  whenCaughtUp(options: CaughtUpOptions = {}): Promise<void> {
    const { servers, discovery, pipeline } = this.#parts
    return caughtUp(
      {
        group: this.#options.group,
        pool: servers.pool,
        line: servers.line,
        topics: () => discovery.topics(true),
        mustExist: this.#options.eventNames !== undefined,
        changed: () => pipeline.queues.changed,
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
    const { servers, pipeline, consumer, health, telemetry, view } = this.#parts
    health.postgres.heard(true)
    this.#cleanUps.add(telemetry.start(view))
    this.#cleanUps.add(regularly(hintEveryMs, this.#log, () => pipeline.commitHints()))
    this.#cleanUps.add(regularly(revisitMs, this.#log, () => pipeline.revisit()))
    this.#cleanUps.add(regularly(replacedEveryMs, this.#log, () => pipeline.positions.lookForReplaced()))
    this.#cleanUps.add(regularly(monthsEveryMs, this.#log, () => this.#keepMonths()))
    consumer.start()
    const { eventNames, topicPrefix } = this.#options
    if (eventNames) {
      const { line, registry } = servers
      this.#cleanUps.add(warnAboutMissingEvents({ eventNames, topicPrefix, line, registry, log: this.#log }))
    }
    void consumer.closed.then(failure => failure && this.#fail(failure))
  }

  async #checkDatabase(): Promise<void> {
    try {
      const { pool, sessions } = this.#parts.servers
      await requireFitPostgres(pool, sessions)
      await requireTables(pool, trailMigrations)
      await this.#keepMonths()
    } catch (cause) {
      throw cause instanceof EventtrailError ? cause : unavailable(cause)
    }
  }

  async #keepMonths(): Promise<void> {
    const made = await keepMonthsAhead(this.#parts.servers.pool, new Date(), this.#options.monthsAhead)
    if (made.length > 0) this.#log.info({ made }, 'table partitions created for the coming months')
  }

  #fail(error: Error): void {
    if (this.#state === 'closed' || this.#state === 'failed') return
    this.#failure = error
    this.#ending ??= this.#end(async () => undefined)
  }

  async #end(first: () => Promise<void>): Promise<void> {
    const { servers, pipeline, consumer, health } = this.#parts
    pipeline.stopTaking()
    await first()
    await consumer.stop()
    health.close()
    await this.#cleanUps.run()
    await servers.release()
    await within(2_000, servers.pool.end())
    this.#state = this.#failure ? 'failed' : 'closed'
    this.#resolveClosed(this.#failure)
  }
}

/** Makes a sink; {@link Sink.start} sets it going. @throws OptionsError */
export function createSink(options: SinkOptions): Sink {
  return new Sink(options)
}
