import type { ConnectionOptions, ConnectionWithPostgres, PostgresConnection } from '../connection/index.ts'
import { deniedWords, exposedDatabase, isDenied, type Logger } from '../core/index.ts'
import { PostgresError } from '../postgres/index.ts'
import {
  type RegistryConnection,
  type RegistrySettings,
  registryConnection,
  registrySettings
} from '../schemas/index.ts'
import type { Config } from './config.ts'

/** Where Kafka and the registry are, from the configuration. @throws ConfigError */
export function connectionOf(config: Config): ConnectionOptions {
  return {
    kafka: { brokers: config.require('brokers'), ...config.security },
    registry: registryOf(config)
  }
}

/** Where the registry is and how to log in to it. @throws ConfigError */
export function registryOf(config: Config): RegistryConnection {
  config.require('registryUrl')
  const keys = Object.keys(registrySettings) as (keyof typeof registrySettings)[]
  return registryConnection(Object.fromEntries(keys.map(key => [key, config.get(key)])) as unknown as RegistrySettings)
}

/** {@link connectionOf} with the database of the trail. @throws ConfigError */
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
    ...(passwordFile !== undefined && { password: { file: passwordFile } }),
    ...(schema !== undefined && { schema })
  }
}

/**
 * For the errors of a command: one about a missing right says whose login has it, the others stay as they are.
 * @param words continue "Postgres denies the role of this session a right on table x (42501): "
 */
export function withWhoMay(words: string): (error: unknown) => never {
  return error => {
    if (!isDenied(error) && !(error instanceof PostgresError && error.code === 'POSTGRES_DENIED')) throw error
    const cause = error instanceof PostgresError ? error.cause : error
    throw new PostgresError('POSTGRES_DENIED', `${deniedWords(cause)}: ${words}`, cause)
  }
}
