import type { ConnectionOptions, ConnectionWithPostgres } from '../connection/index.ts'
import type { Config } from './config.ts'

/** Where Kafka and the registry are, from the configuration. @throws ConfigError */
export function connectionOf(config: Config): ConnectionOptions {
  return {
    kafka: { brokers: config.require('brokers'), ...config.security },
    registry: { url: config.require('registryUrl') }
  }
}

/** The same with the database of the trail. @throws ConfigError */
export const connectionWithPostgres = (config: Config): ConnectionWithPostgres => ({
  ...connectionOf(config),
  postgres: { url: config.require('databaseUrl') }
})
