import {
  CleanUps,
  type DrainOptions,
  type Ending,
  EventtrailError,
  exposedDatabase,
  Lifecycle,
  type LifecycleState,
  type Logger,
  regularly,
  unlessAborted,
  within
} from '../core/index.ts'
import type { Health } from '../observability/index.ts'
import { requireTables, unavailable } from '../postgres/index.ts'
import { keepMonthsIfAllowed, proverOf, requireFitPostgres, trailMigrations } from '../trail/index.ts'
import { caughtUp } from './caught-up.ts'
import { SinkError } from './errors.ts'
import { warnAboutMissingEvents } from './intake/index.ts'
import { type CaughtUpOptions, type ResolvedSinkOptions, resolveOptions, type SinkOptions } from './options.ts'
import type { Sink, SinkStats } from './state.ts'
import { type SinkInternals, type SinkParts, wireSink } from './wire.ts'

const hintEveryMs = 1_000
const revisitMs = 2_000
const replacedEveryMs = 10_000
const monthsEveryMs = 3_600_000

/**
 * The audit sink: writes every envelope of its topics into Postgres, exactly once. The states are those of
 * {@link Lifecycle}; draining takes no records, and writes those that it has. A defect that no retry can fix fails it.
 */
class StreamSink implements Sink {
  readonly #options: ResolvedSinkOptions
  readonly #log: Logger
  readonly #parts: SinkParts
  readonly #cleanUps = new CleanUps()
  readonly #life = new Lifecycle({
    start: ending => this.#start(ending),
    halt: () => this.#parts.pipeline.stopTaking(),
    drain: () => this.#parts.pipeline.queues.drain(),
    close: ending => this.#close(ending),
    closedError: () => new SinkError('CLOSED', 'the sink was drained or closed, or failed; make a new one'),
    drainTimeoutMs: 10_000
  })

  constructor(options: SinkOptions, internals: SinkInternals) {
    this.#options = resolveOptions(options)
    this.#log = this.#options.log.child({ part: 'sink', group: this.#options.group })
    this.#parts = wireSink({
      ...internals,
      options: this.#options,
      log: this.#log,
      onFailure: error => this.#life.fail(error)
    })
    this.#cleanUps.add(() => this.#parts.pipeline.queues.close())
  }

  get state(): LifecycleState {
    return this.#life.state
  }

  get closed(): Promise<Error | undefined> {
    return this.#life.closed
  }

  get group(): string {
    return this.#options.group
  }

  stats(): SinkStats {
    const { telemetry, pipeline } = this.#parts
    return { ...telemetry.counts, pending: pipeline.queues.pendingRows }
  }

  health(): Health {
    return this.#parts.health.read(this.#life, this.#parts.view)
  }

  start(): Promise<void> {
    return this.#life.start()
  }

  drain(options?: DrainOptions): Promise<void> {
    return this.#life.drain(options)
  }

  close(): Promise<void> {
    return this.#life.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain()
  }

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
        ended: () => {
          const { state, failure } = this.#life
          return state === 'closed' || state === 'failed' ? { failure } : undefined
        }
      },
      options
    )
  }

  async #start(ending: AbortSignal): Promise<void> {
    const exposed = exposedDatabase(this.#options.connection.postgres.url)
    if (exposed !== undefined) this.#log.warn({}, exposed)
    await unlessAborted(ending, this.#checkDatabase())
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
      const { registry } = servers
      this.#cleanUps.add(warnAboutMissingEvents({ eventNames, topicPrefix, registry, log: this.#log }))
    }
    void consumer.closed.then(failure => failure && this.#life.fail(failure))
  }

  async #checkDatabase(): Promise<void> {
    try {
      const { pool, sessions } = this.#parts.servers
      await requireFitPostgres(pool, sessions)
      await requireTables(pool, trailMigrations)
      await proverOf(pool, this.#options.signer, 'sink')
      await this.#keepMonths()
    } catch (cause) {
      throw cause instanceof EventtrailError ? cause : unavailable(cause)
    }
  }

  async #keepMonths(): Promise<void> {
    const { monthsAhead } = this.#options
    const { made, missing } = await keepMonthsIfAllowed(this.#parts.servers.pool, new Date(), monthsAhead)
    if (made.length > 0) this.#log.info({ made }, 'table partitions created for the coming months')
    this.#parts.view.months.missing = missing.length
    if (missing.length > 0)
      this.#log.warn(
        { missing },
        `the role of this sink may not create partitions: rows of these months go to the DEFAULT partition until the owner of the tables runs \`eventtrail migrate --months-ahead ${monthsAhead}\``
      )
  }

  async #close(ending: Ending): Promise<void> {
    const { servers, pipeline, consumer, health } = this.#parts
    if (ending === 'timed out')
      this.#log.warn(
        { pending: pipeline.queues.pendingRows },
        'not all records could be written in time; they are read again at the next start'
      )
    if (ending !== 'at once') await within(2_000, pipeline.commitHints())
    await consumer.stop()
    health.close()
    await this.#cleanUps.run()
    await servers.release()
    await within(2_000, servers.pool.end())
  }
}

/** Makes a sink; `start()` sets it going. @throws OptionsError */
export const createSink = (options: SinkOptions): Sink => new StreamSink(options, {})

/** A sink with parts replaced, for tests. @internal */
export const createSinkWith = (options: SinkOptions, internals: SinkInternals): Sink =>
  new StreamSink(options, internals)
