import type { Logger } from '../../core/index.ts'
import { backoffMs, type Clock, machineClock, pause, safeError } from '../../core/index.ts'
import { keyOf, type TopicPartition } from '../../kafka/index.ts'
import { ProofError } from '../../proof/index.ts'
import type { CopyBuffer } from '../../trail/index.ts'
import { type Chunk, classify, isProgramFault, TrailError, type TrailErrorCode } from '../../trail/index.ts'
import { Batcher, type BatcherLimits } from './batcher.ts'
import type { Batch, WriteOptions, WriteResult } from './types.ts'

export interface WriteQueueOptions {
  readonly limits: BatcherLimits
  readonly write: (batch: Batch, options: WriteOptions) => Promise<WriteResult>
  /** A chunk was added; its rows are in the buffer. */
  readonly onAdded?: (chunk: Chunk, buffer: CopyBuffer) => void
  /** A batch was written (or found to be written already). */
  readonly onWritten: (batch: Batch, result: WriteResult) => void
  readonly onRetry?: (error: unknown, attempt: number) => void
  /**
   * A partition cannot be written, and neither a server nor one of its records is known to be the reason: what was read
   * of it is given up, to be read again later, so that the other partitions of the queue continue. Without it, what was
   * read is written again until it is stored.
   */
  readonly onPostponed?: (partition: TopicPartition, error: unknown) => void
  /** The queue failed for good. */
  readonly onFailure: (error: Error) => void
  readonly log: Logger
  /** Default: the machine's. */
  readonly clock?: Clock
}

/**
 * A queue in front of one database session: collects chunks while a batch is being written, and writes the same
 * batch again until it is stored. Each partition always uses the same queue, so that its chunks stay in order.
 *
 * open → (drain) → draining → closed; open or draining → failed, when an error shows a defect that no retry fixes
 */
export class WriteQueue {
  readonly #options: WriteQueueOptions
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

  constructor(options: WriteQueueOptions) {
    this.#options = options
    this.#clock = options.clock ?? machineClock
    this.#batcher = new Batcher(options.limits)
    this.#loop = this.#run()
  }

  /** Rows that are handed over and not written yet. */
  get pendingRows(): number {
    return this.#batcher.rows + (this.#writing?.batch.rows ?? 0)
  }

  /** Bytes that are handed over and not written yet. */
  get bytes(): number {
    return this.#batcher.bytes + (this.#writing?.batch.bytes ?? 0)
  }

  /** How often writing the batch that is in hand has failed. */
  get failures(): number {
    return this.#failures
  }

  /** ms for which something has waited to be stored while nothing was; 0 when all is. */
  get waitingMs(): number {
    return this.idle ? 0 : this.#clock.monotonic() - this.#waitingSince
  }

  /** Whether callers should wait for {@link changed} before they add. */
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
  get buffer(): CopyBuffer {
    return this.#batcher.buffer
  }

  holds(key: string): boolean {
    return this.#batcher.holds(key) || (this.#writing?.keys.has(key) ?? false)
  }

  add(chunk: Chunk): void {
    if (this.#failure) throw this.#failure
    if (this.idle) this.#waitingSince = this.#clock.monotonic()
    this.#batcher.add(chunk)
    this.#options.onAdded?.(chunk, this.#batcher.buffer)
    this.#notify()
  }

  /** Resolves at the next change: something was added or written, or the queue ended. */
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

  /** Ends now; what is pending is read from Kafka again, by this sink or the next. */
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
    // What is left to write, and how often each failed for a reason that no server is known to have.
    let parts = [{ batch, unexplained: 0 }]
    // Not `retry()`: what is tried again changes with what was stored of it, and with why it failed.
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      const [part, ...others] = parts
      if (!part) return true
      const isolate = part.unexplained >= patience
      try {
        const result = await write(part.batch, { isolate })
        // What follows a chunk that was refused counts on it: alone it would fit a log that is another one by now.
        for (const partition of result.fenced) this.#batcher.drop(keyOf(partition))
        onWritten(part.batch, result)
        this.#failures = 0
        this.#waitingSince = this.#clock.monotonic()
        parts = others
        attempt = 0
      } catch (error) {
        const unexplained = part.unexplained + weightOf(error)
        if (isDefect(error) || (isProgramFault(error) && unexplained >= 2 * patience)) {
          this.#failure = error instanceof Error ? error : new Error(String(error))
          log.error(
            { err: safeError(error) },
            'a batch cannot be written; nothing of it was stored, and the sink stops'
          )
          onFailure(this.#failure)
          return false
        }
        const waitMs = backoffMs(attempt, { initialMs: 50, maxMs: 5_000 }, this.#clock.random)
        this.#failures = attempt
        onRetry?.(error, attempt)
        log.warn(
          { err: safeError(error), attempt, waitMs, rows: part.batch.rows },
          'writing a batch failed; retrying the same batch'
        )
        parts = this.#next({ batch: part.batch, unexplained }, others, error)
        await pause(waitMs, signal, this.#clock)
      }
    }
    return false
  }

  /** What to write after a failure: each partition apart, once it continues for a reason that no server is known to have. */
  #next(failed: Part, others: readonly Part[], error: unknown): Part[] {
    const { batch, unexplained } = failed
    if (unexplained < patience) return [failed, ...others]
    if (batch.chunks.length > 1) {
      const partitions = batch.chunks.length
      if (refusesAll(error)) this.#options.log.warn({ partitions }, 'writing the partitions of the batch separately')
      else
        this.#options.log.error(
          { partitions },
          'a batch fails for an unknown reason: writing its partitions separately to find the record that fails'
        )
      return [...batch.chunks.map(chunk => ({ batch: partOf(batch, chunk), unexplained })), ...others]
    }
    const [chunk] = batch.chunks
    if (unexplained < 2 * patience || !chunk || !this.#options.onPostponed) return [...others, failed]
    this.#batcher.drop(keyOf(chunk))
    this.#options.onPostponed(chunk, error)
    return [...others]
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

/** Some of what a queue has to write. */
interface Part {
  readonly batch: Batch
  readonly unexplained: number
}

/** One partition of a batch; its rows stay where they are. */
const partOf = (batch: Batch, chunk: Chunk): Batch => ({
  ...batch,
  chunks: [chunk],
  rows: chunk.rows + chunk.badRecords.length,
  bytes: chunk.bytes
})

// Failures for an unknown reason after which a record may be the cause.
const patience = 5

/** How much an error says that a record may be the cause: a defect of the program recurs each time. */
function weightOf(error: unknown): number {
  if (isProgramFault(error) || refusesAll(error)) return patience
  return error instanceof TrailError || classify(error) === 'server' ? 0 : 1
}

const refusesAll = (error: unknown): boolean => error instanceof TrailError && error.code === 'TABLE_REFUSES_ALL'

// What an operator changes while the sink waits.
const awaited: ReadonlySet<TrailErrorCode> = new Set(['PROOF_KEY_MISSING', 'PROOF_KEY_REFUSED'])

function isDefect(error: unknown): boolean {
  if (error instanceof TrailError) return !error.retryable && !awaited.has(error.code)
  if (error instanceof ProofError) return error.code === 'STATEMENT_REFUSED'
  return classify(error) === 'defect'
}
