/** The adapter: clients, senders, group members and admins made of kafkajs. */
export { AdminLine } from './admin-line.ts'
export { type GroupDescription, type KafkaAdmin, type PartitionRange, type TopicDescription, connectAdmin } from './admin.ts'
export { type KafkaClient, createKafkaClient } from './client.ts'
export { type BatchControl, type FetchLimits, GroupConsumer, type GroupConsumerOptions, type PassedOffsets, type RebuildCause, type RecordBatch, type TopicLook, Vitals, leastSessionTimeoutMs } from './member/index.ts'
export type { HeaderList } from './outgoing-headers.ts'
export { type OutgoingRecord, type SendResult, type Sender, connectSender } from './sender.ts'
