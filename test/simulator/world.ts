import { setImmediate as settled } from 'node:timers/promises'
import type { Clock } from '../../core/clock.ts'

interface Due {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** Time that stops until everything that can happen has happened; all chance comes from one seed. */
export class World {
  now = Date.UTC(2026, 10, 24, 9, 59, 40)
  readonly start: number = this.now
  /** Whether the clocks of processes run backwards: nothing of a sink's may wait by them. */
  readonly backwards: boolean
  readonly #due: Due[] = []
  #order = 0
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
    this.backwards = seed % 2 === 0
  }

  /** From 0 to 1 (mulberry32). */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let z = this.#state
    z = Math.imul(z ^ (z >>> 15), z | 1)
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61)
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number below `n`. */
  below(n: number): number {
    return Math.floor(this.random() * n)
  }

  in(ms: number, run: () => void): void {
    const due = { at: this.now + ms, order: this.#order++, run }
    let at = this.#due.length
    this.#due.push(due)
    while (at > 0) {
      const up = (at - 1) >> 1
      if (!before(due, this.#due[up] as Due)) break
      this.#due[at] = this.#due[up] as Due
      at = up
    }
    this.#due[at] = due
  }

  /** Lets time pass until `done`, at most `ms`. */
  async run(ms: number, done: () => boolean): Promise<boolean> {
    const end = this.now + ms
    for (;;) {
      await settled()
      if (done()) return true
      const next = this.#due[0]
      if (!next || next.at > end) return false
      this.#pop()
      this.now = next.at
      next.run()
    }
  }

  #pop(): Due | undefined {
    const top = this.#due[0]
    const last = this.#due.pop()
    if (!top || !last || this.#due.length === 0) return top
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= this.#due.length) break
      const right = this.#due[child + 1]
      if (right && before(right, this.#due[child] as Due)) child += 1
      if (!before(this.#due[child] as Due, last)) break
      this.#due[at] = this.#due[child] as Due
      at = child
    }
    this.#due[at] = last
    return top
  }
}

const before = (a: Due, b: Due): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

/**
 * A process with a clock of its own: running ⇄ paused (SIGSTOP, SIGCONT), and from each → dead.
 * What reaches it while it is paused waits; what reaches it when it is dead is lost.
 */
export class Process implements Clock {
  readonly world: World
  state: 'running' | 'paused' | 'dead' = 'running'
  readonly #held: (() => void)[] = []

  constructor(world: World) {
    this.world = world
  }

  now(): number {
    return this.world.backwards ? 2 * this.world.start - this.world.now : this.world.now
  }

  monotonic(): number {
    return this.world.now
  }

  deliver(run: () => void): void {
    if (this.state === 'paused') this.#held.push(run)
    else if (this.state === 'running') run()
  }

  after(ms: number, work: () => void): () => void {
    let off = false
    this.world.in(ms, () => this.deliver(() => off || work()))
    return () => {
      off = true
    }
  }

  every(ms: number, work: () => void): () => void {
    let callOff: () => void = () => undefined
    const again = () => {
      callOff = this.after(ms, () => {
        again()
        work()
      })
    }
    again()
    return () => callOff()
  }

  readonly random = () => this.world.random()

  turn(): Promise<void> {
    return this.wait(0)
  }

  wait(ms: number): Promise<void> {
    return new Promise(resolve => this.after(ms, resolve))
  }

  pause(): void {
    if (this.state === 'running') this.state = 'paused'
  }

  resume(): void {
    if (this.state !== 'paused') return
    this.state = 'running'
    for (const run of this.#held.splice(0)) this.deliver(run)
  }

  kill(): void {
    this.state = 'dead'
    this.#held.length = 0
  }
}
