import { asOneOf, asText, ConfigError, type FileOrText, type Setting } from '../../core/index.ts'
import type { KafkaSasl, KafkaSecurity, KafkaTls } from '../types/index.ts'
import { checkTokenEndpoint, mechanismNames, type SaslMechanism, saslMechanism } from './rules.ts'

function mechanism(value: string): SaslMechanism {
  const found = saslMechanism(value)
  if (found === undefined) throw new Error(`expected ${mechanismNames}`)
  return found
}

const protocols = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] as const

/** In the environment of many platforms a text has one line: line breaks are written as \n. */
function pem(value: string): string {
  if (!value.includes('-----BEGIN ')) throw new Error('expected a text in PEM')
  return value.replaceAll('\\n', '\n')
}

const notEmpty = (value: string): string => {
  if (value.trim() === '') throw new Error('expected a text that is not empty')
  return value
}

function extensions(value: string): Readonly<Record<string, string>> {
  const pairs = value.split(',').map(pair => /^\s*([A-Za-z]+)=([\x21-\x7e]+)\s*$/.exec(pair))
  return Object.fromEntries(
    pairs.map(pair => {
      const [, name, text] = pair ?? []
      if (name === undefined || text === undefined || name === 'auth')
        throw new Error('expected name=value, or several of them, comma-separated')
      return [name, text]
    })
  )
}

/** How commands speak TLS and log in: the names are those of librdkafka's properties, in capitals. */
export const securitySettings = {
  securityProtocol: {
    env: 'KAFKA_SECURITY_PROTOCOL',
    help: `${protocols.join(', ')}: says whether TLS and a login are used, as KAFKA_SSL and KAFKA_SASL_MECHANISM do`,
    parse: (value: string) => asOneOf(protocols)(value.trim().toUpperCase())
  },
  ssl: {
    env: 'KAFKA_SSL',
    help: 'true to use TLS with Kafka; a CA or a client certificate imply it',
    parse: asOneOf(['true', 'false'] as const)
  },
  sslCaLocation: {
    env: 'KAFKA_SSL_CA_LOCATION',
    help: "file with the certificates of trusted authorities, PEM; system for those of the operating system (default: Node.js's own)",
    parse: notEmpty
  },
  sslCaPem: { env: 'KAFKA_SSL_CA_PEM', help: 'the same as text', parse: pem },
  sslCertificateLocation: {
    env: 'KAFKA_SSL_CERTIFICATE_LOCATION',
    help: 'file with the client certificate and its chain, PEM',
    parse: notEmpty
  },
  sslCertificatePem: { env: 'KAFKA_SSL_CERTIFICATE_PEM', help: 'client certificate as text in PEM', parse: pem },
  sslKeyLocation: {
    env: 'KAFKA_SSL_KEY_LOCATION',
    help: 'file with the private key of the client certificate, PEM',
    parse: notEmpty
  },
  sslKeyPem: { env: 'KAFKA_SSL_KEY_PEM', help: 'private key as text in PEM', parse: pem },
  sslKeyPassword: { env: 'KAFKA_SSL_KEY_PASSWORD', help: 'passphrase of the private key', parse: asText },
  sslKeyPasswordFile: {
    env: 'KAFKA_SSL_KEY_PASSWORD_FILE',
    help: 'file with the passphrase of the private key',
    parse: notEmpty
  },
  sslServerName: {
    env: 'KAFKA_SSL_SERVER_NAME',
    help: "name that the brokers' certificates must have (default: the host of each broker)",
    parse: notEmpty
  },
  sasl: {
    env: 'KAFKA_SASL_MECHANISM',
    help: `login to Kafka: ${mechanismNames}`,
    parse: mechanism
  },
  saslUsername: { env: 'KAFKA_SASL_USERNAME', help: 'SASL user name', parse: asText },
  saslUsernameFile: { env: 'KAFKA_SASL_USERNAME_FILE', help: 'file with the SASL user name', parse: notEmpty },
  saslPassword: { env: 'KAFKA_SASL_PASSWORD', help: 'SASL password', parse: asText },
  saslPasswordFile: {
    env: 'KAFKA_SASL_PASSWORD_FILE',
    help: 'file with the SASL password; it is read again for each login',
    parse: notEmpty
  },
  oauthTokenEndpoint: {
    env: 'KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL',
    help: 'OAuth 2 token endpoint for OAUTHBEARER (client credentials)',
    parse: checkTokenEndpoint
  },
  oauthClientId: { env: 'KAFKA_SASL_OAUTHBEARER_CLIENT_ID', help: 'client id at the token endpoint', parse: asText },
  oauthClientSecret: {
    env: 'KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET',
    help: 'client secret at the token endpoint',
    parse: asText
  },
  oauthClientSecretFile: {
    env: 'KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET_FILE',
    help: 'file with the client secret; it is read again for each token',
    parse: notEmpty
  },
  oauthScope: { env: 'KAFKA_SASL_OAUTHBEARER_SCOPE', help: 'scope of the token (default: none)', parse: notEmpty },
  oauthExtensions: {
    env: 'KAFKA_SASL_OAUTHBEARER_EXTENSIONS',
    help: 'SASL extensions sent with the token, name=value, comma-separated: logicalCluster and identityPoolId for Confluent Cloud',
    parse: extensions
  },
  oauthCaLocation: {
    env: 'KAFKA_SASL_OAUTHBEARER_CA_LOCATION',
    help: 'file with the certificates of the authorities that are trusted for the token endpoint, PEM',
    parse: notEmpty
  },
  awsRegion: {
    env: 'KAFKA_SASL_AWS_REGION',
    help: 'region of the cluster for AWS_MSK_IAM',
    parse: notEmpty
  }
} as const satisfies Record<string, Setting<unknown>>

