import { keyOf } from '../../kafka/index.ts'
import { type Chunk, CopyBuffer } from '../../trail/index.ts'
import type { Batch } from './types.ts'

export interface BatcherLimits {
  /** Rows at which a batch is due. At twice as many nothing more is taken. */
  readonly maxRows: number
  /** Bytes at which a batch is due. At twice as many nothing more is taken. */
  readonly maxBytes: number
  /** ms from one batch to the next at least, unless it is full. */
  readonly lingerMs: number
}

/**
 * Collects chunks of many topics and partitions into one batch, while the one before is being written: batches grow
 * with the load by themselves. Pure: the time is a parameter. Consecutive chunks of a partition are joined, so that a
 * batch moves each offset once.
 */
export class Batcher {
  readonly #limits: BatcherLimits
  #buffer = new CopyBuffer()
  #spare: CopyBuffer | undefined
  #chunks = new Map<string, Chunk>()
  #rows = 0
  #bytes = 0
  #flushedAt = Number.NEGATIVE_INFINITY

  constructor(limits: BatcherLimits) {
    this.#limits = limits
  }

  /** The buffer to which the rows of the next chunk are appended. */
  get buffer(): CopyBuffer {
    return this.#buffer
  }

  get rows(): number {
    return this.#rows
  }

  get bytes(): number {
    return this.#bytes
  }

  get empty(): boolean {
    return this.#chunks.size === 0
  }

  get full(): boolean {
    return this.#rows >= 2 * this.#limits.maxRows || this.#bytes >= 2 * this.#limits.maxBytes
  }

  holds(key: string): boolean {
    return this.#chunks.has(key)
  }

  /** Takes a chunk whose rows are at the end of {@link buffer}. */
  add(chunk: Chunk): void {
    const key = keyOf(chunk)
    const before = this.#chunks.get(key)
    if (before && (before.last + 1 !== chunk.first || before.incarnation !== chunk.incarnation)) {
      throw new TypeError(`chunks of ${key} do not follow each other`)
    }
    this.#chunks.set(key, before ? join(before, chunk) : chunk)
    this.#rows += chunk.rows + chunk.badRecords.length
    this.#bytes += chunk.bytes
  }

  /** Leaves out what is there of a partition; its bytes stay in the buffer, unused. */
  drop(key: string): void {
    const chunk = this.#chunks.get(key)
    if (!chunk) return
    this.#chunks.delete(key)
    this.#rows -= chunk.rows + chunk.badRecords.length
    this.#bytes -= chunk.bytes
  }

  /** Why the batch is due at `now`, or undefined while it is not. */
  due(now: number): Batch['trigger'] | undefined {
    if (this.empty) return undefined
    if (this.#rows >= this.#limits.maxRows) return 'rows'
    if (this.#bytes >= this.#limits.maxBytes) return 'bytes'
    return now - this.#flushedAt >= this.#limits.lingerMs ? 'linger' : undefined
  }

  /** ms until the linger is over; undefined when there is nothing to wait for. */
  untilNext(now: number): number | undefined {
    return this.empty ? undefined : Math.max(0, this.#flushedAt + this.#limits.lingerMs - now)
  }

  /** Takes all there is as one batch. */
  flush(trigger: Batch['trigger'], now: number): Batch {
    const chunks = [...this.#chunks.values()]
    const batch = { buffer: this.#buffer, chunks, rows: this.#rows, bytes: this.#bytes, trigger }
    this.#buffer = this.#spare ?? new CopyBuffer()
    this.#spare = undefined
    this.#chunks = new Map()
    this.#rows = 0
    this.#bytes = 0
    this.#flushedAt = now
    return batch
  }

  /** The batch is stored, nothing reads its buffer any more: the batch after the next uses it. */
  recycle({ buffer }: Batch): void {
    buffer.at = 0
    // One that a huge batch has made huge is not kept.
    if (buffer.bytes.length <= 4 * this.#limits.maxBytes) this.#spare = buffer
  }
}

function join(before: Chunk, after: Chunk): Chunk {
  const lastRecord = after.lastRecord ?? before.lastRecord
  const lastTimestamp = after.lastTimestamp ?? before.lastTimestamp
  return {
    topic: before.topic,
    partition: before.partition,
    incarnation: before.incarnation,
    first: before.first,
    last: after.last,
    pages: [...before.pages, ...after.pages],
    rows: before.rows + after.rows,
    badRecords: after.badRecords.length === 0 ? before.badRecords : [...before.badRecords, ...after.badRecords],
    skipped: before.skipped + after.skipped,
    lost: before.lost + after.lost,
    bytes: before.bytes + after.bytes,
    ...(lastRecord && { lastRecord }),
    ...(lastTimestamp !== undefined && { lastTimestamp })
  }
}
