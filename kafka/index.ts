export { KafkaError, type KafkaErrorCode, protocolErrorOf, toKafkaError } from './errors.ts'
export { type Header, headerLimits, headersByName } from './headers.ts'
export { memberHealth } from './health.ts'
export { HeldBackTimes } from './held-back-times.ts'
export {
  connectAdmin,
  type GroupDescription,
  type KafkaAdmin,
  type PartitionRange,
  type TopicDescription,
  type TopicSpec
} from './kafkajs/admin.ts'
export { AdminLine } from './kafkajs/admin-line.ts'
export { createKafkaClient, type KafkaClient, type KafkaClientOptions } from './kafkajs/client.ts'
export { type HeldBack, heldBackWords, type LogEnds } from './kafkajs/log-ends.ts'
export { GroupConsumer } from './kafkajs/member/consumer.ts'
export {
  type FetchLimits,
  type GroupConsumerOptions,
  leastSessionTimeoutMs,
  type RebuildCause
} from './kafkajs/member/consumer-options.ts'
export type { BatchControl, PassedOffsets, RecordBatch } from './kafkajs/member/record-batch.ts'
export type { TopicLook } from './kafkajs/member/topic-watch.ts'
export type { PartitionTrouble, TroubleCode } from './kafkajs/member/unserved.ts'
export type { ConsumerState, Vitals } from './kafkajs/member/vitals.ts'
export type { HeaderList } from './kafkajs/outgoing-headers.ts'
export {
  connectSender,
  type OutgoingRecord,
  type PartitionBatch,
  type Sender,
  type SendResult
} from './kafkajs/sender.ts'
export {
  defaultMaxBatchBytes,
  isCorrupt,
  type PackedBatch,
  PackedRecords,
  type Portion,
  type ReadPortion,
  type UnreadableBatch
} from './log/packed-records.ts'
export { type KafkaRecord, RecordCursor, Records } from './log/records.ts'
export type { StoredBatch } from './log/walk.ts'
export { murmur2, partitionFor } from './partitioner.ts'
export { SendError, type SendErrorCode } from './send-error.ts'
