/**
 * The parts that most programs start with, in one import. A service that has no database imports
 * `eventtrail/producer` instead, which loads no driver; each room has more under its own subpath.
 */

export type {
  ConnectionOptions,
  ConnectionWithPostgres,
  KafkaConnection,
  PostgresConnection,
  RegistryConnection
} from '../connection/index.ts'
export { type Connection, connectionFromEnvironment, createConnection, type Environment } from '../connection/index.ts'
export {
  ConsumerError,
  type ConsumerGroup,
  type ConsumerGroupOptions,
  createConsumerGroup,
  type Handlers,
  RejectMessage,
  RetryLater
} from '../consumers/index.ts'
export type { ConfigErrorCode, FileOrText, FromFile, Handle, Logger, Secret } from '../core/index.ts'
export { ConfigError, EventtrailError, OptionsError, type SafeError, safeError } from '../core/index.ts'
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
export { KafkaError } from '../kafka/index.ts'
export type { Health, Meter } from '../observability/index.ts'
export { MigrationError, PostgresError } from '../postgres/index.ts'
export { type Bus, BusError, type BusOptions, createBus, type EventStore, memoryStore } from '../producers/bus/index.ts'
export {
  aggregateIdOf,
  createProducer,
  type Producer,
  type ProducerOptions,
  PublishAllError,
  PublishError,
  type Publisher,
  type Receipt
} from '../producers/index.ts'
export {
  causedBy,
  currentContext,
  type Envelope,
  type EventContext,
  type EventMap,
  loadCatalogue,
  RegistryError,
  SchemaError,
  withContext
} from '../schemas/index.ts'
export { createSink, type Sink, SinkError, type SinkOptions } from '../sink/index.ts'
export { postgresEventStore, TrailError } from '../trail/index.ts'
