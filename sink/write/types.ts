import type { TopicPartition } from '../../kafka/index.ts'
import type { Chunk, CopyBuffer, LedgerEntry, RecordFaultCode } from '../../trail/index.ts'

/** What is written in one transaction: at most one chunk a partition. */
export interface Batch {
  /** The rows of all pages. */
  readonly buffer: CopyBuffer
  readonly chunks: readonly Chunk[]
  /** Entries: rows and what was refused. */
  readonly rows: number
  readonly bytes: number
  /** Why it was closed. */
  readonly trigger: 'rows' | 'bytes' | 'linger' | 'drain'
}

/** How a batch is written. */
export interface WriteOptions {
  /** Look for the record on which the write fails for a reason that is not known as trouble of a server. */
  readonly isolate: boolean
}

/** What became of a batch. */
export interface WriteResult {
  readonly rows: number
  readonly duplicates: number
  /** Offsets: an entry for a range counts all of it. */
  readonly quarantined: number
  /** The quarantined ones by the code of their reason, counted likewise. */
  readonly faults: ReadonlyMap<RecordFaultCode, number>
  /** ms that it took to get the rows into the table; undefined when there was nothing to write. */
  readonly copyMs?: number
  /** The same by chunk, of those that this write committed. */
  readonly booked: readonly LedgerEntry[]
  /** Chunks that are in the trail now. */
  readonly stored: readonly Chunk[]
  /** Partitions whose offset in the trail was not ours to move: another sink has them. */
  readonly fenced: readonly TopicPartition[]
  /** Statements of the proof that were written or extended. */
  readonly statements: number
  /** How often the database did not take one, since it was sealed by then: the batch was written once more. */
  readonly refusals: number
}