type Settings = typeof securitySettings
type Key = keyof Settings
/** The values of these settings that are given. */
export type SecurityValues = { readonly [K in Key]?: ReturnType<Settings[K]['parse']> | undefined }

/** Settings that cannot be meant together, or one that another one needs. */
const conflict = (words: string): ConfigError => new ConfigError('CONFIG_INVALID', words)

const variable = (key: Key): string => securitySettings[key].env
const list = (keys: readonly Key[]): string => keys.map(variable).join(' and ')
const keysOf = (start: string): Key[] => (Object.keys(securitySettings) as Key[]).filter(key => key.startsWith(start))

/** TLS and login as the settings have them. @throws ConfigError `CONFIG_INVALID` */
export function securityFrom(values: SecurityValues): KafkaSecurity {
  const tls = tlsFrom(values)
  const sasl = saslFrom(values)
  return { ...(tls !== false && { tls }), ...(sasl && { sasl }) }
}

function tlsFrom(values: SecurityValues): boolean | KafkaTls {
  const { securityProtocol: protocol, ssl } = values
  const byProtocol = protocol?.endsWith('SSL')
  const bySwitch = ssl === undefined ? undefined : ssl === 'true'
  if (byProtocol !== undefined && bySwitch !== undefined && byProtocol !== bySwitch)
    throw conflict(`KAFKA_SSL is ${ssl} and KAFKA_SECURITY_PROTOCOL is ${protocol}: leave one out`)
  const details = keysOf('ssl').filter(key => key !== 'ssl' && values[key] !== undefined)
  const isOn = byProtocol ?? bySwitch ?? details.length > 0
  if (!isOn) {
    if (details.length === 0) return false
    const off = byProtocol === undefined ? 'ssl' : 'securityProtocol'
    throw conflict(`${list(details)} set TLS up, and ${variable(off)} switches it off`)
  }
  if (details.length === 0) return true
  const ca = values.sslCaLocation === 'system' ? 'system' : oneOf(values, 'sslCaLocation', 'sslCaPem')
  const certificate = oneOf(values, 'sslCertificateLocation', 'sslCertificatePem')
  const key = oneOf(values, 'sslKeyLocation', 'sslKeyPem')
  const passphrase = oneOf(values, 'sslKeyPasswordFile', 'sslKeyPassword')
  const { sslServerName: serverName } = values
  if ((certificate === undefined) !== (key === undefined)) {
    const missing = certificate === undefined ? 'sslCertificateLocation' : 'sslKeyLocation'
    throw conflict(`${variable(missing)} is not set: a client certificate and its key need each other`)
  }
  return {
    ...(ca !== undefined && { ca }),
    ...(certificate !== undefined && { certificate }),
    ...(key !== undefined && { key }),
    ...(passphrase !== undefined && { passphrase }),
    ...(serverName !== undefined && { serverName })
  }
}

