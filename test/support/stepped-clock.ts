import { onTestFinished } from 'vitest'

/**
 * Sets the wall clock of this process forward or back, as an administrator or NTP does, until the test ends. Timers and
 * the monotonic clock stay as they are.
 */
export function stepClock(ms: number): void {
  const Real = globalThis.Date
  class Stepped extends Real {
    constructor(...args: [] | [string | number | Date]) {
      if (args.length === 0) super(Stepped.now())
      else super(...args)
    }

    static override now(): number {
      return Real.now() + ms
    }
  }
  globalThis.Date = Stepped as DateConstructor
  onTestFinished(() => {
    globalThis.Date = Real
  })
}
