export {
  connectAdmin,
  type GroupDescription,
  type KafkaAdmin,
  type PartitionRange,
  type TopicDescription,
  type TopicSpec
} from './admin.ts'
export { AdminLine } from './admin-line.ts'
export { createKafkaClient, type KafkaClient, type KafkaClientOptions } from './client.ts'
export { GroupConsumer } from './consumer.ts'
export {
  type FetchLimits,
  type GroupConsumerOptions,
  leastSessionTimeoutMs,
  type RebuildCause
} from './consumer-options.ts'
export { KafkaError, type KafkaErrorCode, protocolErrorOf, toKafkaError } from './errors.ts'
export { type Header, headerLimits, headersByName } from './headers.ts'
export { HeldBackTimes } from './held-back-times.ts'
export { type HeldBack, heldBackWords, type LogEnds } from './log-ends.ts'
export { memberHealth } from './member-health.ts'
export type { HeaderList } from './outgoing-headers.ts'
export {
  defaultMaxBatchBytes,
  isCorrupt,
  type PackedBatch,
  PackedRecords,
  type Portion,
  type ReadPortion,
  type UnreadableBatch
} from './packed-records.ts'
export { murmur2, partitionFor } from './partitioner.ts'
export { connectSender, type OutgoingRecord, type PartitionBatch, type Sender, type SendResult } from './producer.ts'
export type { BatchControl, PassedOffsets, RecordBatch } from './record-batch.ts'
export { type KafkaRecord, RecordCursor, Records } from './records.ts'
export { SendError, type SendErrorCode } from './send-error.ts'
export type { TopicLook } from './topic-watch.ts'
export type { PartitionTrouble, TroubleCode } from './unserved.ts'
export type { ConsumerState, Vitals } from './vitals.ts'
export type { StoredBatch } from './walk.ts'
