import { type LifeView, notRunning } from '../../core/index.ts'
import { type Health, Reach } from '../../observability/index.ts'
import type { Outcome } from '../errors.ts'
import type { PublisherStats } from '../types.ts'
import type { EventStore } from './types.ts'

/** What a bus reports: counts, and whether its store is reachable. */
export class BusTelemetry {
  /** Undefined where the store cannot be asked. */
  readonly #store: Reach | undefined
  #published = 0
  #failed = 0
  #unknown = 0
  #unacknowledged = 0
  #unacknowledgedBytes = 0

  constructor(store: EventStore) {
    if (store.ping) this.#store = new Reach({ name: 'the store', probe: async () => await store.ping?.() })
  }

  stats(): PublisherStats {
    return {
      published: this.#published,
      failed: this.#failed,
      unknown: this.#unknown,
      unacknowledged: this.#unacknowledged,
      unacknowledgedBytes: this.#unacknowledgedBytes
    }
  }

  /** As of a producer: nothing is probed before the first call, and a bus that is new takes events. */
  health(life: LifeView): Health {
    if (life.state !== 'running' && life.state !== 'new') return { notReady: notRunning(life), dead: [] }
    this.#store?.watch()
    return { notReady: this.#store?.reasons ?? [], dead: [] }
  }

  readonly heard = (answered: boolean): void => this.#store?.heard(answered)

  accepted(bytes: number): void {
    this.#unacknowledged += 1
    this.#unacknowledgedBytes += bytes
  }

  stored(bytes: number): void {
    this.#published += 1
    this.#answered(bytes)
  }

  failed(bytes: number, outcome: Outcome): void {
    if (outcome === 'unknown') this.#unknown += 1
    else this.#failed += 1
    this.#answered(bytes)
  }

  close(): void {
    this.#store?.close()
  }

  #answered(bytes: number): void {
    this.#unacknowledged -= 1
    this.#unacknowledgedBytes -= bytes
  }
}
