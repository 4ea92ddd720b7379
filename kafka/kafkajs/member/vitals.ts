import type { Consumer } from 'kafkajs'
import { Pulse } from '../../../core/index.ts'
import { KafkaError } from '../../errors.ts'
import type { ConsumerState, Vitals } from '../../types/index.ts'
import { type ConsumerSettings, deadAfterMs } from './consumer-options.ts'

/** One moment, by both clocks. */
interface Instant {
  readonly steady: number
  readonly wall: number
}

const longAgo: Instant = { steady: Number.NEGATIVE_INFINITY, wall: Number.NEGATIVE_INFINITY }

/** Learns from the events of kafkajs's consumer. */
export class ConsumerVitals implements Vitals {
  readonly #settings: ConsumerSettings
  #state: ConsumerState = 'idle'
  #pulse: Pulse | undefined
  #progressAt = performance.now()
  #awaySince = Number.NEGATIVE_INFINITY
  #heartbeatSent: Instant = longAgo
  #confirmed: Instant = longAgo
  obstacle: string | undefined

  constructor(settings: ConsumerSettings) {
    this.#settings = settings
  }

  get state(): ConsumerState {
    return this.#state
  }

  set state(state: ConsumerState) {
    if (this.awayMs === 0) this.#awaySince = performance.now()
    this.#state = state
  }

  get idleMs(): number {
    return Math.round(performance.now() - this.#progressAt)
  }

  get stalled(): KafkaError | undefined {
    if (this.idleMs <= this.#settings.stallMs) return undefined
    return new KafkaError('CONSUMER_STALLED', `nothing was fetched or handled for ${this.idleMs} ms`)
  }

  get awayMs(): number {
    return this.#state === 'consuming' || this.#state === 'waiting for topics' ? 0 : performance.now() - this.#awaySince
  }

  /** ms for which the group surely still counts this member in. */
  get leaseMs(): number {
    // By the clock that says more: the monotonic one may stop while the machine sleeps, the other may be set back.
    const { steady, wall } = this.#confirmed
    const ageMs = Math.max(performance.now() - steady, Date.now() - wall)
    return Math.max(0, this.#settings.sessionTimeoutMs - ageMs)
  }

  get dead(): boolean {
    return this.#quietMs > deadAfterMs(this.#settings)
  }

  /** Begins to watch the supervision; `onDead` is called when it was stuck for too long. */
  watch(onDead: (error: KafkaError) => void): void {
    this.#pulse = new Pulse(() => {
      if (!this.dead) return
      onDead(new KafkaError('CONSUMER_STALLED', `the supervision of the consumer was stuck for ${this.#quietMs} ms`))
    })
  }

  /** The supervision turns. */
  beat(): void {
    this.#pulse?.beat()
  }

  progress(): void {
    this.#progressAt = performance.now()
  }

  /** The group counts this member in. */
  joined(): void {
    this.state = 'consuming'
    this.obstacle = undefined
    this.#confirmed = { steady: performance.now(), wall: Date.now() }
  }

  /** @param hasToFetch whether it holds a partition that is not paused */
  listen(consumer: Consumer, hasToFetch: () => boolean): void {
    const { events } = consumer
    // Called also for a fetch that asked for nothing: kafkajs can hold partitions and leave them out (its #1456).
    consumer.on(events.FETCH, () => {
      if (!hasToFetch()) this.progress()
    })
    consumer.on(events.END_BATCH_PROCESS, () => this.progress())
    // Called once it was answered.
    consumer.on(events.REQUEST, ({ payload }) => {
      this.#settings.onReach?.(true)
      if (payload.apiName === 'Fetch') this.progress()
      // Counted from the request: its answer may have lain in the socket while this process was suspended.
      if (payload.apiName === 'Heartbeat') {
        const { sentAt } = payload
        this.#heartbeatSent = { steady: performance.now() - (Date.now() - sentAt), wall: sentAt }
      }
    })
    consumer.on(events.HEARTBEAT, () => {
      this.#confirmed = this.#heartbeatSent
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
