import { isObject } from '../json.ts'

/** A token, and how long it can be used. */
export interface LimitedToken<T> {
  readonly token: T
  /** ms from when it was requested. */
  readonly lifeMs: number
}

export interface TokenKeeperOptions {
  /** ms that a token must have left when it is given out. Default 0. */
  readonly leastLeftMs?: number
  /** Called when no new token can be had and the last one is used. */
  readonly onStale?: (error: unknown) => void
  /** ms of a clock that never goes back. */
  readonly now?: () => number
}

const renewedAfter = 0.8

/**
 * Keeps a token for 80 % of its life. If it cannot be renewed then, it is used while it is valid. Callers that need a
 * new one at the same time share one request.
 */
export class TokenKeeper<T> {
  readonly #ask: () => Promise<LimitedToken<T>>
  readonly #options: TokenKeeperOptions
  readonly #now: () => number
  #kept: { readonly token: T; readonly renewAt: number; readonly usedUntil: number } | undefined
  #asking: Promise<T> | undefined

  constructor(ask: () => Promise<LimitedToken<T>>, options: TokenKeeperOptions = {}) {
    this.#ask = ask
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  /** @throws what asking for one throws */
  async get(): Promise<T> {
    const kept = this.#kept
    if (kept && this.#now() < kept.renewAt) return kept.token
    try {
      return await this.#renewed()
    } catch (error) {
      if (kept === undefined || kept !== this.#kept || this.#now() >= kept.usedUntil) throw error
      this.#options.onStale?.(error)
      return kept.token
    }
  }

  /** A server refused this token: it is not used again. */
  refused(token: T): void {
    if (this.#kept?.token === token) this.#kept = undefined
  }

  #renewed(): Promise<T> {
    this.#asking ??= this.#renew().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #renew(): Promise<T> {
    const askedAt = this.#now()
    const { token, lifeMs } = await this.#ask()
    const usedUntil = askedAt + lifeMs - (this.#options.leastLeftMs ?? 0)
    this.#kept = { token, renewAt: Math.min(askedAt + lifeMs * renewedAfter, usedUntil), usedUntil }
    return token
  }
}

const tokenShape = /^[\x21-\x7e]+$/

/** Whether a text can be sent as a token (RFC 6750, 2.1: no blank and no control character). */
export const isToken = (value: unknown): value is string => typeof value === 'string' && tokenShape.test(value)

/**
 * The token in an answer of a token endpoint (RFC 6749, 5.1); undefined when it is none. `lifeMs` is undefined where
 * the endpoint does not say how long it is valid.
 */
export function tokenIn(body: unknown): { readonly token: string; readonly lifeMs: number | undefined } | undefined {
  if (!isObject(body) || !isToken(body.access_token)) return undefined
  const seconds = Number(body.expires_in)
  return { token: body.access_token, lifeMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : undefined }
}

/** A request for a token by client credentials (RFC 6749, 4.4): to be sent to the token endpoint by POST. */
export function tokenRequest(
  clientId: string,
  clientSecret: string,
  scope: string | undefined
): { readonly headers: Readonly<Record<string, string>>; readonly body: string } {
  // 2.3.1: id and secret are encoded as in a form before they are encoded as Basic.
  const login = Buffer.from(`${inForm(clientId)}:${inForm(clientSecret)}`).toString('base64')
  return {
    headers: {
      accept: 'application/json',
      authorization: `Basic ${login}`,
      'content-type': 'application/x-www-form-urlencoded'
    },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...(scope && { scope }) }).toString()
  }
}

const inForm = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)

/** The most bytes that the answer of a token endpoint may have. */
export const maxTokenAnswerBytes = 256 * 1024
