import { mostServerText, printable } from '../../core/index.ts'
import { RegistryError } from '../errors.ts'

/** The most bytes that an answer may have, unless the question says otherwise. */
const maxAnswerBytes = 2 * 1024 * 1024

/** An answer of the registry: its status and its JSON. */
export interface Answer {
  readonly status: number
  /** The registry's own code (40401 …), where it gives one. */
  readonly errorCode: number | undefined
  readonly body: unknown
}

export interface HttpOptions {
  readonly url: string
  readonly timeoutMs: number
  readonly auth?: { readonly username: string; readonly password: string }
  /** Called after each question: whether a registry answered it, and why not in words. */
  readonly onReach?: (reached: boolean, why?: string) => void
}

/**
 * Talks JSON to the registry. Answers of 5xx, redirects, answers that are too long and no answer at all are thrown as
 * `REGISTRY_UNAVAILABLE`, 401 and 403 as `REGISTRY_REFUSED`; any other answer is given back.
 */
export class RegistryHttp {
  readonly #base: string
  readonly #timeoutMs: number
  readonly #headers: Record<string, string>
  readonly #onReach: (reached: boolean, why?: string) => void
  /** Address without credentials, for messages. */
  readonly address: string
  /** What it logs in with, from the address or apart from it; undefined when it does not. */
  readonly auth: { readonly username: string; readonly password: string } | undefined

  constructor({ url, timeoutMs, auth, onReach = () => undefined }: HttpOptions) {
    this.#onReach = onReach
    const parsed = new URL(url)
    const username = auth?.username ?? decodeURIComponent(parsed.username)
    const password = auth?.password ?? decodeURIComponent(parsed.password)
    // fetch refuses an address that carries credentials.
    parsed.username = ''
    parsed.password = ''
    this.#base = parsed.href.replace(/\/+$/, '')
    this.address = this.#base
    this.#timeoutMs = timeoutMs
    this.auth = username ? { username, password } : undefined
    this.#headers = {
      accept: 'application/vnd.schemaregistry.v1+json, application/json',
      ...(username && {
        authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
      })
    }
  }

  /** @param maxBytes the most that the answer may have. Default 2 MiB. */
  get(path: string, maxBytes?: number): Promise<Answer> {
    return this.#ask('GET', path, undefined, maxBytes)
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.#ask('POST', path, body)
  }

  put(path: string, body: unknown): Promise<Answer> {
    return this.#ask('PUT', path, body)
  }

  async #ask(method: string, path: string, body?: unknown, maxBytes = maxAnswerBytes): Promise<Answer> {
    try {
      const answer = await this.#exchange(method, path, body, maxBytes)
      this.#onReach(isOfRegistry(answer), 'what answers instead of the registry is none: check SCHEMA_REGISTRY_URL')
      return answer
    } catch (error) {
      const isRefused = error instanceof RegistryError && error.code === 'REGISTRY_REFUSED'
      this.#onReach(
        false,
        isRefused ? 'the registry does not let us in: check its user and password' : 'the registry is unreachable'
      )
      throw error
    }
  }

  async #exchange(method: string, path: string, body: unknown, maxBytes: number): Promise<Answer> {
    let status: number
    let text: string
    try {
      const response = await fetch(this.#base + path, {
        method,
        headers: { ...this.#headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        // Another address is another server, which was not configured.
        redirect: 'error',
        signal: AbortSignal.timeout(this.#timeoutMs)
      })
      status = response.status
      text = await textOf(response, maxBytes)
    } catch (error) {
      if (error instanceof TooLong) throw this.unreachable(error.message)
      throw this.unreachable(reasonOf(error, this.#timeoutMs))
    }
    if (status >= 500 || status === 429) throw this.unreachable(`it answers ${status}`)
    const answer = { status, errorCode: undefined, body: undefined, ...parse(text) }
    if (status === 401 || status === 403) throw this.refused(answer, 'to let us in')
    return answer
  }

  unreachable(reason: string, cause?: unknown): RegistryError {
    const message = `The schema registry at ${this.address} is unreachable: ${reason}`
    return new RegistryError('REGISTRY_UNAVAILABLE', message, cause)
  }

  /** @param what what it refused, beginning with "to". */
  refused({ status, body }: Pick<Answer, 'status' | 'body'>, what: string): RegistryError {
    const reason = messageOf(body)
    return new RegistryError(
      'REGISTRY_REFUSED',
      `The schema registry refuses ${what}${status ? ` (${status})` : ''}${reason && `: ${reason}`}`
    )
  }
}

// A registry gives a code of its own with every 404.
const isOfRegistry = ({ status, errorCode, body }: Answer): boolean =>
  body !== undefined && (status !== 404 || errorCode !== undefined)

function parse(text: string): Partial<Answer> {
  try {
    const body: unknown = JSON.parse(text)
    const code = typeof body === 'object' && body !== null && 'error_code' in body ? body.error_code : undefined
    return { body, errorCode: typeof code === 'number' ? code : undefined }
  } catch {
    return {}
  }
}

function messageOf(body: unknown): string {
  const message = typeof body === 'object' && body !== null && 'message' in body ? body.message : ''
  return typeof message === 'string' ? printable(message, mostServerText) : ''
}

class TooLong extends Error {}

/** The text of an answer, counted while it comes: what it is too long for is not kept. */
async function textOf(response: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  // Leaving the loop ends the connection.
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new TooLong(`it answers more than ${maxBytes} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`
  const cause = (error as Error).cause
  if (cause instanceof Error && cause.message === 'unexpected redirect') {
    return 'it sends us on to another address, which is not followed. Configure the address that answers'
  }
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return code || (error as Error).message
}
