import { type Logger, safeError, silentLogger } from '../../core/index.ts'
import type { OAuthToken } from '../types/index.ts'

/** ms that a token must have left: brokers end a session with its token, and a login takes a moment. */
const leastLeftMs = 15_000
const refreshAfter = 0.8

interface Kept {
  readonly token: OAuthToken
  readonly refreshAt: number
  readonly endsAt: number
}

/**
 * Keeps a token until 80 % of its life are over. Callers that need a new one at the same time share one request. One
 * that cannot be renewed is used as long as it has 15 s left.
 */
export class Tokens {
  readonly #fetch: () => Promise<OAuthToken>
  readonly #log: Logger
  readonly #now: () => number
  #kept: Kept | undefined
  #fetching: Promise<OAuthToken> | undefined

  /** @param now ms of a clock that only moves forward */
  constructor(
    fetch: () => Promise<OAuthToken>,
    log: Logger = silentLogger,
    now: () => number = () => performance.now()
  ) {
    this.#fetch = fetch
    this.#log = log
    this.#now = now
  }

  async get(): Promise<OAuthToken> {
    const kept = this.#kept
    if (kept !== undefined && this.#now() < kept.refreshAt) return kept.token
    try {
      return await this.#renewed()
    } catch (error) {
      if (kept === undefined || kept !== this.#kept || kept.endsAt - this.#now() < leastLeftMs) throw error
      this.#log.warn({ err: safeError(error) }, 'no new token for Kafka; the last one is used while it is valid')
      return kept.token
    }
  }

  /** A broker did not accept the token: it is not used again. */
  refused(token: OAuthToken): void {
    if (this.#kept?.token === token) this.#kept = undefined
  }

  #renewed(): Promise<OAuthToken> {
    this.#fetching ??= this.#fetchAndKeep().finally(() => {
      this.#fetching = undefined
    })
    return this.#fetching
  }

  async #fetchAndKeep(): Promise<OAuthToken> {
    const askedAt = this.#now()
    const token = await this.#fetch()
    const lifeMs = token.expiresInMs ?? 0
    const endsAt = askedAt + lifeMs
    const refreshAt = Math.min(askedAt + lifeMs * refreshAfter, endsAt - leastLeftMs)
    this.#kept = { token, refreshAt, endsAt }
    return token
  }
}
