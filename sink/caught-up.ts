import { checkOptions } from '../core/index.ts'
import { type AdminLine, catchUp } from '../kafka/index.ts'
import type { Pool } from '../postgres/index.ts'
import { readPositions } from '../trail/index.ts'
import { SinkError } from './errors.ts'
import { type CaughtUpOptions, caughtUpRules } from './options.ts'

export interface CaughtUpParts {
  readonly group: string
  readonly pool: Pool
  readonly line: AdminLine
  /** Topics that are or will be read. */
  readonly topics: () => Promise<readonly string[]>
  /** Whether each of them must exist; otherwise one that does not is passed over. */
  readonly mustExist: boolean
  /** Resolves when something may have changed. */
  readonly changed: () => Promise<void>
  /** Whether the sink has ended, and why if that was not wanted. */
  readonly ended: () => { readonly failure: Error | undefined } | undefined
}

/**
 * Resolves once the trail has all that was in Kafka when this was called. Unreachable servers are waited for,
 * and so is the end of transactions that are open.
 * @throws SinkError `CATCH_UP_TIMEOUT` after the timeout or an abort, `CLOSED` when the sink ends before; OptionsError
 */
export async function caughtUp(parts: CaughtUpParts, options: CaughtUpOptions = {}): Promise<void> {
  const { group, pool, line, topics, mustExist, changed, ended } = parts
  checkOptions(options, caughtUpRules)
  const { timeoutMs = 60_000, signal } = options
  await catchUp({
    group,
    line,
    topics,
    mustExist,
    async progress(goals) {
      const stored = await readPositions(pool, group, goals)
      return new Map([...stored].map(([key, { nextOffset }]) => [key, nextOffset]))
    },
    changed,
    requireOpen() {
      const end = ended()
      if (end) throw new SinkError('CLOSED', 'the sink ended before it caught up', end.failure)
    },
    timeoutMs,
    signal,
    timedOut: (message, cause) => new SinkError('CATCH_UP_TIMEOUT', message, cause)
  })
}
