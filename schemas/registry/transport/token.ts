import { isObject } from '../../../core/index.ts'

/** A token, and for how long it can be used. */
export interface Token {
  readonly text: string
  /** ms from when it was asked for. */
  readonly livesMs: number
}

/** ms for which a token is used whose endpoint does not say for how long it is valid. */
const unsaidMs = 300_000
const renewedAfter = 0.8
const isToken = /^[\x21-\x7e]+$/

/** The token in an answer of a token endpoint (RFC 6749, 5.1); undefined when it is none. */
export function tokenIn(body: unknown): Token | undefined {
  if (!isObject(body) || typeof body.access_token !== 'string' || !isToken.test(body.access_token)) return undefined
  const seconds = Number(body.expires_in)
  return {
    text: body.access_token,
    livesMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : unsaidMs
  }
}

/**
 * Keeps a token while it lasts. It is renewed after 80 % of its time; if that fails, the old one is used while it is
 * valid. Callers that need one at the same time wait for the same answer.
 */
export class TokenKeeper {
  readonly #ask: () => Promise<Token>
  readonly #now: () => number
  #kept: { readonly text: string; readonly renewAt: number; readonly endsAt: number } | undefined
  #asking: Promise<string> | undefined

  /** @param now ms of a clock that never goes back */
  constructor(ask: () => Promise<Token>, now: () => number = () => performance.now()) {
    this.#ask = ask
    this.#now = now
  }

  /** @throws what asking for one throws */
  async token(): Promise<string> {
    const kept = this.#kept
    if (kept && this.#now() < kept.renewAt) return kept.text
    try {
      return await this.#renewed()
    } catch (error) {
      if (kept && this.#kept === kept && this.#now() < kept.endsAt) return kept.text
      throw error
    }
  }

  /** A server refused this token: it is used no more. */
  refused(text: string): void {
    if (this.#kept?.text === text) this.#kept = undefined
  }

  #renewed(): Promise<string> {
    this.#asking ??= this.#renew().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #renew(): Promise<string> {
    const asked = this.#now()
    const { text, livesMs } = await this.#ask()
    this.#kept = { text, renewAt: asked + livesMs * renewedAfter, endsAt: asked + livesMs }
    return text
  }
}
