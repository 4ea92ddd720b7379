import type { KafkaRecord, Records, TopicPartition } from '../kafka/index.ts'
import type { RecordFault } from './errors.ts'
import { readRow, readRowId, type TrailRow } from './rows/index.ts'

/** Where a row is. */
export interface RowBytes {
  readonly buffer: { readonly bytes: Buffer }
  readonly start: number
  readonly end: number
}

/** A record that became a row; made only for the few that need a look of their own (see `pages.ts`). */
export interface Row extends RowBytes {
  readonly chunk: Chunk
  readonly offset: number
  readonly record: KafkaRecord
}

/** What a row holds, read back from its bytes. */
export const contentOf = ({ buffer, start, end }: RowBytes): TrailRow => readRow(buffer.bytes, start, end)

/** The id of a row: the first column. */
export const idOf = ({ buffer, start }: RowBytes): string => readRowId(buffer.bytes, start)

/** What cannot become a row: a record, or all offsets from `offset` to `lastOffset` as one. */
export interface BadRecord {
  readonly offset: number
  /** Default `offset`: a single record. */
  readonly lastOffset?: number
  readonly fault: RecordFault
  /** What is kept of it. Its offset is `offset`. */
  readonly record: KafkaRecord
}

/** How many offsets an entry counts for. */
export const offsetsIn = ({ offset, lastOffset = offset }: Pick<BadRecord, 'offset' | 'lastOffset'>): number =>
  lastOffset - offset + 1

/** The rows of one fetch: they follow each other in the buffer of their batch, in the order of their records. */
export interface Page {
  readonly records: Records
  readonly start: number
  readonly end: number
  readonly rows: number
  /** Where those rows begin that Postgres may refuse: it is asked about them before COPY, not by it. */
  readonly suspects: readonly number[]
}

/**
 * A chunk of one partition, without a hole: every offset from `first` to `last` is a row, is refused, is counted in
 * `skipped`, or is in `lost`.
 */
export interface Chunk extends TopicPartition {
  readonly incarnation: number
  /** The id of the topic whose log it is of, as far as it is known. */
  readonly topicId?: string | undefined
  readonly first: number
  readonly last: number
  readonly pages: readonly Page[]
  /** Rows of all pages together. */
  readonly rows: number
  readonly badRecords: readonly BadRecord[]
  /** Offsets that hold no event: control records, aborted transactions, compacted records. Counted, not subtracted. */
  readonly skipped: number
  /** Offsets at the start that were removed from the log before they were read. */
  readonly lost: number
  /** What a later start compares the log with; undefined when the chunk has no record. */
  readonly lastRecord?: LastRecord
  /** The time of that record in Kafka, ms since 1970. */
  readonly lastTimestamp?: number
  /** About how many bytes it holds in memory. */
  readonly bytes: number
}

/** What became of the rows of one transaction. */
export interface RowsResult<R extends RowBytes = Row> {
  /** How many are in the table now, by the count of Postgres. */
  readonly stored: number
  readonly duplicates: readonly R[]
  readonly badRows: readonly { readonly row: R; readonly fault: RecordFault }[]
}

/** The last record that the trail has accounted for. */
export interface LastRecord {
  readonly offset: number
  /** SHA-256 of its value. */
  readonly digest: Buffer
}
