import http, { type ClientRequest, type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { printable } from '../printable.ts'

/** Thrown when the time for an answer is over. */
export class TimedOut extends Error {
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`)
  }
}

/** Thrown when what came is no answer that can be taken; its message says why. */
export class Unacceptable extends Error {}

export interface Outgoing {
  readonly method: string
  /** Without credentials. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly agent: http.Agent
  /** Longest wait for the whole answer, ms. */
  readonly timeoutMs: number
  /** The most bytes that the answer may have, decompressed. */
  readonly maxBytes: number
}

export interface Incoming {
  readonly status: number
  readonly text: string
  /** Whether it is a web page. */
  readonly isHtml: boolean
}

/**
 * Sends one request and gives its answer. Redirects are not followed: another address is another server, which was not
 * configured, and must not get the credentials.
 * @throws TimedOut; Unacceptable for a redirect or an answer that is too long; errors of sockets and TLS
 */
export async function exchange(outgoing: Outgoing): Promise<Incoming> {
  const { timeoutMs } = outgoing
  let request: ClientRequest | undefined
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    request?.destroy(new TimedOut(timeoutMs))
  }, timeoutMs)
  try {
    for (let attempt = 1; ; attempt += 1) {
      request = send(outgoing)
      try {
        return await answerOf(request, outgoing)
      } catch (error) {
        if (isLate) throw new TimedOut(timeoutMs)
        // The server closed an idle connection just when it was used again: a new one decides.
        if (attempt > 1 || !request.reusedSocket || !isReset(error)) throw error
      }
    }
  } finally {
    clearTimeout(timer)
  }
}

const isReset = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')

function send({ method, url, headers, body, agent }: Outgoing): ClientRequest {
  const { request } = url.startsWith('https:') ? https : http
  const sent = request(url, { method, agent, headers: { ...headers, 'accept-encoding': 'gzip' } })
  // With end() in one call the length is known, and no chunks are sent.
  sent.end(body)
  return sent
}

async function answerOf(request: ClientRequest, { maxBytes }: Outgoing): Promise<Incoming> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve)
    // It stays, for errors after the answer began: those of the answer are read from there.
    request.on('error', reject)
  })
  let isRead = false
  try {
    const { statusCode: status = 0, headers } = response
    if (status >= 300 && status < 400 && headers.location !== undefined) throw redirected(headers.location)
    const text = await textOf(response, maxBytes)
    isRead = true
    return { status, text, isHtml: /^text\/html\b/i.test(headers['content-type'] ?? '') }
  } finally {
    // What is not read to its end would keep the connection from other requests.
    if (!isRead) request.destroy()
  }
}

function redirected(location: string): Unacceptable {
  // Only the origin: a query may hold what is not for an error.
  const to = URL.canParse(location) ? ` at ${printable(new URL(location).origin)}` : ''
  return new Unacceptable(
    `it redirects to another address${to}, which is not followed. Configure the address that answers`
  )
}

/** The text of an answer, counted while it comes: what it is too long for is not kept. */
async function textOf(response: IncomingMessage, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of decompressed(response)) {
    bytes += (chunk as Buffer).length
    if (bytes > maxBytes) throw new Unacceptable(`it answers more than ${maxBytes} bytes`)
    text += decoder.decode(chunk as Buffer, { stream: true })
  }
  return text + decoder.decode()
}

function decompressed(response: IncomingMessage): Readable {
  const encoding = response.headers['content-encoding']?.toLowerCase() ?? 'identity'
  if (encoding === 'identity') return response
  if (encoding !== 'gzip' && encoding !== 'x-gzip')
    throw new Unacceptable('its answer is compressed in a way that was not asked for')
  const plain = createGunzip()
  response.once('error', error => plain.destroy(error))
  return response.pipe(plain)
}
