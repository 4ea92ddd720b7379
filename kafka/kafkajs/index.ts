/** The adapter: clients, senders, group members and admins made of kafkajs. */

export {
  connectAdmin,
  type GroupDescription,
  type KafkaAdmin,
  type PartitionRange,
  type TopicDescription
} from './admin.ts'
export { AdminLine } from './admin-line.ts'
export { createKafkaClient, type KafkaClient } from './client.ts'
export {
  type BatchControl,
  type FetchLimits,
  GroupConsumer,
  type GroupConsumerOptions,
  leastSessionTimeoutMs,
  type PassedOffsets,
  type RebuildCause,
  type RecordBatch,
  type TopicLook,
  Vitals
} from './member/index.ts'
export type { HeaderList } from './outgoing-headers.ts'
export { connectSender, type OutgoingRecord, type Sender, type SendResult } from './sender.ts'
