import { existsSync, readFileSync } from 'node:fs'
import {
  ConfigError,
  checkBrokers,
  checkDatabaseUrl,
  checkRegistryUrl,
  checkSmtpUrl,
  DuplicateKeyError,
  isTopicPrefix,
  type LogLevel,
  legalCharacters,
  logLevels,
  parseJson,
  wholeNumberOf
} from '../core/index.ts'
import type { KafkaSecurity } from '../kafka/index.ts'

interface Setting<T> {
  /** Environment variable. */
  readonly env: string
  /** Command line flag, where there is one; secrets have none. */
  readonly flag?: string
  readonly help: string
  readonly initial?: T
  readonly parse: (text: string) => T
}

const text = (value: string): string => value
const list = (value: string): readonly string[] => {
  const parts = value
    .split(',')
    .map(part => part.trim())
    .filter(Boolean)
  if (parts.length === 0) throw new Error('expected at least one, got none')
  return parts
}
const hostsAndPorts = (value: string): readonly string[] => checkBrokers(list(value))
const count = (value: string): number => {
  const parsed = wholeNumberOf(value.trim())
  if (parsed === undefined || parsed < 1) throw new Error('expected a whole number from 1')
  return parsed
}
const port = (value: string): number => {
  const parsed = Number(value)
  if (!/^\d+$/.test(value) || parsed > 65_535) throw new Error('expected a port from 0 to 65535')
  return parsed
}
const topicPrefix = (value: string): string => {
  if (!isTopicPrefix(value)) throw new Error(`expected at most 100 ${legalCharacters}`)
  return value
}
const oneOf =
  <T extends string>(allowed: readonly T[]) =>
  (value: string): T => {
    const found = allowed.find(each => each === value)
    if (!found) throw new Error(`expected one of ${allowed.join(', ')}`)
    return found
  }

const mechanisms = { PLAIN: 'plain', 'SCRAM-SHA-256': 'scram-sha-256', 'SCRAM-SHA-512': 'scram-sha-512' } as const
/** As Kafka writes it, or in small letters. */
const saslMechanism = (value: string): (typeof mechanisms)[keyof typeof mechanisms] => {
  const name = value.trim().toUpperCase()
  if (!Object.hasOwn(mechanisms, name)) throw new Error(`expected one of ${Object.keys(mechanisms).join(', ')}`)
  return mechanisms[name as keyof typeof mechanisms]
}

