import type { Logger } from '../../core/index.ts'
import type { RunningCall } from '../pipeline/index.ts'

export interface HangWatchOptions {
  /** ms for which a call of a handler may run before it is reported. */
  readonly hangAfterMs: number
  /** The calls of handlers that have not ended, those that began first in front. */
  readonly calls: ReadonlySet<RunningCall>
  readonly log: Logger
}

/** A call of a handler that has been running for long. */
export interface LongCall extends Pick<RunningCall, 'topic' | 'partition' | 'offset' | 'eventName' | 'attempt'> {
  /** ms since it began; what the message waited for before that does not count. */
  readonly forMs: number
}

const mostOftenMs = 100
const leastOftenMs = 5_000

/** Reports handlers that do not end: their aggregates wait, and nothing else shows it. */
export class HangWatch {
  readonly #options: HangWatchOptions
  readonly #reported = new Set<RunningCall>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: HangWatchOptions) {
    this.#options = options
  }

  /** Those that have been running for so long that they are reported. */
  get hanging(): readonly LongCall[] {
    return this.#long().map(longCall)
  }

  start(): void {
    const everyMs = Math.min(Math.max(this.#options.hangAfterMs / 10, mostOftenMs), leastOftenMs)
    this.#timer ??= setInterval(() => this.#look(), everyMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #long(): readonly RunningCall[] {
    const { calls, hangAfterMs } = this.#options
    const since = performance.now() - hangAfterMs
    const long: RunningCall[] = []
    for (const call of calls) {
      if (call.beganAt > since) break
      long.push(call)
    }
    return long
  }

  #look(): void {
    const { calls, log } = this.#options
    for (const call of this.#reported) {
      if (calls.has(call)) continue
      this.#reported.delete(call)
      log.info(longCall(call), 'a handler that had been running for long has ended')
    }
    for (const call of this.#long()) {
      if (this.#reported.has(call)) continue
      this.#reported.add(call)
      log.error(
        longCall(call),
        'a handler has been running for long: its aggregate waits, and its partition is not committed past it'
      )
    }
  }
}

const longCall = ({ beganAt, ...call }: RunningCall): LongCall => ({
  ...call,
  forMs: Math.round(performance.now() - beganAt)
})
