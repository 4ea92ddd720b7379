/** Consumer groups with typed handlers. Loads no driver of Postgres; indexer and notifier have entry points of their own. */

export type { ConnectionOptions, KafkaConnection, PostgresConnection, RegistryConnection } from '../connection/index.ts'
export { type Connection, connectionFromEnvironment, createConnection, type Environment } from '../connection/index.ts'
export type {
  BatchContext,
  BatchHandler,
  BreakerOptions,
  ConsumerGroup,
  ConsumerGroupOptions,
  GroupStats,
  Handler,
  Handlers,
  InboxOptions,
  MessageContext,
  MessageHandler,
  Middleware,
  Once,
  OnceOfBatch,
  OnceOptions,
  OncePool,
  OnceSession,
  PauseScope,
  PruneOptions,
  RetryPolicy,
  SeekTarget,
  StartFrom
} from '../consumers/index.ts'
export {
  ConsumerError,
  type ConsumerErrorCode,
  createConsumerGroup,
  type DeadLetterFacts,
  deadLetterHeaders,
  groupMetrics,
  InboxError,
  type InboxErrorCode,
  inboxMigrations,
  inboxSql,
  pruneInbox,
  RejectMessage,
  RetryLater,
  redriveHeaders
} from '../consumers/index.ts'
export {
  ConfigError,
  type ConfigErrorCode,
  type DrainOptions,
  type FileOrText,
  type FromFile,
  type LifecycleState,
  OptionsError,
  type Secret
} from '../core/index.ts'
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
} from '../kafka/index.ts'
export { KafkaError, type KafkaErrorCode } from '../kafka/index.ts'
export type { Health } from '../observability/index.ts'
export type { EventContext } from '../schemas/index.ts'
export {
  causedBy,
  currentContext,
  RegistryError,
  type RegistryErrorCode,
  SchemaError,
  type SchemaErrorCode,
  withContext
} from '../schemas/index.ts'
