import { exchange, type Incoming, mostServerText, printable } from '../../../core/index.ts'
import { RegistryError, type RegistryErrorCode } from '../../errors.ts'
import type { RegistryConnection } from '../options.ts'
import { Addresses } from './addresses.ts'
import { Agents } from './agents.ts'
import { type Credentials, credentialsInUrl, credentialsOf } from './credentials.ts'
import { failureOf } from './failures.ts'

/** The most bytes that an answer may have, unless the question says otherwise. */
const maxAnswerBytes = 2 * 1024 * 1024

/** An answer of the registry: its status and its JSON. */
export interface Answer {
  readonly status: number
  /** The registry's own code (40401 …), where it gives one. */
  readonly errorCode: number | undefined
  readonly body: unknown
  /** Whether it is a web page. */
  readonly isHtml: boolean
}

export interface HttpOptions extends RegistryConnection {
  /** Longest wait for one answer of one address, ms. */
  readonly timeoutMs: number
  /** Called after each question: whether a registry answered it, and why not in words. */
  readonly onReach?: (reached: boolean, why?: string) => void
}

interface Question {
  readonly method: string
  readonly path: string
  /** JSON. */
  readonly text?: string
  readonly maxBytes?: number
}

/** Why a registry counts as not reached, for health. */
const reachWords: Readonly<Partial<Record<RegistryErrorCode, string>>> = {
  REGISTRY_UNTRUSTED: 'TLS with the registry fails: check its certificate and SCHEMA_REGISTRY_SSL_CA_LOCATION',
  REGISTRY_UNAUTHENTICATED: 'the registry refuses the login: check its user, password or token',
  REGISTRY_FORBIDDEN: 'the registry does not allow what was asked: check the rights of its user'
}

/**
 * Talks JSON to the registry. Answers of 5xx, redirects, answers that are too long and no answer at all are thrown as
 * `REGISTRY_UNAVAILABLE`, failures of TLS as `REGISTRY_UNTRUSTED`, 401 as `REGISTRY_UNAUTHENTICATED` and 403 as
 * `REGISTRY_FORBIDDEN`; any other answer is given back. Of several addresses the next is asked where one gives no
 * answer: every question to a registry may be asked twice.
 */
export class RegistryHttp {
  readonly #addresses: Addresses
  /** By address, without what it logs in with. */
  readonly #credentials = new Map<string, Credentials>()
  readonly #agents: Agents
  readonly #timeoutMs: number
  readonly #headers: Readonly<Record<string, string>>
  readonly #onReach: (reached: boolean, why?: string) => void
  /** The first address, without credentials. */
  readonly address: string

  constructor({ url, timeoutMs, auth, tls, headers, onReach = () => undefined }: HttpOptions) {
    this.#onReach = onReach
    this.#timeoutMs = timeoutMs
    this.#agents = new Agents(tls)
    const configured = credentialsOf(auth, this.#agents, timeoutMs)
    for (const each of [url].flat()) {
      const parsed = new URL(each)
      const inUrl = auth === undefined ? credentialsInUrl(parsed) : undefined
      parsed.username = ''
      parsed.password = ''
      this.#credentials.set(parsed.href.replace(/\/+$/, ''), inUrl ?? configured)
    }
    const addresses = [...this.#credentials.keys()]
    this.#addresses = new Addresses(addresses)
    this.address = addresses[0] as string
    const accept = 'application/vnd.schemaregistry.v1+json, application/json'
    this.#headers = { 'user-agent': 'eventtrail', ...headers, accept }
  }

  /** @param maxBytes the most that the answer may have. Default 2 MiB. */
  get(path: string, maxBytes = maxAnswerBytes): Promise<Answer> {
    return this.#ask({ method: 'GET', path, maxBytes })
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.#ask({ method: 'POST', path, text: JSON.stringify(body) })
  }

  put(path: string, body: unknown): Promise<Answer> {
    return this.#ask({ method: 'PUT', path, text: JSON.stringify(body) })
  }

  /** Sends what was put together elsewhere. @param text JSON; undefined for none */
  send(method: string, path: string, text?: string): Promise<Answer> {
    return this.#ask({ method, path, ...(text !== undefined && { text }) })
  }

  async #ask(question: Question): Promise<Answer> {
    try {
      const answer = await this.#anywhere(question)
      this.#onReach(isOfRegistry(answer), 'what answers instead of the registry is none: check SCHEMA_REGISTRY_URL')
      return answer
    } catch (error) {
      const words = error instanceof RegistryError ? reachWords[error.code] : undefined
      this.#onReach(false, words ?? 'the registry is unreachable')
      throw error
    }
  }

  async #anywhere(question: Question): Promise<Answer> {
    const failures: RegistryError[] = []
    for (const address of this.#addresses.order(performance.now())) {
      try {
        const answer = await this.#at(address, question)
        this.#addresses.reached(address)
        return answer
      } catch (error) {
        if (!(error instanceof RegistryError) || !error.retryable) throw error
        this.#addresses.failed(address, performance.now())
        failures.push(error)
      }
    }
    throw joined(failures)
  }

