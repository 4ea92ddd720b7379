/** Where the servers are, and what the parts of a process share of them. Loads neither the Kafka client nor a driver. */
export { type Connection, createConnection, useKafka, usePool } from './connection.ts'
export { connectionFromEnvironment, type Environment } from './environment.ts'
export {
  type ConnectionOptions,
  type ConnectionWithPostgres,
  connectionRule,
  connectionWithPostgresRule,
  type KafkaConnection,
  type PostgresConnection,
  postgresRules,
  type RegistryConnection
} from './options.ts'
