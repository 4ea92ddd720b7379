import { setImmediate } from 'node:timers/promises'
import type { EventMap } from '../../schemas/index.ts'
import type { Handlers } from '../types.ts'

/** Turns of the event loop in which what was started comes to its next wait. */
const turns = 3

/** Timers of this machine, whatever the test has put in their place. */
const { setTimeout: startTimer, clearTimeout: stopTimer } = globalThis

/** Knows what runs that is not the pipeline itself: handlers, middlewares, `onFailure`. */
export class Activity {
  #running = 0
  /** Grows with each begin and end. */
  #changes = 0
  readonly #ended: (() => void)[] = []

  /** How many calls run. */
  get running(): number {
    return this.#running
  }

  /** Counts a call while it runs. */
  async of<T>(call: () => Promise<T> | T): Promise<T> {
    this.#running += 1
    this.#changes += 1
    try {
      return await call()
    } finally {
      this.#running -= 1
      this.#changes += 1
      for (const ended of this.#ended.splice(0)) ended()
    }
  }

  /** The same handlers, whose calls are counted. What is no handler stays as it is: options are checked later. */
  ofHandlers<Events extends EventMap>(handlers: Handlers<Events>): Handlers<Events> {
    if (typeof handlers !== 'object' || handlers === null) return handlers
    const watched = (handler: unknown): unknown => {
      if (typeof handler === 'function') return (...what: unknown[]) => this.of(() => handler(...what))
      if (typeof handler !== 'object' || handler === null || !('onBatch' in handler)) return handler
      const { onBatch } = handler
      if (typeof onBatch !== 'function') return handler
      return { ...handler, onBatch: (...what: unknown[]) => this.of(() => onBatch.apply(handler, what)) }
    }
    const all = Object.entries(handlers as Readonly<Record<string, unknown>>)
    return Object.fromEntries(all.map(([name, handler]) => [name, watched(handler)])) as Handlers<Events>
  }

  /** Lets run what can run now. Calls that wait for something are not waited for. */
  async turn(): Promise<void> {
    for (let seen = -1; seen !== this.#changes; ) {
      seen = this.#changes
      for (let turn = 0; turn < turns; turn += 1) await setImmediate()
    }
  }

  /** Resolves when no call runs; to false when one still does, and none has ended for `patienceMs` of real time. */
  async quiet(patienceMs: number): Promise<boolean> {
    for (;;) {
      await this.turn()
      if (this.#running === 0) return true
      if (!(await this.#oneEnds(patienceMs))) return false
    }
  }

  async #oneEnds(withinMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const timer = startTimer(() => resolve(false), withinMs)
    this.#ended.push(() => resolve(true))
    try {
      return await promise
    } finally {
      stopTimer(timer)
    }
  }
}
