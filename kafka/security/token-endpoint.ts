import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import {
  exchange,
  type Incoming,
  type Logger,
  maxTokenAnswerBytes,
  type Secret,
  TimedOut,
  tokenIn,
  tokenRequest,
  Unacceptable
} from '../../core/index.ts'
import { KafkaError } from '../errors.ts'
import type { ClientCredentialsLogin, OAuthToken } from '../types/index.ts'
import { currentSecret, named, type SecurityOption } from './names.ts'

const timeoutMs = 10_000

/** Answers of OAuth 2 (RFC 6749, 5.2) that say that the settings are wrong. */
const refusals = new Set([
  'invalid_client',
  'invalid_grant',
  'invalid_request',
  'invalid_scope',
  'unauthorized_client',
  'unsupported_grant_type'
])

/**
 * Asks a token endpoint for tokens (`client_credentials`). Id, secret and CA are read again each time.
 * @throws OptionsError where a file cannot be read
 */
export function fromTokenEndpoint(login: ClientCredentialsLogin, log: Logger): () => Promise<OAuthToken> {
  const { tokenEndpoint, scope, extensions, tokenEndpointCa } = login
  const current = (option: SecurityOption, source: Secret) =>
    currentSecret(option, source, reason =>
      log.warn({ option, reason }, 'a file for the token endpoint of Kafka cannot be read; what it held is used')
    )
  const id = current('sasl.clientId', login.clientId)
  const secret = current('sasl.clientSecret', login.clientSecret)
  const ca = tokenEndpointCa === undefined ? undefined : current('sasl.tokenEndpointCa', tokenEndpointCa)
  return async () => {
    const request = tokenRequest(await id.read(), await secret.read(), scope)
    const { status, text } = await post(tokenEndpoint, request, await ca?.read())
    return { ...readToken(status, text), ...(extensions !== undefined && { extensions }) }
  }
}

/** What an answer of a token endpoint says. @throws KafkaError in words that repeat nothing of it but a known code */
export function readToken(status: number, text: string): OAuthToken {
  const answer = objectIn(text)
  if (status !== 200) {
    const code = typeof answer.error === 'string' && refusals.has(answer.error) ? ` (${answer.error})` : ''
    if (code === '' && status !== 401 && status !== 403)
      throw new KafkaError(
        'KAFKA_TOKEN_UNAVAILABLE',
        `the token endpoint answers ${status}: check ${named('sasl.tokenEndpoint')}`
      )
    throw new KafkaError(
      'KAFKA_AUTHENTICATION',
      `the token endpoint gives no token${code || ` (${status})`}: check ${
        answer.error === 'invalid_scope'
          ? named('sasl.scope')
          : `${named('sasl.clientId')} and ${named('sasl.clientSecret')}`
      }`
    )
  }
  const found = tokenIn(answer)
  if (found === undefined)
    throw new KafkaError(
      'KAFKA_TOKEN_UNAVAILABLE',
      `the token endpoint answers without an access_token: check ${named('sasl.tokenEndpoint')}`
    )
  const { token: value, lifeMs } = found
  return { value, ...(lifeMs !== undefined && { expiresInMs: lifeMs }) }
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null ? (parsed as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}

/** One POST. No connection is kept: an hour may pass before the next token, and the CA may have changed by then. */
async function post(url: string, request: ReturnType<typeof tokenRequest>, ca: string | undefined): Promise<Incoming> {
  const agent = url.startsWith('https:') ? new HttpsAgent({ ...(ca !== undefined && { ca }) }) : new HttpAgent()
  try {
    return await exchange({ method: 'POST', url, ...request, agent, timeoutMs, maxBytes: maxTokenAnswerBytes })
  } catch (error) {
    throw unreachable(error)
  } finally {
    agent.destroy()
  }
}

const wordsOf = (cause: unknown, code: string): string =>
  cause instanceof TimedOut || cause instanceof Unacceptable
    ? cause.message
    : `it is unreachable${code && ` (${code})`}`

function unreachable(cause: unknown): KafkaError {
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
  const advice = /CERT|ISSUER|SIGNATURE/.test(code)
    ? `its certificate is not trusted (${code}): check ${named('sasl.tokenEndpointCa')}`
    : `${wordsOf(cause, code)}: check ${named('sasl.tokenEndpoint')}`
  return new KafkaError('KAFKA_TOKEN_UNAVAILABLE', `no token for Kafka from the token endpoint, ${advice}`, cause)
}
