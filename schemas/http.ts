import { RegistryError } from './errors.ts'

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
  /** Told after each question whether there was an answer. */
  readonly onReach?: (reached: boolean) => void
}

/**
 * Talks JSON to the registry. Answers of 5xx and no answer at all are thrown as `REGISTRY_UNREACHABLE`, 401 and
 * 403 as `REGISTRY_REFUSED`; any other answer is given back.
 */
export class RegistryHttp {
  readonly #base: string
  readonly #timeoutMs: number
  readonly #headers: Record<string, string>
  readonly #onReach: (reached: boolean) => void
  /** Address without credentials, for messages. */
  readonly address: string

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
    this.#headers = {
      accept: 'application/vnd.schemaregistry.v1+json, application/json',
      ...(username && {
        authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
      })
    }
  }

  get(path: string): Promise<Answer> {
    return this.#ask('GET', path)
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.#ask('POST', path, body)
  }

  put(path: string, body: unknown): Promise<Answer> {
    return this.#ask('PUT', path, body)
  }

  async #ask(method: string, path: string, body?: unknown): Promise<Answer> {
    try {
      const answer = await this.#exchange(method, path, body)
      this.#onReach(true)
      return answer
    } catch (error) {
      this.#onReach(error instanceof RegistryError && error.code === 'REGISTRY_REFUSED')
      throw error
    }
  }

  async #exchange(method: string, path: string, body?: unknown): Promise<Answer> {
    let status: number
    let text: string
    try {
      const response = await fetch(this.#base + path, {
        method,
        headers: { ...this.#headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(this.#timeoutMs)
      })
      status = response.status
      text = await response.text()
    } catch (error) {
      throw this.unreachable(reasonOf(error, this.#timeoutMs))
    }
    if (status >= 500 || status === 429) throw this.unreachable(`it answers ${status}`)
    const answer = { status, errorCode: undefined, body: undefined, ...parse(text) }
    if (status === 401 || status === 403) throw this.refused(answer, 'to let us in')
    return answer
  }

  unreachable(reason: string, cause?: unknown): RegistryError {
    const message = `The schema registry at ${this.address} is out of reach: ${reason}`
    return new RegistryError('REGISTRY_UNREACHABLE', message, cause)
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
  return typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : ''
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`
  const cause = (error as Error).cause
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return code || (error as Error).message
}
