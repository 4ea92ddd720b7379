import {
  exchange,
  type Incoming,
  isToken,
  type LimitedToken,
  maxTokenAnswerBytes,
  mostServerText,
  printable,
  readSecret,
  type Secret,
  SecretUnreadable,
  TokenKeeper,
  tokenIn,
  tokenRequest
} from '../../../core/index.ts'
import { RegistryError } from '../../errors.ts'
import type { OauthLogin, RegistryAuth } from '../options.ts'
import type { Agents } from './agents.ts'
import { failureOf, tokenNames } from './failures.ts'

const pair = 'user name and password'
const within = 'connection.registry.auth'
/** ms for which a token is used whose endpoint does not say how long it is valid. */
const unsaidLifeMs = 300_000

/** What a request logs in with: read for each one, so that rotated secrets are used. */
export interface Credentials {
  /** The value of the header `authorization`; undefined where no login is configured. @throws RegistryError */
  authorization(): Promise<string | undefined>
  /**
   * The registry answered 401 to this value.
   * @returns whether the next one will be another, so that it is worth a second request
   */
  refused(value: string): Promise<boolean>
  /** What the login consists of, in words: "user name and password". Empty where there is none. */
  readonly parts: string
  /** Where that is configured. */
  readonly setting: string
}

/** @param auth undefined: no login */
export function credentialsOf(auth: RegistryAuth | undefined, agents: Agents, timeoutMs: number): Credentials {
  if (auth === undefined)
    return { parts: '', setting: '', authorization: async () => undefined, refused: async () => false }
  if ('oauth' in auth) return new OauthCredentials(auth.oauth, agents, timeoutMs)
  const authorization = 'basic' in auth ? () => basicHeader(auth.basic) : () => bearerHeader(auth.bearer)
  return {
    authorization,
    // Rotated between the reading and the request.
    refused: async value => (await authorization()) !== value,
    ...('basic' in auth
      ? { parts: pair, setting: `SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO (\`${within}.basic\`)` }
      : { parts: 'the token', setting: `SCHEMA_REGISTRY_BEARER_AUTH_TOKEN (\`${within}.bearer\`)` })
  }
}

/** The login that is in a URL. */
export function credentialsInUrl({ username, password }: Pick<URL, 'username' | 'password'>): Credentials | undefined {
  if (username === '') return undefined
  const value = basicOf(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)
  return {
    authorization: async () => value,
    refused: async () => false,
    parts: pair,
    setting: 'SCHEMA_REGISTRY_URL'
  }
}

const basicOf = (userInfo: string): string => `Basic ${Buffer.from(userInfo).toString('base64')}`

async function basicHeader(login: Extract<RegistryAuth, { basic: unknown }>['basic']): Promise<string> {
  if ('userInfo' in login) {
    const userInfo = await read(login.userInfo, 'basic.userInfo')
    if (!userInfo.includes(':'))
      throw unusable(`\`${within}.basic.userInfo\` has no colon between user name and password`)
    return basicOf(userInfo)
  }
  return basicOf(`${login.username}:${await read(login.password, 'basic.password')}`)
}

async function bearerHeader(secret: Extract<RegistryAuth, { bearer: unknown }>['bearer']): Promise<string> {
  const token = (await read(secret, 'bearer')).trim()
  if (!isToken(token)) throw unusable(`\`${within}.bearer\` has characters that no token has`)
  return `Bearer ${token}`
}

/** Where commands have a secret from. */
const variables: Readonly<Record<string, string>> = {
  'basic.userInfo': 'SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO_FILE',
  bearer: 'SCHEMA_REGISTRY_BEARER_AUTH_TOKEN_FILE',
  'oauth.clientSecret': 'SCHEMA_REGISTRY_BEARER_AUTH_CLIENT_SECRET_FILE'
}

async function read(secret: Secret, name: string): Promise<string> {
  try {
    return await readSecret(secret, `${within}.${name}`)
  } catch (error) {
    if (!(error instanceof SecretUnreadable)) throw error
    const variable = variables[name]
    throw unusable(variable === undefined ? error.message : `${error.message}. Check ${variable}`)
  }
}

const unusable = (why: string): RegistryError =>
  new RegistryError('REGISTRY_UNAUTHENTICATED', `The login to the schema registry is not possible: ${why}`)

class OauthCredentials implements Credentials {
  readonly parts = 'client id, client secret and scope'
  readonly setting = `SCHEMA_REGISTRY_BEARER_AUTH_CLIENT_ID, …_CLIENT_SECRET and …_SCOPE (\`${within}.oauth\`)`
  readonly #login: OauthLogin
  readonly #agents: Agents
  readonly #timeoutMs: number
  readonly #tokens = new TokenKeeper(() => this.#ask())

  constructor(login: OauthLogin, agents: Agents, timeoutMs: number) {
    this.#login = login
    this.#agents = agents
    this.#timeoutMs = timeoutMs
  }

  async authorization(): Promise<string> {
    return `Bearer ${await this.#tokens.get()}`
  }

  async refused(value: string): Promise<boolean> {
    this.#tokens.refused(value.slice('Bearer '.length))
    return true
  }

  async #ask(): Promise<LimitedToken<string>> {
    const { tokenEndpoint, clientId, clientSecret, scope } = this.#login
    const secret = await read(clientSecret, 'oauth.clientSecret')
    const address = new URL(tokenEndpoint).origin
    let answer: Incoming
    try {
      answer = await exchange({
        method: 'POST',
        url: tokenEndpoint,
        ...tokenRequest(clientId, secret, scope),
        agent: await this.#agents.of(tokenEndpoint, true),
        timeoutMs: this.#timeoutMs,
        maxBytes: maxTokenAnswerBytes
      })
    } catch (error) {
      if (error instanceof RegistryError) throw error
      const { code, reason } = failureOf(error, tokenEndpoint.startsWith('https:'), tokenNames)
      throw new RegistryError(code, `The token endpoint at ${address} gives no token: ${reason}`)
    }
    return tokenOf(answer, address, this.setting)
  }
}

/** @throws RegistryError */
export function tokenOf({ status, text, isHtml }: Incoming, address: string, setting: string): LimitedToken<string> {
  const body = parsed(text)
  const found = status === 200 ? tokenIn(body) : undefined
  if (found) return { token: found.token, lifeMs: found.lifeMs ?? unsaidLifeMs }
  const at = `The token endpoint at ${address}`
  if (status >= 500 || status === 429)
    throw new RegistryError('REGISTRY_UNAVAILABLE', `${at} gives no token: it answers ${status}`)
  if (status >= 400 && status !== 404 && !isHtml)
    throw new RegistryError(
      'REGISTRY_UNAUTHENTICATED',
      `${at} refuses to give a token (${[status, oauthCode(body)].filter(Boolean).join(' ')}): check ${setting}`
    )
  throw new RegistryError(
    'REGISTRY_UNAVAILABLE',
    `${at} answers with ${isHtml ? 'a web page' : 'something else than a token'} (${status}): check ${tokenNames.url}`
  )
}

/** `invalid_client`, `invalid_scope` … (RFC 6749, 5.2). */
function oauthCode(body: unknown): string {
  const code = typeof body === 'object' && body !== null && 'error' in body ? body.error : ''
  return typeof code === 'string' ? printable(code, Math.min(80, mostServerText)) : ''
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
