import { within } from '../../core/index.ts'
import type { TopicPartition } from '../../kafka/index.ts'
import type { Chunk, CopyBuffer } from '../../trail/index.ts'
import type { Batch, WriteOptions } from './types.ts'
import { WriteQueue, type WriteQueueOptions } from './write-queue.ts'
import { Writer, type WriterOptions } from './writer.ts'

export interface WriteQueuesOptions {
  /** Database sessions that write in parallel: each has a queue of its own. */
  readonly connections: number
  readonly queue: Omit<WriteQueueOptions, 'write' | 'onAdded'>
  readonly writer: WriterOptions
}

/** The write queues of a sink, one for each database session. */
export class WriteQueues {
  readonly #all: readonly { readonly queue: WriteQueue; readonly writer: Writer }[]

  constructor({ connections, queue, writer: writing }: WriteQueuesOptions) {
    this.#all = Array.from({ length: connections }, () => {
      const writer = new Writer(writing)
      const work = {
        write: (batch: Batch, how: WriteOptions) => writer.write(batch, how),
        onAdded: (chunk: Chunk, buffer: CopyBuffer) => writer.prepare(chunk, buffer)
      }
      return { writer, queue: new WriteQueue({ ...queue, ...work }) }
    })
  }

  /** The queue of a partition: always the same one, so that its chunks stay in order. */
  of({ topic, partition }: TopicPartition): WriteQueue {
    let hash = partition
    for (const letter of topic) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0
    return (this.#all[hash % this.#all.length] as { queue: WriteQueue }).queue
  }

  /** Rows that are handed over and not written yet. */
  get pendingRows(): number {
    return this.#all.reduce((sum, { queue }) => sum + queue.pendingRows, 0)
  }

  /** Bytes that are handed over and not written yet. */
  get bytes(): number {
    return this.#all.reduce((sum, { queue }) => sum + queue.bytes, 0)
  }

  /** How often writing a batch that is in hand has failed; the most of all queues. */
  get failures(): number {
    return Math.max(...this.#all.map(({ queue }) => queue.failures))
  }

  /** ms for which something has waited to be stored in a queue that stored nothing; 0 when all is stored. */
  get waitingMs(): number {
    return Math.max(...this.#all.map(({ queue }) => queue.waitingMs))
  }

  /** Resolves at the next change in any of them. */
  get changed(): Promise<void> {
    return Promise.race(this.#all.map(({ queue }) => queue.changed))
  }

  /** Writes what is pending, and ends. */
  async drain(): Promise<void> {
    await Promise.all(
      this.#all.map(async ({ queue, writer }) => {
        await queue.drain()
        await writer.finish()
      })
    )
  }

  /** Ends now; what is pending is read from Kafka again, by this sink or the next. */
  async close(): Promise<void> {
    await Promise.all(
      this.#all.map(async ({ queue, writer }) => {
        const closed = queue.close()
        // A write that Postgres holds up would otherwise hold up the end.
        await writer.close()
        await within(5_000, closed)
      })
    )
  }
}
