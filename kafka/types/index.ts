/** What the parts of a Kafka client do, whichever client that is. Types and the values that belong to them. */
export type {
  AdminLine,
  GroupDescription,
  HeldBack,
  KafkaAdmin,
  LogEnds,
  PartitionDescription,
  PartitionRange,
  TopicDescription,
  TopicSpec
} from './admin.ts'
export type { KafkaClient, KafkaClientName, KafkaClientOptions, KafkaSecurity } from './client.ts'
export {
  type BatchControl,
  type ConsumerState,
  type FetchLimits,
  type GroupConsumer,
  type GroupConsumerOptions,
  leastSessionTimeoutMs,
  type PartitionTrouble,
  type PassedOffsets,
  type RebuildCause,
  type RecordBatch,
  type TopicLook,
  type Vitals
} from './member.ts'
export { keyOf, type TopicPartition, topicsOf } from './partition.ts'
export type { HeaderList, HeadersByName, OutgoingRecord, PartitionBatch, Sender, SendResult } from './sender.ts'
