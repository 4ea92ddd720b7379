import { onAbort } from './aborted.ts'
import { within } from './clock.ts'
import { EventtrailError } from './errors.ts'
import { checkOptions, rule } from './options/index.ts'

/** Where a part is in its life; {@link Lifecycle} has the ways from one to the next. */
export type LifecycleState = 'new' | 'starting' | 'running' | 'draining' | 'closed' | 'failed'

/** What is asked of a part's life when its health is read. */
export interface LifeView {
  readonly state: LifecycleState
  /** The error that ended it. */
  readonly failure: Error | undefined
}

const reasons: Readonly<Record<LifecycleState, readonly string[]>> = {
  new: ['it has not started yet'],
  starting: ['it is starting'],
  running: [],
  draining: ['it is stopping'],
  closed: ['it has stopped'],
  failed: ['it has failed']
}

/** Why a part is not ready as far as its life goes: of one that failed with the code of its error. */
export function notRunning({ state, failure }: LifeView): readonly string[] {
  if (state !== 'failed' || failure === undefined) return reasons[state]
  return [`it has failed (${failure instanceof EventtrailError ? failure.code : failure.name})`]
}

export interface DrainOptions {
  /** ms to wait at most for what is in flight; past that it closes as it is. The default is that of the part. */
  readonly timeoutMs?: number
}

/**
 * A part of eventtrail that runs. Every call may be made twice; the second gets the first one's promise. `drain` and
 * `close` resolve when the part has ended, however it ended: `closed` has the error.
 */
export interface Handle extends AsyncDisposable {
  /**
   * Opens what it needs. One that fails ends the part; `close` and `drain` end one that is under way.
   * @throws an error with the code `CLOSED` once the part is to end; what else, the part says
   */
  start(): Promise<void>
  /** Finishes what is in flight, then closes. @throws OptionsError, and continues to run */
  drain(options?: DrainOptions): Promise<void>
  /** Stops now, also a drain that is under way; what is in flight is left to be done again. */
  close(): Promise<void>
  /** Resolves when closed: with undefined after a wanted stop, with the error after any other. */
  readonly closed: Promise<Error | undefined>
  readonly state: LifecycleState
}

/** How a part comes to its end: all that was in flight is done, or the time was up, or nothing was waited for. */
export type Ending = 'drained' | 'timed out' | 'at once'

/** What a part does at each step of its life. */
export interface LifecycleSteps {
  /**
   * Opens what the part needs. It is waited for before the part closes, so it settles soon once `ending` aborts.
   * Whatever it rejects with fails the part.
   */
  readonly start: (ending: AbortSignal) => Promise<unknown>
  /** Takes nothing new from here on. Called once, as soon as the part is to end. Default: nothing to do. */
  readonly halt?: () => void
  /** Resolves when nothing is in flight. Not waited for beyond the time-out, nor when the part is to close at once. */
  readonly drain: () => Promise<unknown>
  /** Closes all that is open, however far `start` came. Called once, last. What it rejects with fails the part. */
  readonly close: (ending: Ending) => Promise<unknown>
  /** The part's own error with the code `CLOSED`. */
  readonly closedError: () => Error
  /** ms that `drain` waits unless it is given a time. */
  readonly drainTimeoutMs: number
}

/**
 * The one state machine of all parts that run.
 *
 * ```
 *  new ── start ──▶ starting ─────▶ running
 *   │                  │               │
 *   └──────────────────┴───────┬───────┘
 *              drain, close, an error that ends it
 *                              ▼
 *                          draining ──▶ closed
 *                              └──────▶ failed, if there was an error
 * ```
 *
 * A start that fails is an error that ends the part. `begin` leads from new to running without the step `start`.
 * `close` while draining cuts the wait short. A second error is dropped.
 */
export class Lifecycle {
  readonly #steps: LifecycleSteps
  readonly #ending = new AbortController()
  readonly #closing = new AbortController()
  readonly #closed = Promise.withResolvers<Error | undefined>()
  #state: LifecycleState = 'new'
  #started: Promise<void> | undefined
  /** The step `start`, which the end waits for. */
  #opening: Promise<unknown> | undefined
  #ended: Promise<void> | undefined
  #failure: Error | undefined

  constructor(steps: LifecycleSteps) {
    this.#steps = steps
  }

  get state(): LifecycleState {
    return this.#state
  }

  get closed(): Promise<Error | undefined> {
    return this.#closed.promise
  }

  /** The error that ended it. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** Aborts as soon as the part is to end. */
  get ending(): AbortSignal {
    return this.#ending.signal
  }

  /** Aborts when nothing in flight is waited for any more. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  start(): Promise<void> {
    if (this.#ending.signal.aborted) return Promise.reject(this.#steps.closedError())
    this.#started ??= this.#start()
    return this.#started
  }

  /** For parts that work without a start: the first work starts them. @returns false once the part is to end */
  begin(): boolean {
    if (this.#state === 'new') {
      this.#state = 'running'
      this.#started = Promise.resolve()
    }
    return !this.#ending.signal.aborted
  }

  drain(options: DrainOptions = {}): Promise<void> {
    try {
      checkOptions(options, { timeoutMs: rule.duration(0) })
    } catch (error) {
      return Promise.reject(error)
    }
    this.#ended ??= this.#end(options.timeoutMs ?? this.#steps.drainTimeoutMs)
    return this.#ended
  }

  close(): Promise<void> {
    this.#closing.abort()
    this.#ended ??= this.#end(0)
    return this.#ended
  }

  /**
   * An error after which the part cannot continue.
   * @param drainMs ms to wait for what is in flight. Default: nothing is waited for
   */
  fail(error: unknown, drainMs?: number): void {
    if (this.#state === 'closed' || this.#state === 'failed') return
    this.#note(error)
    if (this.#state === 'draining') return
    if (drainMs === undefined) this.#closing.abort()
    this.#ended = this.#end(drainMs ?? 0)
  }

  async #start(): Promise<void> {
    this.#state = 'starting'
    // A step that throws at once is no different from one that rejects.
    this.#opening = (async () => await this.#steps.start(this.#ending.signal))()
    const fault = await this.#opening.then(
      () => undefined,
      (error: unknown) => ({ error })
    )
    if (this.#ending.signal.aborted) throw this.#failure ?? this.#steps.closedError()
    if (fault !== undefined) {
      this.fail(fault.error)
      await this.#ended
      throw fault.error
    }
    this.#state = 'running'
  }

  #note(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error))
  }

  async #end(drainMs: number): Promise<void> {
    const { halt, drain, close } = this.#steps
    this.#state = 'draining'
    this.#ending.abort()
    let ending: Ending = 'at once'
    try {
      halt?.()
      if (this.#opening !== undefined) await this.#opening.catch(() => undefined)
      if (!this.closing.aborted) {
        const drained = await within(drainMs, Promise.race([drain(), abortOf(this.closing)]))
        if (!this.closing.aborted) ending = drained ? 'drained' : 'timed out'
      }
    } catch (error) {
      this.#note(error)
    }
    this.#closing.abort()
    try {
      await close(ending)
    } catch (error) {
      this.#note(error)
    }
    this.#state = this.#failure === undefined ? 'closed' : 'failed'
    this.#closed.resolve(this.#failure)
  }
}

/** Waits for work that cannot be called off, until it is not wanted any more. @throws what the signal aborted with */
export async function unlessAborted<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  return await Promise.race([
    work,
    abortOf(signal).then(() => {
      throw signal.reason
    })
  ])
}

const abortOf = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    onAbort(signal, resolve)
  })
