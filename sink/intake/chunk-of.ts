import type { RecordBatch } from '../../kafka/index.ts'
import type { Chunk, Decoded, Position, Refused } from '../../trail/index.ts'
import { digestOf } from '../../trail/index.ts'

/** What a lane gets of the offsets from `first` to the last: what was decoded of them, or that they hold no event. */
export function chunkOf(
  { topic, partition, lastOffset }: Pick<RecordBatch, 'topic' | 'partition' | 'lastOffset'>,
  { incarnation, topicId }: Position,
  first: number,
  decoded?: Decoded
): Chunk {
  const { page, refused = [], lastPlace, skipped = lastOffset - first + 1 } = decoded ?? {}
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
    refused,
    skipped,
    lost: 0,
    bytes: page ? page.end - page.start + page.records.bytes + bytesOf(refused) : 0,
    ...(last && {
      lastRecord: { offset: last.offset, digest: digestOf(last.value) },
      lastTimestamp: last.timestamp
    })
  }
}

/** What an entry of the quarantine takes in memory, besides the record. */
const bytesPerRefused = 1024

/** Of what was refused, and of batches that are kept as they lie in the log; other bytes are counted already. */
const bytesOf = (refused: readonly Refused[]): number =>
  refused.reduce(
    (sum, { lastOffset, record }) => sum + (lastOffset === undefined ? 0 : (record.value?.length ?? 0)),
    refused.length * bytesPerRefused
  )
