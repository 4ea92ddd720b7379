import { pause } from '../../core/index.ts'
import type { Kill } from './checks.ts'
import { count } from './show/index.ts'
import type { Stage } from './stage.ts'
import type { Tally } from './tally.ts'

/** Once this share of the day is stored, the sink is killed … */
const killAt = 0.4
/** … and publishing waits for that before this share, so that events come in while it dies, and after. */
const gateAt = 0.5
/** ms that the sink may live on until a hundredth of the day more is published. */
const burstMs = 2_000

/**
 * Kills the sink in the middle of the day and starts another in its place.
 *
 * waiting (until enough is stored) → killed (until the other one has stored more) → recovered
 */
export class SinkKill {
  readonly #stage: Stage
  readonly #events: number
  readonly #tally: Tally
  readonly #opened = Promise.withResolvers<void>()
  #killedAt = 0
  /** What became of it; undefined while it waits. */
  outcome: Kill | undefined

  constructor(stage: Stage, events: number, tally: Tally) {
    this.#stage = stage
    this.#events = events
    this.#tally = tally
  }

  /** Before which event the publisher waits, and for what. */
  get gate(): { readonly at: number; readonly opened: Promise<void> } {
    return { at: Math.ceil(this.#events * gateAt), opened: this.#opened.promise }
  }

  openGate(): void {
    this.#opened.resolve()
  }

  /**
   * Does what is due.
   * @param stored rows in the trail
   * @returns a line about it, if it did something
   */
  async look(stored: number, signal: AbortSignal): Promise<string | undefined> {
    const { outcome } = this
    if (!outcome) return stored < Math.ceil(this.#events * killAt) ? undefined : await this.#replaceSink(signal)
    if (outcome.recoveredMs === undefined && stored > outcome.stored)
      this.outcome = { ...outcome, recoveredMs: performance.now() - this.#killedAt }
    return undefined
  }

  async #replaceSink(signal: AbortSignal): Promise<string> {
    const { sink, observer } = this.#stage
    const burst = Math.min(this.#events, this.#tally.published + Math.ceil(this.#events / 100))
    this.openGate()
    // In the middle of the work: what Kafka takes now is on its way to the sink.
    const patience = performance.now() + burstMs
    while (this.#tally.published < burst && performance.now() < patience && !signal.aborted) await pause(1, signal)
    const { published } = this.#tally
    await sink.kill()
    this.#killedAt = performance.now()
    // Postgres may be at its last COMMIT still: those rows are the killed one's.
    while ((await observer.sinkIsAtWork()) && !signal.aborted) await pause(10, signal)
    const stored = await observer.stored()
    this.outcome = { stored, published, recoveredMs: undefined }
    const successor = this.#stage.startSink()
    return `killed the sink (process ${sink.pid}, SIGKILL) with ${count(stored)} rows stored; process ${successor.pid} takes its place`
  }
}
