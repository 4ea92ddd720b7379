/** What the parts of a Kafka client do, whichever client that is. Types and the values that belong to them. */
export type {
  AdminLine,
  HeldBack,
  KafkaAdmin,
  LogEnds,
  PartitionDescription,
  PartitionRange,
  TopicDescription,
  TopicSpec
} from './admin.ts'
export type { KafkaClient, KafkaClientName, KafkaClientOptions } from './client.ts'
export type { GroupDescription, GroupMember } from './groups.ts'
export type { LogPage, LogReader, LogTime, PageOptions } from './log-reader.ts'
export {
  type BatchControl,
  type CommittedOffset,
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
export type {
  ClientCredentialsLogin,
  KafkaSasl,
  KafkaSecurity,
  KafkaTls,
  MskIamLogin,
  OAuthToken,
  PasswordLogin,
  PasswordMechanism,
  TokenLogin
} from './security.ts'
export type { HeaderList, HeadersByName, OutgoingRecord, PartitionBatch, Sender, SendResult } from './sender.ts'
