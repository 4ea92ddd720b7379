/** The port to Kafka: types, errors, partitioning, and the bytes of its log. Loads no client. */
export { KafkaError, protocolErrorOf } from './errors.ts'
export { type Header, headersByName } from './headers.ts'
export { memberHealth } from './health.ts'
export { HeldBackTimes } from './held-back-times.ts'
export {
  defaultMaxBatchBytes,
  isCorrupt,
  type KafkaRecord,
  PackedRecords,
  type Portion,
  type ReadPortion,
  RecordCursor,
  Records,
  type UnreadableBatch
} from './log/index.ts'
export { type HeldBack, heldBackWords, type LogEnds } from './log-ends.ts'
export { partitionFor } from './partitioner.ts'
export { SendError } from './send-error.ts'
export { kafkaSettings } from './settings.ts'
export { type KafkaSecurity, keyOf, type TopicPartition, topicsOf } from './types.ts'
export type { PartitionTrouble } from './unserved.ts'
