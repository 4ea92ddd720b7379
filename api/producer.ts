/** Publishing: events to Kafka, typed by a catalogue. */

export type { ConnectionOptions, KafkaConnection, PostgresConnection, RegistryConnection } from '../connection/index.ts'
export { type Connection, connectionFromEnvironment, createConnection, type Environment } from '../connection/index.ts'
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
export type {
  BatchOptions,
  BufferOptions,
  EventToPublish,
  KafkaReceipt,
  ProducerOptions,
  Publisher,
  PublisherStats,
  PublishOptions,
  Receipt
} from '../producers/index.ts'
export {
  aggregateIdOf,
  createProducer,
  type Outcome,
  type Producer,
  PublishAllError,
  PublishError,
  type PublishErrorCode,
  type PublishErrorFacts,
  producerMetrics
} from '../producers/index.ts'
export type { EventContext, EventMap, EventName } from '../schemas/index.ts'
export { causedBy, currentContext, RegistryError, type RegistryErrorCode, withContext } from '../schemas/index.ts'
