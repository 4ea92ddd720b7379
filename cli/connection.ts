import type { ConnectionOptions, ConnectionWithPostgres, PostgresConnection } from '../connection/index.ts'
import { exposedDatabase, type Logger } from '../core/index.ts'
import { passwordFromFile } from '../postgres/index.ts'
import type { Config } from './config.ts'

/** Where Kafka and the registry are, from the configuration. @throws ConfigError */
export function connectionOf(config: Config): ConnectionOptions {
  const { ssl, sasl } = config.security
  return {
    kafka: { brokers: config.require('brokers'), ...(ssl !== undefined && { tls: ssl }), ...(sasl && { sasl }) },
    registry: { url: config.require('registryUrl') }
  }
}

/** The same with the database of the trail. @throws ConfigError */
export const connectionWithPostgres = (config: Config): ConnectionWithPostgres => ({
  ...connectionOf(config),
  postgres: databaseOf(config)
})

/**
 * The database of the trail, from the configuration.
 * @param log of a command that runs for long: it warns of a connection that others can read
 * @throws ConfigError
 */
export function databaseOf(config: Config, log?: Logger): PostgresConnection {
  const exposed = exposedDatabase(config.require('databaseUrl'))
  if (exposed !== undefined) log?.warn({}, exposed)
  const [passwordFile, schema] = [config.get('databasePasswordFile'), config.get('databaseSchema')]
  return {
    url: config.require('databaseUrl'),
    ...(passwordFile !== undefined && { password: passwordFromFile(passwordFile) }),
    ...(schema !== undefined && { schema })
  }
}
