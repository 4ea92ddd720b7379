import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Logger, Secret } from '../../core/index.ts'
import { KafkaError } from '../errors.ts'
import type { ClientCredentialsLogin, OAuthToken } from '../types/index.ts'
import { currentSecret, named, type SecurityOption } from './names.ts'

const timeoutMs = 10_000
const mostBytes = 256 * 1024

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
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...(scope !== undefined && { scope }) })
  return async () => {
    const { status, text } = await post(tokenEndpoint, {
      authorization: basicOf(await id.read(), await secret.read()),
      body: body.toString(),
      ca: await ca?.read()
    })
    return { ...readToken(status, text), ...(extensions !== undefined && { extensions }) }
  }
}

/** As RFC 6749 (2.3.1) has it: encoded like a form before it is encoded as Basic. */
const basicOf = (id: string, secret: string): string =>
  `Basic ${Buffer.from(`${encoded(id)}:${encoded(secret)}`).toString('base64')}`

const encoded = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)

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
  const { access_token: value, expires_in: seconds } = answer
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value))
    throw new KafkaError(
      'KAFKA_TOKEN_UNAVAILABLE',
      `the token endpoint answers without an access_token: check ${named('sasl.tokenEndpoint')}`
    )
  const life = Number(seconds)
  return { value, ...(Number.isFinite(life) && life > 0 && { expiresInMs: life * 1_000 }) }
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null ? (parsed as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}

interface Question {
  readonly authorization: string
  readonly body: string
  readonly ca: string | undefined
}

/** One POST. No redirect is followed: the secret goes to the endpoint that was named and to no other. */
function post(url: string, { authorization, body, ca }: Question): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => reject(unreachable(cause))
    const isHttps = url.startsWith('https:')
    const headers = {
      authorization,
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': Buffer.byteLength(body)
    }
    // No connection is kept: an hour may pass before the next token, and the CA may have changed by then.
    const options = { method: 'POST', headers, agent: false, signal: AbortSignal.timeout(timeoutMs) }
    const request = isHttps
      ? requestHttps(url, { ...options, ...(ca !== undefined && { ca }) })
      : requestHttp(url, options)
    request.once('error', fail)
    request.once('response', response => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > mostBytes) request.destroy(new Error(`the answer has more than ${mostBytes} bytes`))
        else chunks.push(chunk)
      })
      response.once('error', fail)
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') })
      )
    })
    request.end(body)
  })
}

function unreachable(cause: unknown): KafkaError {
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
  const advice = /CERT|ISSUER|SIGNATURE/.test(code)
    ? `its certificate is not trusted (${code}): check ${named('sasl.tokenEndpointCa')}`
    : `it is unreachable${code && ` (${code})`}: check ${named('sasl.tokenEndpoint')}`
  return new KafkaError('KAFKA_TOKEN_UNAVAILABLE', `no token for Kafka from the token endpoint, ${advice}`, cause)
}
