/** Batches and records as they lie in Kafka's log: bytes alone, no client. */
export { type FetchResponse, FetchedRecords, decodeFetchResponse, fetchVersion } from './fetch-decoder.ts'
export { PackedRecords, type Portion, type ReadPortion, type UnreadableBatch, defaultMaxBatchBytes, isCorrupt } from './packed-records.ts'
export { type KafkaRecord, RecordCursor, Records } from './records.ts'
