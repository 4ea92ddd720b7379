import {
  checkRegistryUrl,
  checkRegistryUrls,
  type FileOrText,
  type Rule,
  type Rules,
  rule,
  type Secret
} from '../../core/index.ts'

/** A login with user name and password. */
export type BasicLogin =
  | { readonly username: string; readonly password: Secret }
  /** `user:password`, as SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO has it. */
  | { readonly userInfo: Secret }

/** A login with tokens that a token endpoint gives for client credentials (OAuth 2.0, RFC 6749, 4.4). */
export interface OauthLogin {
  /** URL of the token endpoint. */
  readonly tokenEndpoint: string
  readonly clientId: string
  readonly clientSecret: Secret
  /** Default: none is asked for. */
  readonly scope?: string
}

/** How to log in to the registry: one of these. */
export type RegistryAuth =
  | { readonly basic: BasicLogin }
  /** A token as it is, without the word Bearer. */
  | { readonly bearer: Secret }
  | { readonly oauth: OauthLogin }

/** How to speak TLS with the registry. All that is not given is Node's default. */
export interface RegistryTls {
  /** Certificates of the CAs to trust, as PEM, in place of Node's own; `system` for those of the machine. */
  readonly ca?: FileOrText
  /** The certificate of this client with its chain, as PEM. Needs `key`. */
  readonly certificate?: FileOrText
  /** The private key of `certificate`, as PEM. */
  readonly key?: FileOrText
  /** Passphrase of `key`. */
  readonly passphrase?: Secret
  /** The name that the certificate of the registry must have. Default: the host of the URL. */
  readonly serverName?: string
}

/** How to reach the schema registry. */
export interface RegistryConnection {
  /**
   * Its Confluent-compatible API; of several servers of one registry the list, which is tried in turn. User name and
   * password may be in the URL.
   */
  readonly url: string | readonly string[]
  /** Default: what the URL has, else no login. */
  readonly auth?: RegistryAuth
  /** Used with URLs that begin with https. Files are read again when they change. */
  readonly tls?: RegistryTls
  /** Sent with every request: `target-sr-cluster` and `Confluent-Identity-Pool-Id` for Confluent Cloud. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Options of several kinds of which one is given: all may be there, for the names. */
type Any<Union> = { readonly [Key in Union extends unknown ? keyof Union : never]?: unknown }

const exactly = (given: Rule, sets: readonly (readonly string[])[], expected: string): Rule => ({
  ...given,
  fault: value => {
    if (typeof value !== 'object' || value === null) return expected
    const names = Object.keys(value).filter(name => (value as Readonly<Record<string, unknown>>)[name] !== undefined)
    const known = sets.flat()
    // A name that is misspelt is refused with the one that is meant.
    if (names.some(name => !known.includes(name))) return undefined
    return sets.some(set => set.length === names.length && set.every(name => names.includes(name)))
      ? undefined
      : expected
  }
})

const basic = exactly(
  rule.object<Any<BasicLogin>>({
    username: rule.such(value => typeof value === 'string' && /^[^:]+$/.test(value), 'a text without colons'),
    password: rule.secret,
    userInfo: rule.secret
  }),
  [['username', 'password'], ['userInfo']],
  'an object with `username` and `password`, or with `userInfo`'
)

const oauth: Rules<OauthLogin> = {
  tokenEndpoint: rule.required(rule.address(checkRegistryUrl)),
  clientId: rule.required(rule.text),
  clientSecret: rule.required(rule.secret),
  scope: rule.text
}

const auth = exactly(
  rule.object<Any<RegistryAuth>>({ basic, bearer: rule.secret, oauth: rule.object(oauth) }),
  [['basic'], ['bearer'], ['oauth']],
  'an object with one of `basic`, `bearer` and `oauth`'
)

const tls: Rules<RegistryTls> = {
  ca: rule.pem('system'),
  certificate: rule.pem(),
  key: rule.pem(),
  passphrase: rule.secret,
  serverName: rule.text
}

const wholeTls: Rule = {
  ...rule.object(tls),
  fault: value => {
    if (typeof value !== 'object' || value === null) return 'an object such as { ca: { file } }'
    const { certificate, key } = value as RegistryTls
    return (certificate === undefined) === (key === undefined) ? undefined : 'with both `certificate` and `key`'
  }
}

const ownHeaders = [
  'authorization',
  'accept',
  'accept-encoding',
  'content-type',
  'content-length',
  'host',
  'connection'
]

const isHeaders = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).every(
    ([name, text]) =>
      /^[\w!#$%&'*+.^`|~-]+$/.test(name) &&
      !ownHeaders.includes(name.toLowerCase()) &&
      typeof text === 'string' &&
      /^[\x20-\x7e]+$/.test(text)
  )

/** A rule for each option of {@link RegistryConnection}. */
export const registryRules: Rules<RegistryConnection> = {
  url: rule.required(rule.address(checkRegistryUrls)),
  auth,
  tls: wholeTls,
  headers: {
    ...rule.such(isHeaders, `an object of names and texts in ASCII, without ${ownHeaders.join(', ')}`),
    isSecret: true
  }
}
