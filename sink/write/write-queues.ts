import { within } from '../../core/index.ts'
import type { TopicPartition } from '../../kafka/index.ts'
import { Lane, type LaneOptions } from './write-queue.ts'
import { Writer, type WriterOptions } from './writer.ts'

export interface LanesOptions extends Omit<LaneOptions, 'write'>, WriterOptions {
  readonly lanes: number
}

/** The lanes of a sink, each with a database session of its own. */
export class Lanes {
  readonly #all: readonly { readonly lane: Lane; readonly writer: Writer }[]

  constructor({ lanes, ...options }: LanesOptions) {
    this.#all = Array.from({ length: lanes }, () => {
      const writer = new Writer(options)
      return { writer, lane: new Lane({ ...options, write: (batch, how) => writer.write(batch, how) }) }
    })
  }

  /** A partition always has the same one, so that its chunks stay in order. */
  of({ topic, partition }: TopicPartition): Lane {
    let hash = partition
    for (const letter of topic) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0
    return (this.#all[hash % this.#all.length] as { lane: Lane }).lane
  }

  /** Rows that are handed over and not written yet. */
  get pendingRows(): number {
    return this.#all.reduce((sum, { lane }) => sum + lane.pendingRows, 0)
  }

  /** Bytes that are handed over and not written yet. */
  get bytes(): number {
    return this.#all.reduce((sum, { lane }) => sum + lane.bytes, 0)
  }

  /** How often writing a batch that is in hand has failed; the most of all lanes. */
  get failures(): number {
    return Math.max(...this.#all.map(({ lane }) => lane.failures))
  }

  /** ms for which something has waited to be stored in a lane that stored nothing; 0 when all is stored. */
  get waitingMs(): number {
    return Math.max(...this.#all.map(({ lane }) => lane.waitingMs))
  }

  /** Resolves at the next change in any of them. */
  get changed(): Promise<void> {
    return Promise.race(this.#all.map(({ lane }) => lane.changed))
  }

  /** Writes what is pending, and ends. */
  async drain(): Promise<void> {
    await Promise.all(this.#all.map(({ lane }) => lane.drain()))
  }

  /** Ends now; what is pending is read again from Kafka by whoever comes next. */
  async close(): Promise<void> {
    await Promise.all(
      this.#all.map(async ({ lane, writer }) => {
        const closed = lane.close()
        // A write that Postgres holds up would otherwise hold up the end.
        await writer.close()
        await within(5_000, closed)
      })
    )
  }
}
