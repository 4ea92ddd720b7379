import { type Rules, rule } from '../../core/index.ts'
import type {
  ClientCredentialsLogin,
  KafkaSasl,
  KafkaSecurity,
  KafkaTls,
  MskIamLogin,
  PasswordLogin,
  TokenLogin
} from '../types/index.ts'

const tls: Rules<KafkaTls> = {
  ca: rule.pem('system'),
  certificate: rule.pem(),
  key: rule.pem(),
  passphrase: rule.fileOrText,
  serverName: rule.such(
    value => typeof value === 'string' && /^[^\s:/]+$/.test(value),
    'a host name without scheme and port'
  )
}

/** A certificate is of use with its key alone, and the reverse. */
function tlsRules(given: KafkaTls): Rules<KafkaTls> {
  if (given.certificate !== undefined) return { ...tls, key: rule.required(tls.key) }
  return given.key === undefined ? tls : { ...tls, certificate: rule.required(tls.certificate) }
}

/** The mechanisms by their names in lower case. */
const logins = ['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer', 'aws-msk-iam'] as const
export type SaslMechanism = (typeof logins)[number]

/** The mechanism that a text names, in Kafka's spelling or in small letters; undefined where it names none. */
export function saslMechanism(text: unknown): SaslMechanism | undefined {
  if (typeof text !== 'string') return undefined
  const name = text.trim().toLowerCase().replaceAll('_', '-')
  return logins.find(each => each === name)
}

/** The names of the mechanisms, as Kafka and its clients spell them. */
export const mechanismNames = 'PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or AWS_MSK_IAM'

const mechanism = rule.required(rule.such(value => saslMechanism(value) !== undefined, mechanismNames))

const byPassword: Rules<PasswordLogin> = {
  mechanism,
  username: rule.required(rule.fileOrText),
  password: rule.required(rule.secret)
}

const byToken: Rules<TokenLogin> = {
  mechanism,
  token: rule.required(rule.function('a function that resolves to a token'))
}

/** SASL divides them by a control character, which none of them may hold. */
const isExtension = ([name, value]: readonly [string, unknown]): boolean =>
  /^[A-Za-z]+$/.test(name) && name !== 'auth' && typeof value === 'string' && /^[\x21-\x7e \t\r\n]+$/.test(value)

const byClientCredentials: Rules<ClientCredentialsLogin> = {
  mechanism,
  tokenEndpoint: rule.required(rule.address(checkTokenEndpoint)),
  clientId: rule.required(rule.fileOrText),
  clientSecret: rule.required(rule.secret),
  scope: rule.text,
  extensions: {
    ...rule.such(
      value => typeof value === 'object' && value !== null && Object.entries(value).every(isExtension),
      'an object of texts whose names have letters alone'
    ),
    isSecret: true
  },
  tokenEndpointCa: rule.pem()
}

const byIam: Rules<MskIamLogin> = {
  mechanism,
  region: rule.required(
    rule.such(value => typeof value === 'string' && /^[a-z]{2}(-[a-z]+)+-\d$/.test(value), 'an AWS region')
  )
}

/** The options that a login has depend on its mechanism. */
function saslRules(given: KafkaSasl): Rules<object> {
  switch (saslMechanism(given.mechanism)) {
    case 'oauthbearer':
      return 'token' in given ? byToken : byClientCredentials
    case 'aws-msk-iam':
      return byIam
    default:
      return byPassword
  }
}

/** The address of an OAuth 2 token endpoint. @throws Error in words that repeat nothing of it */
export function checkTokenEndpoint(text: unknown): string {
  if (typeof text !== 'string' || !/^https?:\/\/\S+$/.test(text) || !URL.canParse(text))
    throw new Error('expected a URL that begins with https:// or http://')
  const { username, password, hash } = new URL(text)
  if (username !== '' || password !== '') throw new Error('expected a URL without user name and password')
  if (hash !== '') throw new Error('expected a URL without #')
  return text
}

const tlsObject = rule.objectBy(tlsRules)

/** The rules of the options `tls` and `sasl`. */
export const securityRules: Rules<KafkaSecurity> = {
  tls: {
    ...tlsObject,
    fault: value =>
      typeof value === 'boolean' || tlsObject.fault(value) === undefined
        ? undefined
        : 'true, false or an object with `ca`, `certificate`, `key`, `passphrase` or `serverName`'
  },
  sasl: rule.objectBy(saslRules)
}
