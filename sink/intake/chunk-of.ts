import type { RecordBatch } from '../../kafka/index.ts'
import type { BadRecord, Chunk, EncodedPage } from '../../trail/index.ts'
import { digestOf } from '../../trail/index.ts'
import type { ReadPosition } from './read-position.ts'

/** What a queue gets of the offsets from `first` to the last: what was encoded of them, or that they hold no event. */
export function chunkOf(
  { topic, partition, lastOffset }: Pick<RecordBatch, 'topic' | 'partition' | 'lastOffset'>,
  { incarnation, topicId }: ReadPosition,
  first: number,
  encoded?: EncodedPage
): Chunk {
  const { page, badRecords = [], lastPlace, skipped = lastOffset - first + 1 } = encoded ?? {}
  const rows = page?.rows ?? 0
  const last = page && lastPlace !== undefined ? page.records.valueAt(lastPlace) : undefined
  return {
    topic,
    partition,
    incarnation,
    topicId,
    first,
    last: lastOffset,
    pages: page && rows > 0 ? [page] : [],
    rows,
    badRecords,
    skipped,
    lost: 0,
    bytes: page ? page.end - page.start + page.records.bytes + bytesOf(badRecords) : 0,
    ...(last && {
      lastRecord: { offset: last.offset, digest: digestOf(last.value) },
      lastTimestamp: last.timestamp
    })
  }
}

/** What an entry of the quarantine takes in memory, besides the record. */
const bytesPerBadRecord = 1024

/** Of what was refused, and of batches that are kept as they are in the log; other bytes are counted already. */
const bytesOf = (badRecords: readonly BadRecord[]): number =>
  badRecords.reduce(
    (sum, { lastOffset, record }) => sum + (lastOffset === undefined ? 0 : (record.value?.length ?? 0)),
    badRecords.length * bytesPerBadRecord
  )
