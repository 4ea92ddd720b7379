import { EventtrailError, type Logger, silentLogger } from '../core/index.ts'

/** The health of a process, as `/livez` and `/readyz` report it. */
export interface Health {
  /** Why it cannot do its work now, in words; none when it can. It continues by itself once the reason is gone. */
  readonly notReady: readonly string[]
  /** Why it will never continue by itself: it has to be restarted. None while it lives. */
  readonly dead: readonly string[]
}

/** Several as one. */
export function allOf(...parts: readonly Health[]): Health {
  return { notReady: parts.flatMap(({ notReady }) => notReady), dead: parts.flatMap(({ dead }) => dead) }
}

export interface ReachOptions {
  /** As words begin with it: "Postgres", "the registry". */
  readonly name: string
  /** Asks the server something cheap. */
  readonly probe: () => Promise<unknown>
  /** ms for which an answer counts: the server is asked when it has not been heard of for so long. Default 5,000. */
  readonly freshMs?: number
  /** ms after which one that could not be reached is asked again. Default 1,000. */
  readonly retryMs?: number
  /** ms after which a probe counts as failed. Default 3,000. */
  readonly timeoutMs?: number
  /** Gets a warning when the server has been lost for 5 s, and a line when it answers after that. Default: none. */
  readonly log?: Logger
}

/** What an error says of a server that answers, and refuses; undefined where it may simply be away. */
export const refusalWords = (error: unknown): string | undefined =>
  error instanceof EventtrailError && (error.misconfigured || !error.retryable) ? error.message : undefined

const lookEveryMs = 1_000
/** A single question that fails between others that are answered is no outage. */
const warnAfterMs = 5_000

/**
 * Whether a server can be reached. Known from what the process does with it anyway ({@link heard}); only
 * where that says nothing for a while it is asked. Nothing is asked before {@link watch}.
 *
 * unheard → reached or lost, reached ⇄ lost
 */
export class Reach {
  readonly #options: Required<ReachOptions>
  #state: 'unheard' | 'reached' | 'lost' = 'unheard'
  #why: string | undefined
  #heardAt = Number.NEGATIVE_INFINITY
  #askedAt = Number.NEGATIVE_INFINITY
  #probing = false
  #timer: NodeJS.Timeout | undefined
  #closed = false
  #lostAt: number | undefined
  #warning: NodeJS.Timeout | undefined
  #isWarned = false

  constructor(options: ReachOptions) {
    this.#options = { freshMs: 5_000, retryMs: 1_000, timeoutMs: 3_000, log: silentLogger, ...options }
  }

  /**
   * The server did something for us (true), or could not be reached. May be handed on as it is.
   * @param why what prevents it, in words. Default: what was reported last, or that it is unreachable.
   */
  readonly heard = (answered: boolean, why?: string): void => {
    this.#why = answered ? undefined : (why ?? this.#why)
    this.#state = answered ? 'reached' : 'lost'
    if (answered) this.#heardAt = performance.now()
    this.#report(answered)
  }

  get reached(): boolean {
    return this.#state === 'reached'
  }

  /** Why the process is not ready, as far as this server goes. */
  get reasons(): readonly string[] {
    const { name } = this.#options
    if (this.#state === 'reached') return []
    return [this.#state === 'lost' ? (this.#why ?? `${name} is unreachable`) : `${name} has not answered yet`]
  }

  /** Begins to ask. A second call does nothing. */
  watch(): void {
    if (this.#timer || this.#closed) return
    this.#timer = setInterval(() => void this.#look(), lookEveryMs).unref()
    void this.#look()
  }

  /** Asks nothing from here on. */
  close(): void {
    this.#closed = true
    clearInterval(this.#timer)
    clearTimeout(this.#warning)
  }

  #report(answered: boolean): void {
    const { name, log } = this.#options
    if (this.#closed) return
    if (!answered) {
      this.#lostAt ??= performance.now()
      this.#warning ??= setTimeout(() => {
        this.#isWarned = true
        log.warn({ server: name, reason: this.reasons[0] }, 'server unreachable; trying again')
      }, warnAfterMs).unref()
      return
    }
    clearTimeout(this.#warning)
    this.#warning = undefined
    if (this.#isWarned)
      log.info({ server: name, afterMs: Math.round(performance.now() - (this.#lostAt ?? 0)) }, 'server reachable again')
    this.#isWarned = false
    this.#lostAt = undefined
  }

  async #look(): Promise<void> {
    const { probe, freshMs, retryMs, timeoutMs } = this.#options
    // A probe that hangs is not asked again before it has ended.
    if (this.#probing) return
    const now = performance.now()
    if (this.reached ? now - this.#heardAt < freshMs : now - this.#askedAt < retryMs) return
    this.#probing = true
    this.#askedAt = now
    const late = setTimeout(() => this.heard(false), timeoutMs).unref()
    try {
      await probe()
      this.heard(true)
    } catch (error) {
      this.heard(false, refusalWords(error))
    } finally {
      clearTimeout(late)
      this.#probing = false
    }
  }
}