  async #at(address: string, question: Question): Promise<Answer> {
    const credentials = this.#credentials.get(address) as Credentials
    for (let attempt = 1; ; attempt += 1) {
      const authorization = await credentials.authorization()
      const incoming = await this.#exchange(address, question, authorization)
      const { status } = incoming
      if (status >= 500 || status === 429) throw unreachable(address, `it answers ${status}`)
      const answer = { status, errorCode: undefined, body: undefined, isHtml: incoming.isHtml, ...parse(incoming.text) }
      if (status === 403) throw forbidden(answer, question, credentials)
      if (status !== 401) return answer
      if (attempt > 1 || authorization === undefined || !(await credentials.refused(authorization)))
        throw unauthenticated(answer, address, credentials)
    }
  }

  async #exchange(address: string, question: Question, authorization: string | undefined): Promise<Incoming> {
    const { method, path, text, maxBytes = maxAnswerBytes } = question
    const agent = await this.#agents.of(address)
    try {
      return await exchange({
        method,
        url: address + path,
        headers: {
          ...this.#headers,
          ...(authorization !== undefined && { authorization }),
          ...(text !== undefined && { 'content-type': 'application/json' })
        },
        ...(text !== undefined && { body: text }),
        agent,
        timeoutMs: this.#timeoutMs,
        maxBytes
      })
    } catch (error) {
      const { code, reason } = failureOf(error, address.startsWith('https:'))
      if (code === 'REGISTRY_UNAVAILABLE') throw unreachable(address, reason)
      throw new RegistryError(code, `TLS with the schema registry at ${address} fails: ${reason}`)
    }
  }

  unreachable(reason: string, cause?: unknown): RegistryError {
    return unreachable(this.address, reason, cause)
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

const unreachable = (address: string, reason: string, cause?: unknown): RegistryError =>
  new RegistryError('REGISTRY_UNAVAILABLE', `The schema registry at ${address} is unreachable: ${reason}`, cause)

/** One error of those of all addresses; a failure of TLS names a setting, so it comes first. */
function joined(failures: readonly RegistryError[]): RegistryError {
  const first = failures.find(({ code }) => code === 'REGISTRY_UNTRUSTED') ?? (failures[0] as RegistryError)
  if (failures.length === 1) return first
  return new RegistryError(first.code, [...new Set(failures.map(({ message }) => message))].join('; '))
}

function unauthenticated({ body }: Answer, address: string, { parts, setting }: Credentials): RegistryError {
  const words =
    setting === ''
      ? 'wants a login (401), and none is configured: set SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO or SCHEMA_REGISTRY_BEARER_AUTH_TOKEN (`connection.registry.auth`)'
      : `refuses the login (401): check ${parts} in ${setting}`
  return new RegistryError('REGISTRY_UNAUTHENTICATED', `The schema registry at ${address} ${words}${itSays(body)}`)
}

function forbidden({ body }: Answer, { method, path }: Question, { setting }: Credentials): RegistryError {
  const whom = setting === '' ? 'callers without a login' : `the login in ${setting}`
  return new RegistryError(
    'REGISTRY_FORBIDDEN',
    `The schema registry forbids ${method} ${printable(path, mostServerText)} (403): grant this right to ${whom}${itSays(body)}`
  )
}

// A registry gives a code of its own with every 404.
const isOfRegistry = ({ status, errorCode, body }: Answer): boolean =>
  body !== undefined && (status !== 404 || errorCode !== undefined)

function parse(text: string): Pick<Answer, 'body' | 'errorCode'> | undefined {
  try {
    const body: unknown = JSON.parse(text)
    const code = typeof body === 'object' && body !== null && 'error_code' in body ? body.error_code : undefined
    return { body, errorCode: typeof code === 'number' ? code : undefined }
  } catch {
    return undefined
  }
}

function messageOf(body: unknown): string {
  const message = typeof body === 'object' && body !== null && 'message' in body ? body.message : ''
  return typeof message === 'string' ? printable(message, mostServerText) : ''
}

function itSays(body: unknown): string {
  const message = messageOf(body)
  return message && `. It says: ${message}`
}
