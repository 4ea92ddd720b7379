import { type Clock, type Logger, machineClock, safeError } from '../../core/index.ts'
import type { SearchIndex } from './search-index.ts'

/**
 * How long the end of a document is kept, in ms: as long as an older event of it may come. Topics keep 7 days, dead letters
 * 30 days after that; the rest is for letters that are redriven late.
 */
export const defaultKeepEndsMs = 60 * 24 * 3_600_000

const everyMs = 60_000

export interface EndsParts {
  readonly index: SearchIndex
  readonly keepMs: number
  readonly log: Logger
  readonly clock?: Clock
}

/**
 * Lets an index remove ends of documents that are old, now and then while it is written to: nothing else makes more of them.
 * @returns what is called after a write
 */
export function removesEnds({ index, keepMs, log, clock = machineClock }: EndsParts): () => void {
  if (index.removeEnds === undefined || keepMs === Number.POSITIVE_INFINITY) return () => undefined
  // Members that start together do not ask together.
  let dueAt = clock.monotonic() + everyMs * clock.random()
  let denied = false
  const remove = async (): Promise<void> => {
    dueAt = clock.monotonic() + everyMs
    try {
      const removed = await index.removeEnds?.(keepMs)
      denied = false
      if (removed) log.debug({ removed }, 'old ends of search documents were removed')
    } catch (error) {
      // Said once: the index grows, and nothing else is wrong.
      if (!denied) log.warn({ err: safeError(error) }, 'old ends of search documents cannot be removed; trying again')
      denied = true
    }
  }
  return () => {
    if (clock.monotonic() >= dueAt) void remove()
  }
}
