import { checkRegistryUrls, type FileOrText, type Rule, type Rules, rule, type Secret } from '../../../core/index.ts'
import { languageRule, type SearchLanguage } from '../words/index.ts'

/** How to log in to OpenSearch: one of these. */
export type OpenSearchAuth =
  | { readonly basic: { readonly username: string; readonly password: Secret } }
  /** Sent as `Authorization: ApiKey …`. */
  | { readonly apiKey: Secret }
  /** A token as it is, without the word Bearer. */
  | { readonly bearer: Secret }

/** How to speak TLS with OpenSearch. All that is not given is Node's default. */
export interface OpenSearchTls {
  /** Certificates of the CAs to trust, as PEM, in place of Node's own. */
  readonly ca?: FileOrText
  /** The certificate of this client with its chain, as PEM. Needs `key`. */
  readonly certificate?: FileOrText
  /** The private key of `certificate`, as PEM. */
  readonly key?: FileOrText
  /** Passphrase of `key`. */
  readonly passphrase?: Secret
}

/** Where OpenSearch is. */
export interface OpenSearchConnection {
  /** `https://host:9200`, or several of one cluster. User name and password may be in the URL. */
  readonly url: string | readonly string[]
  /** Default: what the URL has, else no login. */
  readonly auth?: OpenSearchAuth
  /** Used with URLs that begin with https. Files are read again when they change. */
  readonly tls?: OpenSearchTls
}

/** Settings of an index that are OpenSearch's own; they apply to the next index that is created. */
export interface IndexSettings {
  /** Default 1. */
  readonly shards?: number
  /** Copies of each shard besides the first. Default 1; on a single node 0 makes the cluster green. */
  readonly replicas?: number
  /** ms until searches see what was put. Default 1,000. */
  readonly refreshMs?: number
}

export interface OpenSearchIndexOptions extends OpenSearchConnection {
  /**
   * The alias that searches and writes use; the indexes have this name with `-v` and a number. Default
   * `eventtrail-documents`.
   */
  readonly name?: string
  /** Language of the texts. Run `eventtrail index rebuild` after a change. Default `english`. */
  readonly language?: SearchLanguage
  readonly settings?: IndexSettings
  /** Longest wait for one answer, ms. Default 30,000. */
  readonly timeoutMs?: number
}

const isOneOf = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.keys(value).length === 1 &&
  ['basic', 'apiKey', 'bearer'].includes(Object.keys(value)[0] as string)

const auth: Rule = {
  ...rule.object<Partial<Record<'basic' | 'apiKey' | 'bearer', unknown>>>({
    basic: rule.object<{ username: string; password: Secret }>({
      username: rule.required(rule.text),
      password: rule.required(rule.secret)
    }),
    apiKey: rule.secret,
    bearer: rule.secret
  }),
  fault: value => (isOneOf(value) ? undefined : 'an object with one of `basic`, `apiKey` and `bearer`')
}

const tls: Rules<OpenSearchTls> = {
  ca: rule.pem(),
  certificate: rule.pem(),
  key: rule.pem(),
  passphrase: rule.secret
}

const settings: Rules<IndexSettings> = {
  shards: rule.wholeNumber(1, 1_000),
  replicas: rule.wholeNumber(0, 1_000),
  refreshMs: rule.duration(1)
}

// OpenSearch, "Create index": lower case, and no \ / * ? " < > | space , # : or + - _ at the start.
const nameShape = /^[a-z0-9][a-z0-9._-]{0,99}$/

/** A rule for each option of {@link OpenSearchIndexOptions}. */
export const openSearchRules: Rules<OpenSearchIndexOptions> = {
  url: rule.required(rule.address(checkRegistryUrls)),
  auth,
  tls: rule.object(tls),
  name: rule.such(
    value => typeof value === 'string' && nameShape.test(value),
    '1 to 100 lower-case letters, digits, dots, dashes and underscores, a letter or a digit first'
  ),
  language: languageRule,
  settings: rule.object(settings),
  timeoutMs: rule.duration(1)
}