/** A text, or the file that another setting names. */
function oneOf(values: SecurityValues, file: Key, text: Key): FileOrText | undefined {
  if (values[file] !== undefined && values[text] !== undefined)
    throw conflict(`${variable(file)} and ${variable(text)} are both set: leave one out`)
  return values[file] === undefined ? (values[text] as string | undefined) : { file: values[file] as string }
}

function saslFrom(values: SecurityValues): KafkaSasl | undefined {
  const { securityProtocol: protocol, sasl: mechanism } = values
  const given = [...keysOf('sasl'), ...keysOf('oauth'), ...keysOf('aws')].filter(
    key => key !== 'sasl' && values[key] !== undefined
  )
  if (protocol !== undefined && protocol.startsWith('SASL') !== (mechanism !== undefined))
    throw mechanism === undefined
      ? conflict(`KAFKA_SASL_MECHANISM is not set, and KAFKA_SECURITY_PROTOCOL is ${protocol}`)
      : conflict(`KAFKA_SECURITY_PROTOCOL is ${protocol}, and KAFKA_SASL_MECHANISM sets a login up`)
  if (mechanism === undefined) {
    if (given.length === 0) return undefined
    // With a part of it Kafka would be talked to without a login.
    if (given.some(key => !key.startsWith('sasl')))
      throw conflict(`KAFKA_SASL_MECHANISM is not set, and ${list(given)} set a login up`)
    const hasUser = given.some(key => key.startsWith('saslUser'))
    throw conflict(notSet(hasUser ? ['sasl'] : ['sasl', 'saslUsername']))
  }
  if (mechanism === 'oauthbearer') return oauthFrom(values, given)
  if (mechanism === 'aws-msk-iam') {
    refuseOthers(given, 'AWS_MSK_IAM', ['awsRegion'])
    const { awsRegion: region } = values
    if (region === undefined) throw conflict(notSet(['awsRegion']))
    return { mechanism, region }
  }
  refuseOthers(given, mechanism.toUpperCase(), keysOf('sasl'))
  const username = oneOf(values, 'saslUsernameFile', 'saslUsername')
  const password = oneOf(values, 'saslPasswordFile', 'saslPassword')
  if (username === undefined || password === undefined)
    throw conflict(
      notSet([
        ...(username === undefined ? ['saslUsername' as const] : []),
        ...(password === undefined ? ['saslPassword' as const] : [])
      ])
    )
  return { mechanism, username, password }
}

function notSet(keys: readonly Key[]): string {
  const isPassword = keys.every(key => key.startsWith('sasl'))
  const needs = isPassword
    ? ': a login to Kafka needs KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD'
    : ''
  return `${list(keys)} ${keys.length > 1 ? 'are' : 'is'} not set${needs}`
}

function refuseOthers(given: readonly Key[], mechanism: string, fitting: readonly Key[]): void {
  const [other] = given.filter(key => !fitting.includes(key))
  if (other !== undefined)
    throw conflict(`${variable(other)} is set, and KAFKA_SASL_MECHANISM is ${mechanism}, which does not use it`)
}

function oauthFrom(values: SecurityValues, given: readonly Key[]): KafkaSasl {
  refuseOthers(given, 'OAUTHBEARER', keysOf('oauth'))
  const { oauthTokenEndpoint: tokenEndpoint, oauthClientId: clientId, oauthScope: scope } = values
  const { oauthExtensions, oauthCaLocation } = values
  const clientSecret = oneOf(values, 'oauthClientSecretFile', 'oauthClientSecret')
  const missing: Key[] = [
    ...(tokenEndpoint === undefined ? ['oauthTokenEndpoint' as const] : []),
    ...(clientId === undefined ? ['oauthClientId' as const] : []),
    ...(clientSecret === undefined ? ['oauthClientSecret' as const] : [])
  ]
  if (tokenEndpoint === undefined || clientId === undefined || clientSecret === undefined)
    throw conflict(notSet(missing))
  return {
    mechanism: 'oauthbearer',
    tokenEndpoint,
    clientId,
    clientSecret,
    ...(scope !== undefined && { scope }),
    ...(oauthExtensions && { extensions: oauthExtensions }),
    ...(oauthCaLocation !== undefined && { tokenEndpointCa: { file: oauthCaLocation } })
  }
}
