/** The port to Kafka: types, errors, partitioning, and the bytes of its log. Loads no client. */
export { catchUp } from './catch-up.ts'
export {
  isConnectionRefusal,
  KafkaError,
  type KafkaErrorCode,
  kafkaErrorCodes,
  SendError,
  sendErrorCodes
} from './errors.ts'
export { type Header, headersByName } from './headers.ts'
export { MemberHealth, type MemberView } from './health.ts'
export { HeldBackTimes, heldBackWords } from './held-back.ts'
export {
  defaultMaxBatchBytes,
  HeaderCursor,
  isCorrupt,
  type KafkaRecord,
  PackedRecords,
  type Portion,
  type ReadOptions,
  type ReadPortion,
  RecordCursor,
  Records,
  type UnreadableBatch
} from './log/index.ts'
export { partitionFor } from './partitioner.ts'
export { missingInWords, type Operation, type Right } from './rights.ts'
export {
  type SecurityValues,
  securityFrom,
  securityRules,
  securitySettings
} from './security/index.ts'
export { kafkaSettings } from './settings.ts'
export type { Supersedes } from './table-rows.ts'
export { compactedTopic, type TableChanges, TopicTable } from './topic-table.ts'
export {
  type AdminLine,
  type BatchControl,
  type ClientCredentialsLogin,
  type CommittedOffset,
  type FetchLimits,
  type GroupConsumer,
  type GroupDescription,
  type HeaderList,
  type HeldBack,
  type KafkaAdmin,
  type KafkaClient,
  type KafkaClientName,
  type KafkaClientOptions,
  type KafkaSasl,
  type KafkaSecurity,
  type KafkaTls,
  keyOf,
  type LogEnds,
  type LogReader,
  leastSessionTimeoutMs,
  type MskIamLogin,
  type OAuthToken,
  type OutgoingRecord,
  type PartitionRange,
  type PartitionTrouble,
  type PassedOffsets,
  type PasswordLogin,
  type PasswordMechanism,
  type RebuildCause,
  type RecordBatch,
  type Sender,
  type SendResult,
  type TokenLogin,
  type TopicDescription,
  type TopicLook,
  type TopicPartition,
  type TopicSpec,
  topicsOf,
  type Vitals
} from './types/index.ts'
