import type { Clock } from '../../core/index.ts'
import type { Batching, Lane, LaneItem } from './lane.ts'

/** Lanes that wait for a slot, the longest waiting first; says which of them start together, and when. */
export class ReadyLanes<T extends LaneItem> {
  readonly name: string
  readonly maxItems: number
  readonly #maxWaitMs: number
  readonly #clock: Clock
  readonly #onDue: () => void
  /** From `#first` on: taking the first out of a Set or an array costs the more the longer it is. */
  #lanes: Lane<T>[] = []
  #first = 0
  /** What a batch could take; of no meaning where items are started one by one. */
  #items = 0
  #callOff: (() => void) | undefined

  /** @param onDue called when a batch has waited for `maxWaitMs` */
  constructor({ name, maxItems, maxWaitMs }: Batching, clock: Clock, onDue: () => void) {
    this.name = name
    this.maxItems = maxItems
    this.#maxWaitMs = maxWaitMs
    this.#clock = clock
    this.#onDue = onDue
  }

  put(lane: Lane<T>): void {
    if (this.#maxWaitMs > 0) lane.readyAt = this.#clock.monotonic()
    this.#lanes.push(lane)
    this.#items += lane.waiting.length
  }

  /** A lane that waits here has one item more. */
  grew(): void {
    this.#items += 1
  }

  clear(): void {
    this.#lanes = []
    this.#first = 0
    this.#items = 0
  }

  get isEmpty(): boolean {
    return this.#count === 0
  }

  /** The lanes whose items fill a batch, the last one maybe with more than fits; undefined when none is to start now. */
  take(): readonly Lane<T>[] | undefined {
    if (this.#count === 0 || this.#isEarly()) return undefined
    const taken: Lane<T>[] = []
    for (let room = this.maxItems; room > 0 && this.#count > 0; ) {
      const lane = this.#shift()
      taken.push(lane)
      room -= lane.waiting.length
    }
    return taken
  }

  /** Nothing is to start any more. */
  stop(): void {
    this.#callOff?.()
    this.#callOff = undefined
  }

  get #count(): number {
    return this.#lanes.length - this.#first
  }

  #isEarly(): boolean {
    if (this.#maxWaitMs === 0 || this.#items >= this.maxItems) return false
    const waitMs = (this.#lanes[this.#first]?.readyAt ?? 0) + this.#maxWaitMs - this.#clock.monotonic()
    if (waitMs <= 0) return false
    this.#callOff ??= this.#clock.after(waitMs, () => {
      this.#callOff = undefined
      this.#onDue()
    })
    return true
  }

  #shift(): Lane<T> {
    const lane = this.#lanes[this.#first] as Lane<T>
    this.#first += 1
    if (this.#first >= 1_024 && this.#first * 2 >= this.#lanes.length) {
      this.#lanes = this.#lanes.slice(this.#first)
      this.#first = 0
    } else if (this.#first === this.#lanes.length) {
      this.#lanes.length = 0
      this.#first = 0
    }
    this.#items -= lane.waiting.length
    return lane
  }
}