/** Every setting there is: the key in the config file, its environment variable, its flag, its default. */
export const settings = {
  brokers: {
    env: 'KAFKA_BROKERS',
    flag: '--brokers <list>',
    help: 'Kafka brokers, host:port or [IPv6]:port, comma-separated',
    parse: hostsAndPorts
  },
  registryUrl: {
    env: 'SCHEMA_REGISTRY_URL',
    flag: '--registry <url>',
    help: 'schema registry, its Confluent-compatible API',
    parse: checkRegistryUrl
  },
  databaseUrl: {
    env: 'DATABASE_URL',
    flag: '--database <url>',
    help: 'Postgres that holds the trail',
    parse: checkDatabaseUrl
  },
  smtpUrl: { env: 'SMTP_URL', flag: '--smtp <url>', help: 'mail server of the notifier', parse: checkSmtpUrl },
  topicPrefix: {
    env: 'TOPIC_PREFIX',
    flag: '--prefix <text>',
    help: 'put before every event name to make its topic',
    initial: '',
    parse: topicPrefix
  },
  schemasDir: {
    env: 'EVENTTRAIL_SCHEMAS',
    flag: '--schemas <dir>',
    help: 'folder of event schemas',
    parse: text
  },
  partitions: { env: 'TOPIC_PARTITIONS', help: 'partitions of a topic that register makes', initial: 6, parse: count },
  replicationFactor: {
    env: 'TOPIC_REPLICATION_FACTOR',
    help: 'replicas of a topic that register makes',
    initial: 1,
    parse: count
  },
  minInsyncReplicas: {
    env: 'TOPIC_MIN_INSYNC_REPLICAS',
    help: 'min.insync.replicas of such a topic',
    initial: 1,
    parse: count
  },
  retentionMs: {
    env: 'TOPIC_RETENTION_MS',
    help: 'retention.ms of such a topic',
    initial: 7 * 24 * 3_600_000,
    parse: count
  },
  maxBatchBytes: {
    env: 'EVENTTRAIL_MAX_BATCH_BYTES',
    help: 'bytes that a batch of the log may have once it is decompressed; a larger one is quarantined or dead-lettered whole',
    initial: 64 * 1024 * 1024,
    parse: count
  },
  sasl: {
    env: 'KAFKA_SASL_MECHANISM',
    help: 'PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, with KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD',
    parse: saslMechanism
  },
  saslUsername: { env: 'KAFKA_SASL_USERNAME', help: 'SASL user name', parse: text },
  saslPassword: { env: 'KAFKA_SASL_PASSWORD', help: 'SASL password', parse: text },
  ssl: { env: 'KAFKA_SSL', help: 'true to speak TLS to Kafka', parse: oneOf(['true', 'false'] as const) },
  statusPort: {
    env: 'EVENTTRAIL_STATUS_PORT',
    flag: '--status-port <n>',
    help: 'port of /livez, /readyz and /metrics of sink, indexer and notifier; 0 takes a free one (default: off)',
    parse: port
  },
  statusHost: {
    env: 'EVENTTRAIL_STATUS_HOST',
    help: 'address that this port is opened on; 0.0.0.0 for all of IPv4',
    initial: '127.0.0.1',
    parse: text
  },
  metricsMaxSeries: {
    env: 'EVENTTRAIL_METRICS_MAX_SERIES',
    help: 'series that a metric can have; the others are added up as topic="other"',
    initial: 10_000,
    parse: count
  },
  logLevel: {
    env: 'LOG_LEVEL',
    flag: '--log-level <level>',
    help: logLevels.join(', '),
    initial: 'info' as LogLevel,
    parse: oneOf(logLevels)
  }
} as const satisfies Record<string, Setting<unknown>>

// What `stack env` sets.
const ofStack = new Set<ConfigKey>(['brokers', 'registryUrl', 'databaseUrl'])
// The package has no servers; what is beside this file tells a clone from it.
const stackHint = existsSync(new URL('../dev/package.json', import.meta.url))
  ? ' `node bin/eventtrail.mjs stack up` starts servers and `eval "$(node bin/eventtrail.mjs stack env)"` sets it.'
  : ''

type Settings = typeof settings
export type ConfigKey = keyof Settings
type Parsed<K extends ConfigKey> = ReturnType<Settings[K]['parse']>

/** The settings that were given or have a default. Frozen. */
export interface Config {
  /** The setting, or undefined when it was not given. */
  get<K extends ConfigKey>(key: K): Parsed<K> | (Settings[K] extends { initial: unknown } ? never : undefined)
  /** The setting. @throws ConfigError `CONFIG_MISSING`, saying how to give it. */
  require<K extends ConfigKey>(key: K): Parsed<K>
  /** TLS and SASL settings of Kafka, empty when none are set. @throws ConfigError `CONFIG_INVALID` when a login is incomplete */
  readonly security: KafkaSecurity
}

export interface ConfigSources {
  /** Values from the command line, by key: they win. */
  readonly flags?: Readonly<Partial<Record<ConfigKey, string>>>
  /** Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** A JSON file with the keys of {@link settings}. */
  readonly file?: string
}

