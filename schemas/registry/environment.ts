import { ConfigError, type Secret, settingsIn } from '../../core/index.ts'
import type { RegistryAuth, RegistryConnection, RegistryTls } from './options.ts'
import { registrySettings } from './settings.ts'

type Key = keyof typeof registrySettings

/** The settings of the registry by their keys, parsed. */
export type RegistrySettings = { readonly registryUrl: readonly string[] } & {
  readonly [Name in Exclude<Key, 'registryUrl'>]?: string | undefined
}

const envOf = (key: Key): string => registrySettings[key].env

/**
 * The connection that settings describe.
 * @throws ConfigError `CONFIG_INVALID` for half a login, for two, and for a certificate without its key
 */
export function registryConnection(given: RegistrySettings): RegistryConnection {
  const [first, ...others] = given.registryUrl
  const auth = authOf(given)
  const tls = tlsOf(given)
  if (tls && !given.registryUrl.some(url => url.startsWith('https:')))
    throw invalid(
      `${envOf(tls.ca === undefined ? 'registryCertificate' : 'registryCa')} is set, and no URL of ${envOf('registryUrl')} begins with https://`
    )
  const headers = {
    ...(given.registryLogicalCluster && { 'target-sr-cluster': given.registryLogicalCluster }),
    ...(given.registryIdentityPool && { 'Confluent-Identity-Pool-Id': given.registryIdentityPool })
  }
  return {
    url: first !== undefined && others.length === 0 ? first : given.registryUrl,
    ...(auth && { auth }),
    ...(tls && { tls }),
    ...(Object.keys(headers).length > 0 && { headers })
  }
}

/**
 * The connection that the environment describes: `SCHEMA_REGISTRY_URL` and the other variables of docs/configuration.md.
 * Variables that are empty count as not set.
 * @param env Default `process.env`.
 * @throws ConfigError `CONFIG_MISSING` without SCHEMA_REGISTRY_URL, `CONFIG_INVALID`
 */
export function registryFromEnvironment(
  env: Readonly<Record<string, string | undefined>> = process.env
): RegistryConnection {
  const values = settingsIn(registrySettings, env)
  if (values.registryUrl === undefined)
    throw new ConfigError(
      'CONFIG_MISSING',
      `${envOf('registryUrl')} is not set: set it to the URL of the schema registry`
    )
  return registryConnection({ ...values, registryUrl: values.registryUrl })
}

/** A secret that is given as text or as a file, and not as both. */
function secretOf(given: RegistrySettings, text: Key, file: Key): Secret | undefined {
  const [inText, inFile] = [given[text], given[file]] as (string | undefined)[]
  if (inText && inFile) throw invalid(`${envOf(text)} and ${envOf(file)} are both set: leave one out`)
  return inText || (inFile ? { file: inFile } : undefined)
}

function authOf(given: RegistrySettings): RegistryAuth | undefined {
  const userInfo = secretOf(given, 'registryUserInfo', 'registryUserInfoFile')
  const bearer = secretOf(given, 'registryToken', 'registryTokenFile')
  const oauth = oauthOf(given)
  const all: readonly (readonly [Key, RegistryAuth | undefined])[] = [
    ['registryUserInfo', userInfo === undefined ? undefined : { basic: { userInfo } }],
    ['registryToken', bearer === undefined ? undefined : { bearer }],
    ['registryTokenUrl', oauth && { oauth }]
  ]
  const logins = all.filter(([, auth]) => auth !== undefined)
  if (logins.length > 1)
    throw invalid(`${logins.map(([key]) => envOf(key)).join(' and ')} are set: the schema registry takes one login`)
  if (typeof userInfo === 'string' && !userInfo.includes(':'))
    throw invalid(`${envOf('registryUserInfo')}: expected user:password`)
  return logins[0]?.[1]
}

function oauthOf(given: RegistrySettings) {
  const clientSecret = secretOf(given, 'registryClientSecret', 'registryClientSecretFile')
  const { registryTokenUrl: tokenEndpoint, registryClientId: clientId, registryScope: scope } = given
  if (tokenEndpoint && clientId && clientSecret)
    return { tokenEndpoint, clientId, clientSecret, ...(scope && { scope }) }
  const parts = { registryTokenUrl: tokenEndpoint, registryClientId: clientId, registryClientSecret: clientSecret }
  if (!Object.values(parts).some(Boolean) && !scope) return undefined
  // With a part of it no login would be made.
  const names = Object.keys(parts).map(key => envOf(key as Key))
  const missing = Object.entries(parts).flatMap(([key, value]) => (value ? [] : [envOf(key as Key)]))
  throw invalid(
    `${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} not set: tokens for the schema registry need ${names.join(', ')}`
  )
}

function tlsOf(given: RegistrySettings): RegistryTls | undefined {
  const { registryCa: ca, registryCertificate: certificate, registryKey: key } = given
  const passphrase = secretOf(given, 'registryKeyPassword', 'registryKeyPasswordFile')
  if (Boolean(certificate) !== Boolean(key))
    throw invalid(
      `${envOf(certificate ? 'registryKey' : 'registryCertificate')} is not set: a client certificate needs its key`
    )
  if (passphrase && !key) throw invalid(`${envOf('registryKey')} is not set: a passphrase is of a key`)
  if (!ca && !certificate) return undefined
  return {
    ...(ca && { ca: ca === 'system' ? ca : { file: ca } }),
    ...(certificate && key && { certificate: { file: certificate }, key: { file: key } }),
    ...(passphrase && { passphrase })
  }
}

const invalid = (message: string): ConfigError => new ConfigError('CONFIG_INVALID', message)
