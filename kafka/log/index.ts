/** Batches and records as they lie in Kafka's log: bytes alone, no client. */
export { decodeFetchResponse, FetchedRecords, type FetchResponse, fetchVersion } from './fetch-decoder.ts'
export {
  defaultMaxBatchBytes,
  isCorrupt,
  PackedRecords,
  type Portion,
  type ReadPortion,
  type UnreadableBatch
} from './packed-records.ts'
export { type KafkaRecord, RecordCursor, Records } from './records.ts'
