import type { Logger } from '../core/index.ts'
import {
  CleanUps,
  type DrainOptions,
  EventtrailError,
  type LifecycleState,
  refusedDrain,
  within
} from '../core/index.ts'
import type { Health } from '../observability/index.ts'
import { requireTables, unavailable } from '../postgres/index.ts'
import { keepMonthsAhead, requireFitPostgres, trailMigrations } from '../trail/index.ts'
import { caughtUp } from './caught-up.ts'
import { SinkError } from './errors.ts'
import { warnAboutMissingEvents } from './intake/index.ts'
import { type CaughtUpOptions, type ResolvedSinkOptions, resolveOptions, type SinkOptions } from './options.ts'
import { regularly } from './regularly.ts'
import type { Sink, SinkStats } from './state.ts'
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
class StreamSink implements Sink {
  readonly #options: ResolvedSinkOptions
  readonly #log: Logger
  readonly #parts: SinkParts
  readonly #cleanUps = new CleanUps()
  readonly closed: Promise<Error | undefined>
  readonly #resolveClosed: (reason: Error | undefined) => void
  #state: LifecycleState = 'new'
  #starting: Promise<void> | undefined
  #ending: Promise<void> | undefined
  #failure: Error | undefined

  constructor(options: SinkOptions, internals: SinkInternals) {
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

  get state(): LifecycleState {
    return this.#state
  }

  get group(): string {
    return this.#options.group
  }

  stats(): SinkStats {
    const { telemetry, pipeline } = this.#parts
    return { ...telemetry.counts, pending: pipeline.queues.pendingRows }
  }

  health(): Health {
    return this.#parts.health.read(this.#state, this.#parts.view)
  }

  start(): Promise<void> {
    this.#starting ??= this.#start()
    return this.#starting
  }

  drain({ timeoutMs = 10_000 }: DrainOptions = {}): Promise<void> {
    const refused = refusedDrain(timeoutMs)
    if (refused) return refused
    this.#ending ??= this.#end(async () => {
      this.#state = 'draining'
      const drained = await within(timeoutMs, this.#parts.pipeline.queues.drain())
      if (!drained)
        this.#log.warn({ timeoutMs }, 'not all records could be written in time; they are read again at the next start')
      await within(2_000, this.#parts.pipeline.commitHints())
    })
    return this.#ending
  }

  close(): Promise<void> {
    this.#ending ??= this.#end(async () => undefined)
    return this.#ending
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
        ended: () => (this.#state === 'closed' || this.#state === 'failed' ? { failure: this.#failure } : undefined)
      },
      options
    )
  }

  async #start(): Promise<void> {
    if (this.#ending !== undefined) throw new SinkError('CLOSED', 'the sink was closed; make a new one')
    this.#state = 'starting'
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
      const { registry } = servers
      this.#cleanUps.add(warnAboutMissingEvents({ eventNames, topicPrefix, registry, log: this.#log }))
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

/** Makes a sink; `start()` sets it going. @throws OptionsError */
export const createSink = (options: SinkOptions): Sink => new StreamSink(options, {})

/** A sink with parts replaced, for tests. @internal */
export const createSinkWith = (options: SinkOptions, internals: SinkInternals): Sink =>
  new StreamSink(options, internals)
