import {
  type DrainOptions,
  type Handle,
  Lifecycle,
  type LifecycleState,
  type Logger,
  pause,
  retry,
  safeError
} from '../../../core/index.ts'
import type { Meter } from '../../../observability/index.ts'
import { NotifierError } from '../errors.ts'
import type { NotifierMetrics } from '../metrics.ts'
import { channels as allChannels, type Channel } from '../subscriptions/index.ts'
import { awayMs, retryTableMs } from './schedule.ts'
import type { Backlog, Deliveries, Recorded } from './store.ts'
import type { ChannelSender, Delivery, Outcome } from './types.ts'

export interface DelivererParts {
  readonly deliveries: Deliveries
  readonly senders: Readonly<Partial<Record<Channel, ChannelSender>>>
  readonly concurrency: number
  readonly pollMs: number
  /** ms for which what came to its end is kept. */
  readonly keepMs: number
  readonly log: Logger
  readonly meter: Meter<NotifierMetrics>
}

const drainTimeoutMs = 30_000
const backlogEveryMs = 10_000
/** ms between two looks for what is old: where there is nothing, and where there is more. */
const pruneEveryMs = { idle: 10_000, busy: 1_000 }
/** Attempts that were cut off one after the other: the delivery may be what ends its process. */
const mostCutOff = 4

/** Counts since the start, and what runs now. */
export interface DelivererStats {
  readonly delivered: number
  /** Attempts that failed and are followed by another. */
  readonly retried: number
  /** Deliveries that were given up or refused. */
  readonly failed: number
  readonly running: number
}

/**
 * Sends what is queued in Postgres, any number of them at once: each delivery belongs to the one that took it for as long
 * as its lease lasts. The states are those of {@link Lifecycle}; draining takes nothing new, and waits for what runs.
 */
