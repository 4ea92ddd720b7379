import { asList, ConfigError, checkBrokers, checkDatabaseUrl, type Setting, settingsIn } from '../core/index.ts'
import { type SecurityValues, securityFrom, securitySettings } from '../kafka/index.ts'
import { registryFromEnvironment } from '../schemas/index.ts'
import type { ConnectionOptions, ConnectionWithPostgres, PostgresConnection } from './options.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The `connection` of a service, from the environment variables that the commands read too: KAFKA_…, SCHEMA_REGISTRY_…,
 * and DATABASE_… where DATABASE_URL is set. An empty variable counts as not set.
 * @param options.env default `process.env`
 * @param options.postgres true where DATABASE_URL must be set
 * @throws ConfigError that names the variable: `CONFIG_MISSING`, and `CONFIG_INVALID` where one is wrong or contradicts
 * another one
 */
export function connectionFromEnvironment(options: {
  readonly env?: Environment
  readonly postgres: true
}): ConnectionWithPostgres
export function connectionFromEnvironment(options?: {
  readonly env?: Environment
  readonly postgres?: boolean
}): ConnectionOptions
export function connectionFromEnvironment({
  env = process.env,
  postgres = false
}: {
  readonly env?: Environment
  readonly postgres?: boolean
} = {}): ConnectionOptions {
  const { brokers } = settingsIn(kafka, env)
  if (brokers === undefined) throw missing('KAFKA_BROKERS', 'host:port of at least one broker')
  return {
    kafka: { brokers, ...securityFrom(settingsIn(securitySettings, env) as SecurityValues) },
    registry: registryFromEnvironment(env),
    ...((postgres || env.DATABASE_URL) && { postgres: databaseIn(env) })
  }
}

const kafka = {
  brokers: { env: 'KAFKA_BROKERS', help: '', parse: (text: string) => checkBrokers(asList(text)) }
} satisfies Readonly<Record<string, Setting<unknown>>>

// By the names of postgres/settings.ts, whose room loads the driver.
const database = {
  url: { env: 'DATABASE_URL', help: '', parse: checkDatabaseUrl },
  passwordFile: { env: 'DATABASE_PASSWORD_FILE', help: '', parse: (text: string) => text },
  schema: { env: 'DATABASE_SCHEMA', help: '', parse: (text: string) => text }
} satisfies Readonly<Record<string, Setting<unknown>>>

function databaseIn(env: Environment): PostgresConnection {
  const { url, passwordFile, schema } = settingsIn(database, env)
  if (url === undefined) throw missing('DATABASE_URL', 'postgres://user@host:port/database')
  return {
    url,
    ...(passwordFile !== undefined && { password: { file: passwordFile } }),
    ...(schema !== undefined && { schema })
  }
}

const missing = (variable: string, what: string): ConfigError =>
  new ConfigError('CONFIG_MISSING', `${variable} is not set in the environment: set it to ${what}`)
