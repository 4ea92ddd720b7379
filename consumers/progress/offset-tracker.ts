import { OffsetWindow } from './offset-window.ts'

/**
 * The progress of one partition: which offsets were taken, which are finished, and up to where everything is.
 *
 * fresh → (take) → counting → (rewind, after every join) → rewound → (take) → counting …
 *
 * After a join Kafka delivers again from the committed offset. What is finished or still running is then known
 * and is not taken a second time. `forget` does the same without a join.
 */
export class OffsetTracker {
  /** Taken and not yet passed by the position. */
  #window = new OffsetWindow()
  /** The same from before the last rewind, as far as it was not delivered again. */
  #earlier = new Map<number, boolean>()
  /** Taken is everything below. */
  #next: number | undefined
  /** Delivered since the last join is everything below; undefined until the first record after it. */
  #cursor: number | undefined
  #floor: number | undefined

  /** The offset to commit: everything below is finished. Undefined before the first record after a join. */
  get position(): number | undefined {
    if (this.#cursor === undefined) return undefined
    return this.#window.first ?? this.#next
  }

  /** The offset that the next record is expected at, where one was taken before. */
  get next(): number | undefined {
    return this.#next
  }

  /** How many offsets are taken and wait to be passed by the position. */
  get size(): number {
    return this.#window.size
  }

  /**
   * What a batch that starts at `first` means: `expected`; `ahead`, when it leaves something out that was to be
   * delivered again; `new log`, when it is below anything that can come again (the topic was recreated).
   */
  locate(first: number): 'expected' | 'ahead' | 'new log' {
    if (this.#next === undefined || this.#floor === undefined) return 'expected'
    if (first < (this.#cursor ?? this.#floor)) return 'new log'
    return this.#cursor === undefined && first > this.#next ? 'ahead' : 'expected'
  }

  /** Takes an offset; offsets come in ascending order. False when it is finished or running from before. */
  take(offset: number): boolean {
    this.#floor ??= offset
    this.#cursor = offset + 1
    if (this.#next !== undefined && offset < this.#next) return false
    this.#next = offset + 1
    const before = this.#earlier.get(offset)
    if (before !== undefined) this.#earlier.delete(offset)
    this.#window.add(offset, before ?? false)
    if (before) this.#window.dropFinished()
    return before === undefined
  }

  /** Nothing more comes up to and with `offset` (control records, compaction); `first` begins that range. */
  pass(offset: number, first = offset): void {
    this.#floor ??= first
    this.#cursor = offset + 1
    this.#next = Math.max(this.#next ?? 0, this.#cursor)
  }

  finish(offset: number): void {
    if (this.#window.finish(offset)) {
      if (offset === this.#window.first) this.#window.dropFinished()
    } else if (this.#earlier.has(offset)) this.#earlier.set(offset, true)
  }

  /** Kafka knows `offset` as committed: nothing below is delivered again. */
  committed(offset: number): void {
    this.#floor = offset
  }

  /** Starts over at the position, keeping in mind what is finished beyond it and what `isRunning`. */
  rewind(isRunning: (offset: number) => boolean): void {
    if (this.#next === undefined) return
    const kept = [...this.#earlier, ...this.#window.entries()].filter(
      ([offset, finished]) => finished || isRunning(offset)
    )
    this.#next = this.#window.first ?? this.#next
    this.#window = new OffsetWindow()
    this.#earlier = new Map(kept)
    this.#cursor = undefined
  }

  /**
   * Forgets what is neither finished nor `isRunning`: it comes again. Unlike {@link rewind} no one else has
   * moved on meanwhile, so the position stays.
   * @returns where to fetch from; undefined where what was fetched last is followed by what comes next anyway
   */
  forget(isRunning: (offset: number) => boolean): number | undefined {
    const keeps = ([offset, finished]: readonly [number, boolean]): boolean => finished || isRunning(offset)
    for (const entry of this.#earlier) if (!keeps(entry)) this.#earlier.delete(entry[0])
    // After a join Kafka delivers from what is committed.
    if (this.#cursor === undefined) return undefined
    const taken = [...this.#window.entries()]
    const at = taken.findIndex(entry => !keeps(entry))
    const from = taken[at]?.[0]
    if (from === undefined) return undefined
    this.#window = new OffsetWindow()
    for (const [offset, finished] of taken.slice(0, at)) this.#window.add(offset, finished)
    for (const [offset, finished] of taken.slice(at).filter(keeps)) this.#earlier.set(offset, finished)
    this.#next = from
    this.#cursor = from
    return from
  }

  /** Continues at `offset`; what is below belongs to another member. */
  moveTo(offset: number): void {
    this.#window = new OffsetWindow()
    this.#next = offset
    this.#floor = offset
    this.#cursor = offset
  }
}