export class DelivererLoop implements Handle {
  readonly #parts: DelivererParts
  readonly #channels: readonly Channel[]
  readonly #running = new Map<Promise<void>, Delivery>()
  readonly #counts = { delivered: 0, retried: 0, failed: 0 }
  /** By channel: attempts in a row that found its server away, and when it is tried again (`performance.now()`). */
  readonly #away = new Map<Channel, { readonly failures: number; readonly untilMs: number }>()
  #backlog: Backlog = { pending: 0, overdueSeconds: 0 }
  #turning: Promise<void> = Promise.resolve()
  #wake: () => void = () => undefined
  readonly #life = new Lifecycle({
    start: async () => this.#start(),
    halt: () => this.#wake(),
    drain: () => this.#idle(),
    close: () => this.#idle(),
    closedError: () => new NotifierError('CLOSED', 'The deliverer was drained or closed'),
    drainTimeoutMs
  })

  constructor(parts: DelivererParts) {
    this.#parts = parts
    this.#channels = allChannels.filter(channel => parts.senders[channel] !== undefined)
  }

  get state(): LifecycleState {
    return this.#life.state
  }

  get closed(): Promise<Error | undefined> {
    return this.#life.closed
  }

  get failure(): Error | undefined {
    return this.#life.failure
  }

  stats(): DelivererStats {
    return { ...this.#counts, running: this.#running.size }
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

  #start(): void {
    const { deliveries, meter } = this.#parts
    const forget = [
      deliveries.onQueued(() => this.#wake()),
      meter.gauge('eventtrail_notifier_pending', () => [{ value: this.#backlog.pending, labels: {} }]),
      meter.gauge('eventtrail_notifier_overdue_seconds', () => [{ value: this.#backlog.overdueSeconds, labels: {} }])
    ]
    this.#turning = Promise.all([this.#turn(), this.#look(), this.#prune()]).then(() => {
      for (const each of forget) each()
    })
  }

  async #idle(): Promise<void> {
    await this.#turning
    await Promise.all(this.#running.keys())
  }

  async #turn(): Promise<void> {
    const { concurrency, pollMs, log } = this.#parts
    const { ending } = this.#life
    while (!ending.aborted) {
      const woken = new Promise<void>(resolve => {
        this.#wake = resolve
      })
      const room = concurrency - this.#running.size
      const taken =
        room === 0
          ? []
          : await this.#take(room).catch((error: unknown) => {
              log.warn({ err: safeError(error) }, 'deliveries cannot be taken; trying again')
              return []
            })
      for (const delivery of taken) this.#begin(delivery)
      if (taken.length > 0 && this.#running.size < concurrency) continue
      await Promise.race([woken, pause(pollMs, ending)])
    }
  }

  #take(room: number): Promise<readonly Delivery[]> {
    const now = performance.now()
    const channels = this.#channels.filter(channel => (this.#away.get(channel)?.untilMs ?? 0) <= now)
    if (channels.length === 0) return Promise.resolve([])
    const counts = new Map<string, number>()
    for (const { subscriptionId } of this.#running.values())
      counts.set(subscriptionId, (counts.get(subscriptionId) ?? 0) + 1)
    const mostOfOne = Math.max(1, Math.ceil(this.#parts.concurrency / 2))
    const busy = [...counts].filter(([, count]) => count >= mostOfOne).map(([id]) => id)
    // One shows whether a server that was away is back.
    const probing = channels.some(channel => this.#away.has(channel))
    return this.#parts.deliveries.claim({ channels, busy, most: probing ? 1 : room, mostOfOne })
  }

  #begin(delivery: Delivery): void {
    const run = this.#run(delivery)
      .catch((error: unknown) => {
        // Its lease ends, and it is taken again.
        this.#parts.log.warn({ delivery: delivery.id, err: safeError(error) }, 'an attempt was cut off')
      })
      .finally(() => {
        this.#running.delete(run)
        this.#wake()
      })
    this.#running.set(run, delivery)
  }

  async #run(delivery: Delivery): Promise<void> {
    const { deliveries, meter, senders } = this.#parts
    const { channel } = delivery
    const { closing } = this.#life
    const began = performance.now()
    const outcome: Outcome | undefined =
      delivery.attempts > retryTableMs.length + mostCutOff
        ? { kind: 'refused', code: 'ATTEMPTS_CUT_OFF' }
        : await senders[channel]?.attempt(delivery, closing)
    // What was called off says nothing of the receiver.
    if (outcome === undefined || (closing.aborted && outcome.kind !== 'delivered')) return
    const ms = performance.now() - began
    meter.observe('eventtrail_notifier_attempt_seconds', ms / 1_000, { channel })
    this.#note(channel, outcome)
    // A mail that was taken is recorded whatever it takes: until then it would be sent again.
    const recorded = await retry(() => deliveries.record(delivery, outcome, ms), { signal: closing })
    this.#count(delivery, outcome, recorded)
  }

  #note(channel: Channel, outcome: Outcome): void {
    const before = this.#away.get(channel)
    if (outcome.kind !== 'unavailable') {
      if (before !== undefined) this.#parts.log.info({ channel }, 'deliveries continue')
      this.#away.delete(channel)
      return
    }
    const failures = (before?.failures ?? 0) + 1
    const waitMs = awayMs(failures)
    if (before === undefined)
      this.#parts.log.warn({ channel, code: outcome.code, waitMs }, 'deliveries wait: their channel is unavailable')
    this.#away.set(channel, { failures, untilMs: performance.now() + waitMs })
  }

  #count({ id, channel, subscriptionId, attempts }: Delivery, outcome: Outcome, recorded: Recorded): void {
    const { log, meter } = this.#parts
    const { again, switchedOff } = recorded
    const facts = { delivery: id, subscription: subscriptionId, channel, attempts }
    const failed = !again && (outcome.kind === 'again' || outcome.kind === 'refused')
    if (outcome.kind === 'delivered') this.#counts.delivered += 1
    else if (failed) this.#counts.failed += 1
    else if (again) this.#counts.retried += 1
    const result = failed
      ? 'failed'
      : outcome.kind === 'again'
        ? 'retried'
        : outcome.kind === 'refused'
          ? 'failed'
          : outcome.kind
    meter.add('eventtrail_notifier_deliveries_total', 1, { channel, result })
    if (failed)
      log.warn(
        { ...facts, ...withoutWait(outcome) },
        'a delivery has failed: `eventtrail deliveries retry` sends it again'
      )
    else if (outcome.kind === 'again')
      log.info({ ...facts, ...withoutWait(outcome) }, 'a delivery failed, it is tried again')
    if (!switchedOff) return
    meter.add('eventtrail_notifier_endpoints_switched_off_total', 1, {})
    log.error(
      { ...facts, ...withoutWait(outcome) },
      'an endpoint was switched off: `eventtrail subscriptions enable` switches it on'
    )
  }

  async #look(): Promise<void> {
    const { deliveries } = this.#parts
    do {
      this.#backlog = await deliveries.backlog(this.#channels).catch(() => this.#backlog)
    } while (await pause(backlogEveryMs, this.#life.ending))
  }

  async #prune(): Promise<void> {
    const { deliveries, keepMs, log } = this.#parts
    if (keepMs === Number.POSITIVE_INFINITY) return
    let denied = false
    let removed = 0
    do {
      try {
        removed = await deliveries.prune(keepMs)
        denied = false
      } catch (error) {
        removed = 0
        // Said once: the table grows, and nothing else is wrong.
        if (!denied) log.warn({ err: safeError(error) }, 'old deliveries cannot be removed; trying again')
        denied = true
      }
    } while (await pause(removed > 0 ? pruneEveryMs.busy : pruneEveryMs.idle, this.#life.ending))
  }
}

const withoutWait = (outcome: Outcome): object => ({
  ...('code' in outcome && { code: outcome.code }),
  ...('status' in outcome && outcome.status !== undefined && { status: outcome.status })
})
