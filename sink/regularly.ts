import type { Logger } from '../core/index.ts'
import { type Clock, machineClock, safeError } from '../core/index.ts'

/** Does `work` every `ms`, never twice at once; what fails is done again the next time. @returns what ends it. */
export function regularly(ms: number, log: Logger, work: () => Promise<void>, clock: Clock = machineClock): () => void {
  let running = false
  return clock.every(ms, () => {
    if (running) return
    running = true
    work()
      .catch(error => log.warn({ err: safeError(error) }, 'a periodic task failed; it is retried at its next turn'))
      .finally(() => {
        running = false
      })
  })
}
