import type { Pending } from './types.ts'

export interface UnansweredOptions {
  /** At which a producer is full. */
  readonly bounds: { readonly maxRecords: number; readonly maxBytes: number }
  readonly deliveryTimeoutMs: number
  /** Looks for events past their deadline; called while there are any without an answer. */
  readonly onSweep: () => void
}

/** How many calls have no answer yet, and who waits for that to change: for room, for the last answer, for a deadline. */
export class Unanswered {
  readonly #options: UnansweredOptions
  readonly #sweepEveryMs: number
  #records = 0
  #bytes = 0
  #sweeper: NodeJS.Timeout | undefined
  #whenRoom: PromiseWithResolvers<void> | undefined
  #whenIdle: PromiseWithResolvers<void> | undefined

  constructor(options: UnansweredOptions) {
    this.#options = options
    this.#sweepEveryMs = Math.min(1_000, Math.max(10, options.deliveryTimeoutMs / 20))
  }

  get records(): number {
    return this.#records
  }

  get bytes(): number {
    return this.#bytes
  }

  /** 1 when it is at its bounds. */
  get fill(): number {
    const { maxRecords, maxBytes } = this.#options.bounds
    return Math.max(this.#records / maxRecords, this.#bytes / maxBytes)
  }

  /** A promise for room; undefined when there is some. */
  room(): Promise<void> | undefined {
    if (this.fill < 1) return undefined
    this.#whenRoom ??= Promise.withResolvers()
    return this.#whenRoom.promise
  }

  /** A promise for the last answer; undefined when there is none to wait for. */
  idle(): Promise<void> | undefined {
    if (this.#records === 0) return undefined
    this.#whenIdle ??= Promise.withResolvers()
    return this.#whenIdle.promise
  }

  add({ bytes }: Pending): void {
    this.#records += 1
    this.#bytes += bytes
    if (!this.#sweeper) this.#sweepLater()
  }

  /** Marks a call as done: it must be answered once, and now. */
  answered(item: Pending): void {
    item.done = true
    this.#records -= 1
    this.#bytes -= item.bytes
    if (this.#whenRoom && this.fill < 1) {
      this.#whenRoom.resolve()
      this.#whenRoom = undefined
    }
    if (this.#records > 0) return
    clearTimeout(this.#sweeper)
    this.#sweeper = undefined
    this.#whenIdle?.resolve()
    this.#whenIdle = undefined
  }

  #sweepLater(): void {
    this.#sweeper = setTimeout(() => {
      this.#sweeper = undefined
      this.#options.onSweep()
      if (this.#records > 0 && !this.#sweeper) this.#sweepLater()
    }, this.#sweepEveryMs)
  }
}
