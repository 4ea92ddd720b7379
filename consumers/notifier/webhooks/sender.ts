import { lookup as systemLookup } from 'node:dns/promises'
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { getCACertificates } from 'node:tls'
import { type FileOrText, textOf } from '../../../core/index.ts'
import { NotifierError, PeerFault } from '../errors.ts'
import { retryAfterOf } from './retry-after.ts'
import { type TargetCheck, type TargetRules, targetCheck } from './target.ts'

export interface WebhookOptions extends TargetRules {
  /** ms for one attempt, from the look-up of the name to the end of the answer. Default 15,000. */
  readonly timeoutMs?: number
  /** Certificates of CAs besides those that Node.js trusts, as PEM; a file is read once. */
  readonly ca?: FileOrText
  /** Addresses of a name. Default: those of the system. */
  readonly resolve?: (hostname: string) => Promise<readonly { readonly address: string; readonly family: number }[]>
}

/** What an endpoint answered. */
export interface WebhookAnswer {
  readonly status: number
  /** ms that it asks to be left alone. */
  readonly retryAfterMs: number | undefined
}

/** Bytes of an answer that are read: nothing of them is used. */
const mostAnswerBytes = 64 * 1_024
const mostHeaderBytes = 16 * 1_024

/**
 * Posts to endpoints that others have named. Each attempt has a connection of its own, to an address that was checked for
 * this connection: a name that resolves to something else a moment later changes nothing. No redirect is followed, no
 * proxy of the environment is used.
 */
export class WebhookSender {
  readonly check: TargetCheck
  readonly #timeoutMs: number
  readonly #resolve: NonNullable<WebhookOptions['resolve']>
  readonly #ca: readonly string[] | undefined

  constructor({ timeoutMs = 15_000, resolve, ca, ...rules }: WebhookOptions = {}) {
    this.check = targetCheck(rules)
    this.#timeoutMs = timeoutMs
    this.#resolve = resolve ?? (hostname => systemLookup(hostname, { all: true }))
    // The option `ca` of node:tls replaces those that are trusted.
    this.#ca = ca === undefined ? undefined : [...getCACertificates('default'), textOf(ca)]
  }

  /** @throws NotifierError `TARGET_REFUSED`, `WEBHOOK_TIMEOUT`, `WEBHOOK_UNREACHABLE` */
  async post(
    url: string,
    headers: Readonly<Record<string, string>>,
    body: string,
    signal?: AbortSignal
  ): Promise<WebhookAnswer> {
    const late = AbortSignal.timeout(this.#timeoutMs)
    const ending = signal === undefined ? late : AbortSignal.any([late, signal])
    try {
      if (this.check.urlFault(url) !== undefined) throw refused()
      return await this.#ask(new URL(url), headers, body, ending)
    } catch (error) {
      if (error instanceof NotifierError) throw error
      if (late.aborted)
        throw new NotifierError('WEBHOOK_TIMEOUT', `The endpoint did not answer within ${this.#timeoutMs} ms`)
      throw unreachable(error)
    }
  }

  async #ask(
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: string,
    signal: AbortSignal
  ): Promise<WebhookAnswer> {
    const isTls = url.protocol === 'https:'
    const agent = isTls ? new HttpsAgent() : new HttpAgent()
    const answered = Promise.withResolvers<IncomingMessage>()
    const options = {
      method: 'POST',
      agent,
      signal,
      lookup: this.#lookup,
      maxHeaderSize: mostHeaderBytes,
      headers: {
        ...headers,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'eventtrail',
        connection: 'close'
      },
      ...(isTls && this.#ca !== undefined && { ca: [...this.#ca] })
    }
    const request = isTls ? httpsRequest(url, options) : httpRequest(url, options)
    request.on('error', answered.reject)
    request.on('response', answered.resolve)
    request.end(body)
    try {
      const response = await answered.promise
      const answer = {
        status: response.statusCode ?? 0,
        retryAfterMs: retryAfterOf(response.headers['retry-after'], Date.now())
      }
      await passOver(response, signal)
      return answer
    } finally {
      request.destroy()
      agent.destroy()
    }
  }

  /** Called for names alone: a literal address was checked before. */
  readonly #lookup: LookupFunction = (hostname, options, done) => {
    this.#resolve(hostname).then(
      addresses => {
        // One that is refused is enough: a name that points inside is none of a receiver's.
        const fits =
          addresses.length > 0 && addresses.every(({ address }) => isIP(address) > 0 && this.check.allows(address))
        if (!fits) return done(refused(), [])
        const [first] = addresses
        if (options.all) done(null, [...addresses])
        else done(null, first?.address ?? '', first?.family)
      },
      (error: NodeJS.ErrnoException) => done(error, [])
    )
  }
}

/**
 * Reads an answer to its end, or as much as is read of any. What its status said counts, whatever comes of the rest: an
 * answer without an end is cut off, and one that breaks off was an answer.
 */
async function passOver(response: IncomingMessage, signal: AbortSignal): Promise<void> {
  const over = Promise.withResolvers<void>()
  let bytes = 0
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > mostAnswerBytes) over.resolve()
  })
  for (const end of ['end', 'error', 'close']) response.on(end, () => over.resolve())
  if (!signal.aborted) await over.promise
}

const refused = (): NotifierError =>
  new NotifierError(
    'TARGET_REFUSED',
    'The URL of the endpoint is not https, or leads to an address that is not public. WEBHOOK_ALLOWED_NETWORKS names inner networks that may be called'
  )

function unreachable(thrown: unknown): NotifierError {
  const { code } = thrown as { code?: unknown }
  const name = typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? code : undefined
  const words = `No connection to the endpoint${name === undefined ? '' : ` (${name})`}`
  return new NotifierError('WEBHOOK_UNREACHABLE', words, name === undefined ? undefined : new PeerFault(name))
}