/** Reads the configuration: flags win over the environment, the environment over the file, the file over defaults. */
export function loadConfig(sources: ConfigSources = {}): Config {
  const { flags = {}, env = process.env } = sources
  const file = sources.file ?? env.EVENTTRAIL_CONFIG
  const fromFile = file ? readConfigFile(file) : {}
  const values = new Map<ConfigKey, unknown>()
  for (const [key, setting] of Object.entries(settings) as [ConfigKey, Setting<unknown>][]) {
    const given: [string, string] | undefined =
      flags[key] !== undefined
        ? [setting.flag ?? key, flags[key]]
        : env[setting.env]
          ? [setting.env, env[setting.env] as string]
          : fromFile[key] !== undefined
            ? [`"${key}" in ${file}`, fromFile[key] as string]
            : undefined
    if (given) values.set(key, parseSetting(setting, ...given))
    else if (setting.initial !== undefined) values.set(key, setting.initial)
  }
  const require = (key: ConfigKey): unknown => {
    if (values.has(key)) return values.get(key)
    const { env: variable, flag, help } = settings[key] as Setting<unknown>
    throw new ConfigError(
      'CONFIG_MISSING',
      `${variable} is not set (${help}). Set it in the environment${flag ? `, give ${flag.split(' ')[0]}` : ''} or put "${key}" into the config file.${ofStack.has(key) ? stackHint : ''}`
    )
  }
  return Object.freeze({
    get: (key: ConfigKey) => values.get(key),
    require,
    get security() {
      return kafkaSecurity(values)
    }
  }) as Config
}

function parseSetting(setting: Setting<unknown>, where: string, value: string): unknown {
  try {
    return setting.parse(value)
  } catch (cause) {
    throw new ConfigError('CONFIG_INVALID', `${where}: ${(cause as Error).message}`)
  }
}

function readConfigFile(file: string): Partial<Record<ConfigKey, string>> {
  if (!existsSync(file)) throw new ConfigError('CONFIG_FILE', `There is no config file ${file}`)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new ConfigError('CONFIG_FILE', `The config file ${file} cannot be read`, cause)
  }
  let parsed: unknown
  try {
    // An editor may have put a byte order mark before it.
    parsed = parseJson(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    if (error instanceof DuplicateKeyError)
      throw new ConfigError('CONFIG_FILE', `The config file ${file} is wrong: ${error.message}`)
    // What JSON.parse says quotes the file, which may hold passwords.
    throw new ConfigError('CONFIG_FILE', `The config file ${file} cannot be read as JSON`)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new ConfigError('CONFIG_FILE', `The config file ${file} must hold one JSON object`)
  }
  const unknown = Object.keys(parsed).filter(key => !(key in settings))
  if (unknown.length > 0) {
    throw new ConfigError(
      'CONFIG_FILE',
      `The config file ${file} has unknown keys: ${unknown.join(', ')}. Known are: ${Object.keys(settings).join(', ')}`
    )
  }
  return Object.fromEntries(
    Object.entries(parsed).map(([key, value]: [string, unknown]) => {
      if (typeof value === 'object' && !Array.isArray(value))
        throw new ConfigError('CONFIG_FILE', `"${key}" in ${file} must be a text, a number or a list of texts`)
      return [key, Array.isArray(value) ? value.join(',') : String(value)]
    })
  )
}

function kafkaSecurity(values: Map<ConfigKey, unknown>): KafkaSecurity {
  const mechanism = values.get('sasl') as NonNullable<KafkaSecurity['sasl']>['mechanism'] | undefined
  const [username, password] = [values.get('saslUsername'), values.get('saslPassword')] as (string | undefined)[]
  const given = { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password }
  const missing = Object.entries(given).flatMap(([name, value]) => (value ? [] : [name]))
  // With a part of it Kafka would be talked to without a login.
  if (missing.length > 0 && missing.length < 3)
    throw new ConfigError(
      'CONFIG_INVALID',
      `${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} not set: a login to Kafka needs ${Object.keys(given).join(', ')}`
    )
  return {
    ...(values.get('ssl') === 'true' && { ssl: true }),
    ...(mechanism && username && password && { sasl: { mechanism, username, password } })
  }
}
