import type { Consumer } from 'kafkajs'
import { Pulse } from '../core/pulse.ts'
import { type ConsumerSettings, deadAfterMs } from './consumer-options.ts'
import { KafkaError } from './errors.ts'

export type ConsumerState = 'idle' | 'waiting for topics' | 'joining' | 'consuming' | 'recovering' | 'stopped'

/** The signs by which one sees whether a consumer lives, moves, and belongs to its group. */
export class Vitals {
  readonly #settings: ConsumerSettings
  #state: ConsumerState = 'idle'
  #pulse: Pulse | undefined
  #progressAt = Date.now()
  #awaySince = Number.NEGATIVE_INFINITY
  #heartbeatSentAt = 0
  #memberUntil = 0

  constructor(settings: ConsumerSettings) {
    this.#settings = settings
  }

  get state(): ConsumerState {
    return this.#state
  }

  set state(state: ConsumerState) {
    if (this.awayMs === 0) this.#awaySince = Date.now()
    this.#state = state
  }

  /** ms since something was fetched or handled. */
  get idleMs(): number {
    return Date.now() - this.#progressAt
  }

  get stalled(): KafkaError | undefined {
    if (this.idleMs <= this.#settings.stallMs) return undefined
    return new KafkaError('CONSUMER_STALLED', `nothing was fetched or handled for ${this.idleMs} ms`)
  }

  /** ms since it was last a member of its group, or had no topic to be one for; 0 while that is so. */
  get awayMs(): number {
    return this.#state === 'consuming' || this.#state === 'waiting for topics' ? 0 : Date.now() - this.#awaySince
  }

  /** ms for which the group surely still counts this member in. */
  get leaseMs(): number {
    return Math.max(0, this.#memberUntil - Date.now())
  }

  /** Whether the supervision has not turned for too long. */
  get dead(): boolean {
    return this.#quietMs > deadAfterMs(this.#settings)
  }

  /** Begins to watch the supervision; `onDead` is told when it has not turned for too long. */
  watch(onDead: (error: KafkaError) => void): void {
    this.#pulse = new Pulse(() => {
      if (!this.dead) return
      onDead(new KafkaError('CONSUMER_STALLED', `nobody watched the consumer for ${this.#quietMs} ms`))
    })
  }

  /** The supervision turns. */
  beat(): void {
    this.#pulse?.beat()
  }

  progress(): void {
    this.#progressAt = Date.now()
  }

  /** The group counts this member in. */
  joined(): void {
    this.state = 'consuming'
    this.#memberUntil = Date.now() + this.#settings.sessionTimeoutMs
  }

  /** @param hasToFetch whether it holds a partition that is not paused */
  listen(consumer: Consumer, hasToFetch: () => boolean): void {
    const { events } = consumer
    // Told also of a fetch that asked for nothing: kafkajs can hold partitions and leave them out (its #1456).
    consumer.on(events.FETCH, () => {
      if (!hasToFetch()) this.progress()
    })
    consumer.on(events.END_BATCH_PROCESS, () => this.progress())
    // Told once it was answered.
    consumer.on(events.REQUEST, ({ payload }) => {
      this.#settings.onReach?.(true)
      if (payload.apiName === 'Fetch') this.progress()
      // Counted from the request: its answer may have lain in the socket while this process was suspended.
      if (payload.apiName === 'Heartbeat') this.#heartbeatSentAt = payload.sentAt
    })
    consumer.on(events.HEARTBEAT, () => {
      this.#memberUntil = this.#heartbeatSentAt + this.#settings.sessionTimeoutMs
    })
  }

  stop(): void {
    this.#pulse?.close()
    this.state = 'stopped'
  }

  get #quietMs(): number {
    return this.#pulse?.quietMs ?? 0
  }
}
