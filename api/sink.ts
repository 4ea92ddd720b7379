/** The sink: every event into the trail in Postgres, and the trail as the store of an in-process bus. */

export type {
  ConnectionOptions,
  ConnectionWithPostgres,
  KafkaConnection,
  PostgresConnection,
  RegistryConnection
} from '../connection/index.ts'
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
// Not from the folder's index, whose types are those of the driver.
export {
  MigrationError,
  type MigrationErrorCode,
  type MigrationStatus,
  type Migrations,
  migrate,
  migrationStatus,
  PostgresError,
  type PostgresErrorCode,
  type Queryable
} from '../postgres/index.ts'
export { RegistryError, type RegistryErrorCode } from '../schemas/index.ts'
export type { CaughtUpOptions, SinkOptions, SinkStats } from '../sink/index.ts'
export { createSink, type Sink, SinkError, type SinkErrorCode, sinkMetrics } from '../sink/index.ts'
export {
  type EventStoreOptions,
  type PostgresEventStore,
  postgresEventStore,
  type RecordFaultCode,
  recordFaultCodes,
  TrailError,
  type TrailErrorCode,
  trailMigrations
} from '../trail/index.ts'
