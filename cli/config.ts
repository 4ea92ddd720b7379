import { existsSync, readFileSync } from 'node:fs'
import { auditSettings } from '../audit/index.ts'
import { consumerSettings, searchSettings } from '../consumers/index.ts'
import { ConfigError, DuplicateKeyError, parseJson, parseSetting, type Setting } from '../core/index.ts'
import type { KafkaSecurity } from '../kafka/index.ts'
import { kafkaSettings, securityFrom } from '../kafka/index.ts'
import { observabilitySettings } from '../observability/index.ts'
import { disclosureSettings } from '../operations/index.ts'
import { postgresSettings } from '../postgres/index.ts'
import { proofSettings } from '../proof/index.ts'
import { schemaSettings } from '../schemas/index.ts'

/** Every setting there is: the key in the config file, its environment variable, its flag, its default. */
export const settings = {
  ...kafkaSettings,
  ...schemaSettings,
  ...postgresSettings,
  ...consumerSettings,
  ...searchSettings,
  ...disclosureSettings,
  ...proofSettings,
  ...auditSettings,
  ...observabilitySettings
}

// What `stack env` sets.
const ofStack = new Set<ConfigKey>(['brokers', 'registryUrl', 'databaseUrl'])
// The package has no servers; the files next to this one show whether it is a clone.
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
      return securityFrom(Object.fromEntries(values))
    }
  }) as Config
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
