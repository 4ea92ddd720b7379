import type { Batch } from 'kafkajs'
import { KafkaError } from '../../errors.ts'
import type { KafkaRecord } from '../../log/index.ts'
import { FetchedRecords, fetchVersion, PackedRecords } from '../../log/index.ts'

/** Consecutive records of one partition, in order of their offsets. */
export interface RecordBatch {
  readonly topic: string
  readonly partition: number
  /** The records as they lie in the log. By the heads of their batches there is one at least. */
  readonly raw: PackedRecords
  /** Those that can be read, as objects, all in memory at once; made when they are first asked for. */
  readonly records: readonly KafkaRecord[]
  /** The offset it was asked for from; the first record may lie behind it. */
  readonly fetchedOffset: number
  /** Where what was fetched begins, not before `fetchedOffset`. */
  readonly firstOffset: number
  /** The last offset this batch covers; past the last record where control or compacted records follow it. */
  readonly lastOffset: number
  /** The end of the log when the batch was fetched. */
  readonly highWatermark: number
}

/** What a batch handler may do to the consumer. */
export interface BatchControl {
  /** Tells the group that this member lives. Call it at least every few hundred ms while working or waiting. */
  heartbeat(): Promise<void>
  /** The next fetch of this partition starts behind `offset`. Returning without it delivers the batch again. */
  resolve(offset: number): void
  /** The next fetch of this partition starts at `offset`. */
  seek(offset: number): void
  /** Aborted when the consumer stops or is rebuilt: return soon. */
  readonly signal: AbortSignal
}

/** Offsets of a partition that were fetched and hold no record. */
export interface PassedOffsets {
  readonly topic: string
  readonly partition: number
  /** The offset they were asked for from. */
  readonly fetchedOffset: number
  /** Where what was fetched begins, not before `fetchedOffset`. */
  readonly firstOffset: number
  readonly lastOffset: number
}

class FetchedBatch implements RecordBatch, PassedOffsets {
  readonly topic: string
  readonly partition: number
  readonly raw: PackedRecords
  readonly fetchedOffset: number
  readonly firstOffset: number
  readonly lastOffset: number
  readonly highWatermark: number
  #records: readonly KafkaRecord[] | undefined

  constructor(batch: Batch, fetchedOffset: number, fetched: FetchedRecords, maxBatchBytes: number) {
    const { batches, firstOffset, offset } = fetched
    this.topic = batch.topic
    this.partition = batch.partition
    this.raw = new PackedRecords(batches, fetchedOffset, maxBatchBytes)
    this.fetchedOffset = fetchedOffset
    this.firstOffset = Math.max(firstOffset, fetchedOffset)
    this.lastOffset = Number(offset)
    this.highWatermark = Number(batch.highWatermark)
  }

  get records(): readonly KafkaRecord[] {
    this.#records ??= [...this.raw]
    return this.#records
  }
}

/**
 * What a consumer that fetches raw got; without a record in it when they may not be seen, or were compacted away.
 * @throws KafkaError `KAFKA_UNSUPPORTED`
 */
export function readBatch(batch: Batch, maxBatchBytes: number): RecordBatch & PassedOffsets {
  const [fetched]: readonly unknown[] = batch.messages
  if (!(fetched instanceof FetchedRecords)) throw tooOld()
  // It is not in kafkajs's types, and in every batch of 2.2.4, the version that package.json pins.
  const { fetchedOffset } = batch as Batch & { readonly fetchedOffset: string }
  return new FetchedBatch(batch, Number(fetchedOffset), fetched, maxBatchBytes)
}

export const tooOld = (): KafkaError =>
  new KafkaError('KAFKA_UNSUPPORTED', `a broker does not speak Fetch ${fetchVersion}: Kafka 2.3 or later is needed`)
