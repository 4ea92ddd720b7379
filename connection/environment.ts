import { asList, checkBrokers, checkDatabaseUrl, checkRegistryUrl, OptionsError, type Setting } from '../core/index.ts'
import { type SecurityValues, SettingConflict, securityFrom, securitySettings } from '../kafka/index.ts'
import type { ConnectionOptions, ConnectionWithPostgres } from './options.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The `connection` of a service, from the environment variables that the commands read too: KAFKA_BROKERS, KAFKA_SSL_…,
 * KAFKA_SASL_…, SCHEMA_REGISTRY_URL, and DATABASE_URL where it is set. An empty variable counts as not set.
 * @param options.env default `process.env`
 * @param options.postgres true where DATABASE_URL must be set
 * @throws OptionsError that names the variable, where one is missing, wrong, or contradicts another one
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
  const required = <T>(name: string, parse: (text: string) => T): T => {
    const text = env[name]
    if (!text) throw new OptionsError(name, 'set in the environment')
    return parsed(name, parse, text)
  }
  return {
    kafka: { brokers: required('KAFKA_BROKERS', text => checkBrokers(asList(text))), ...securityIn(env) },
    registry: { url: required('SCHEMA_REGISTRY_URL', checkRegistryUrl) },
    ...((postgres || env.DATABASE_URL) && { postgres: { url: required('DATABASE_URL', checkDatabaseUrl) } })
  }
}

function securityIn(env: Environment): ReturnType<typeof securityFrom> {
  const given = Object.entries<Setting<unknown>>(securitySettings).flatMap(([key, { env: name, parse }]) => {
    const text = env[name]
    return text ? [[key, parsed(name, parse, text)] as const] : []
  })
  try {
    return securityFrom(Object.fromEntries(given) as SecurityValues)
  } catch (error) {
    if (!(error instanceof SettingConflict)) throw error
    throw new OptionsError(error.variable, `one that fits the others: ${error.message}`)
  }
}

function parsed<T>(name: string, parse: (text: string) => T, text: string): T {
  try {
    return parse(text)
  } catch (error) {
    throw new OptionsError(name, (error as Error).message.replace(/^expected /, ''))
  }
}
