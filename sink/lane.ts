import { backoffMs, pause } from '../core/backoff.ts'
import { type Clock, machineClock } from '../core/clock.ts'
import { safeError } from '../core/errors.ts'
import type { Logger } from '../core/log.ts'
import { Batcher, type BatcherLimits } from './batcher.ts'
import { classify } from './classify.ts'
import type { CopyBuffer } from './copy-buffer.ts'
import { SinkError } from './errors.ts'
import { type Batch, type Chunk, keyOf, type WriteResult } from './types.ts'

export interface LaneOptions {
  readonly limits: BatcherLimits
  readonly write: (batch: Batch) => Promise<WriteResult>
  /** A batch was written (or found to be written already). */
  readonly onWritten: (batch: Batch, result: WriteResult) => void
  readonly onRetry?: (error: unknown, attempt: number) => void
  /** The lane failed for good. */
  readonly onFailure: (error: Error) => void
  readonly log: Logger
  /** Default: the machine's. */
  readonly clock?: Clock
}

/**
 * A queue in front of one database session: collects chunks while a batch is being written, and writes the same
 * batch again until it is stored. Each partition always uses the same lane, so that its chunks stay in order.
 *
 * open → (drain) → draining → closed; open or draining → failed, when an error shows a defect that no retry mends
 */
export class Lane {
  readonly #options: LaneOptions
  readonly #clock: Clock
  readonly #batcher: Batcher
  readonly #stop = new AbortController()
  readonly #loop: Promise<void>
  #writing: { readonly batch: Batch; readonly keys: ReadonlySet<string> } | undefined
  #failures = 0
  /** Since when what is there waits, while {@link idle} is false. */
  #waitingSince = 0
  #draining = false
  #failure: Error | undefined
  #changed = Promise.withResolvers<void>()

  constructor(options: LaneOptions) {
    this.#options = options
    this.#clock = options.clock ?? machineClock
    this.#batcher = new Batcher(options.limits)
    this.#loop = this.#run()
  }

  /** Rows that are handed over and not written yet. */
  get pendingRows(): number {
    return this.#batcher.rows + (this.#writing?.batch.rows ?? 0)
  }

  /** How often writing the batch that is in hand has failed. */
  get failures(): number {
    return this.#failures
  }

  /** ms for which something has waited to be stored while nothing was; 0 when all is. */
  get waitingMs(): number {
    return this.idle ? 0 : this.#clock.monotonic() - this.#waitingSince
  }

  /** Whether whoever adds should wait for {@link changed} first. */
  get full(): boolean {
    return this.#batcher.full
  }

  /** Whether all that was added is stored. */
  get idle(): boolean {
    return this.#batcher.empty && this.#writing === undefined
  }

  /** Whether something was added that is not being written yet. */
  get waits(): boolean {
    return !this.#batcher.empty
  }

  /** What the rows of the next chunk are written into; to be followed by {@link add} before anybody else's turn. */
  get text(): CopyBuffer {
    return this.#batcher.text
  }

  holds(key: string): boolean {
    return this.#batcher.holds(key) || (this.#writing?.keys.has(key) ?? false)
  }

  add(chunk: Chunk): void {
    if (this.#failure) throw this.#failure
    if (this.idle) this.#waitingSince = this.#clock.monotonic()
    this.#batcher.add(chunk)
    this.#notify()
  }

  /** Resolves at the next change: something was added or written, or the lane ended. */
  get changed(): Promise<void> {
    return this.#changed.promise
  }

  /** Writes what is pending and ends. Idempotent. @returns the failure that ended it earlier, if any. */
  async drain(): Promise<Error | undefined> {
    this.#draining = true
    this.#notify()
    await this.#loop
    return this.#failure
  }

  /** Ends now; what is pending is read again from Kafka by whoever comes next. */
  async close(): Promise<void> {
    this.#stop.abort()
    this.#notify()
    await this.#loop
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      const trigger =
        this.#batcher.due(this.#clock.monotonic()) ?? (this.#draining && !this.#batcher.empty ? 'drain' : undefined)
      if (trigger) {
        // One fetch brings something to many partitions, one after the other: that goes together.
        if (trigger === 'linger') await this.#clock.turn()
        const batch = this.#batcher.flush(trigger, this.#clock.monotonic())
        this.#writing = { batch, keys: new Set(batch.chunks.map(keyOf)) }
        this.#notify()
        const written = await this.#writeUntilStored(batch, signal)
        this.#writing = undefined
        if (written) this.#batcher.recycle(batch)
        this.#notify()
        if (!written) return
      } else if (this.#draining) return
      else await this.#wait(this.#batcher.untilNext(this.#clock.monotonic()))
    }
  }

  async #writeUntilStored(batch: Batch, signal: AbortSignal): Promise<boolean> {
    const { write, onWritten, onRetry, onFailure, log } = this.#options
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      try {
        const result = await write(batch)
        // What follows a stretch that was refused counts on it: alone it would fit a log that is another one by now.
        for (const partition of result.fenced) this.#batcher.drop(keyOf(partition))
        onWritten(batch, result)
        this.#failures = 0
        this.#waitingSince = this.#clock.monotonic()
        return true
      } catch (error) {
        if (isDefect(error)) {
          this.#failure = error instanceof Error ? error : new Error(String(error))
          log.error({ err: safeError(error) }, 'a batch cannot be written, the sink stops; nothing of it was stored')
          onFailure(this.#failure)
          return false
        }
        const waitMs = backoffMs(attempt, { initialMs: 50, maxMs: 5_000 }, this.#clock.random)
        this.#failures = attempt
        onRetry?.(error, attempt)
        log.warn(
          { err: safeError(error), attempt, waitMs, rows: batch.rows },
          'writing a batch failed, the same batch is written again'
        )
        await pause(waitMs, signal, this.#clock)
      }
    }
    return false
  }

  async #wait(ms: number | undefined): Promise<void> {
    const elapsed = Promise.withResolvers<void>()
    const callOff = ms === undefined ? undefined : this.#clock.after(ms, elapsed.resolve)
    await Promise.race([this.#changed.promise, elapsed.promise])
    callOff?.()
  }

  #notify(): void {
    const before = this.#changed
    this.#changed = Promise.withResolvers<void>()
    before.resolve()
  }
}

function isDefect(error: unknown): boolean {
  if (error instanceof SinkError) return !error.retryable
  return classify(error) === 'defect'
}
