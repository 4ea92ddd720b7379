/** Batches and records as Kafka's log has them: bytes alone, no client. */
export {
  decodeFetchResponse,
  type FetchedPartition,
  FetchedRecords,
  type FetchResponse,
  fetchVersion
} from './fetch-decoder.ts'
export { HeaderCursor } from './header-cursor.ts'
export {
  defaultMaxBatchBytes,
  isCorrupt,
  PackedRecords,
  type Portion,
  type ReadOptions,
  type ReadPortion,
  type UnreadableBatch
} from './packed-records.ts'
export { type KafkaRecord, RecordCursor, Records } from './records.ts'
