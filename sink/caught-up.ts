import { checkDuration, EventtrailError, within } from '../core/index.ts'
import type { AdminLine, LogEnds } from '../kafka/index.ts'
import { KafkaError, keyOf, topicsOf } from '../kafka/index.ts'
import type { Pool } from '../postgres/index.ts'
import { readPositions } from '../trail/index.ts'
import { SinkError } from './errors.ts'
import type { CaughtUpOptions } from './options.ts'

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
  const { timeoutMs = 60_000, signal } = options
  checkDuration('timeoutMs', timeoutMs, 0)
  const deadline = performance.now() + timeoutMs
  let goals: readonly LogEnds[] | undefined
  for (;;) {
    let behind: readonly LogEnds[] = []
    let cause: unknown
    const ended = parts.ended()
    if (ended) throw new SinkError('CLOSED', 'the sink ended before it caught up', ended.failure)
    try {
      goals ??= await goalsOf(parts)
      behind = await partitionsBehind(parts, goals)
      if (behind.length === 0) return
    } catch (error) {
      if (error instanceof EventtrailError && !error.retryable && !parts.ended()) throw error
      cause = error
    }
    if (performance.now() > deadline || signal?.aborted)
      throw new SinkError(
        'CATCH_UP_TIMEOUT',
        cause ? 'Kafka or Postgres could not be queried' : await wordsOf(parts, behind),
        cause
      )
    await within(100, parts.changed())
  }
}

async function partitionsBehind(
  { pool, group }: CaughtUpParts,
  goals: readonly LogEnds[]
): Promise<readonly LogEnds[]> {
  const stored = await readPositions(pool, group, goals)
  return goals.filter(goal => (stored.get(keyOf(goal))?.nextOffset ?? 0) < goal.highWatermark)
}

async function goalsOf({ topics, line, mustExist }: CaughtUpParts): Promise<readonly LogEnds[]> {
  const wanted = await topics()
  const ends = await line.ask(admin => admin.logEnds(wanted))
  const there = new Set(topicsOf(ends))
  const missing = wanted.find(topic => !there.has(topic))
  if (mustExist && missing !== undefined) throw new KafkaError('TOPIC_UNKNOWN', `Kafka has no topic ${missing}`)
  return ends.filter(({ start, highWatermark }) => highWatermark > start)
}

async function wordsOf({ line }: CaughtUpParts, behind: readonly LogEnds[]): Promise<string> {
  const [first] = behind
  const words = `${behind.length} partitions have not caught up, the first is ${first && keyOf(first)}`
  const held = await line.heldBackWords(topicsOf(behind))
  return [words, ...held].join('. ')
}
