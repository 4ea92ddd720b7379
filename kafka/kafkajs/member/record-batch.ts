import type { Batch } from 'kafkajs'
import type { KafkaRecord } from '../../log/index.ts'
import { FetchedRecords, PackedRecords } from '../../log/index.ts'
import type { PassedOffsets, RecordBatch } from '../../types/index.ts'
import { tooOld } from '../errors.ts'

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
