import type pg from 'pg'
import { EventtrailError } from '../core/errors.ts'
import { within } from '../core/lifecycle.ts'
import { type AdminLine, KafkaError } from '../kafka/index.ts'
import { SinkError } from './errors.ts'
import { readPositions } from './fence.ts'
import type { CaughtUpOptions } from './options.ts'
import { keyOf, type TopicPartition } from './types.ts'

export interface CaughtUpParts {
  readonly group: string
  readonly pool: pg.Pool
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

type LogEnds = ReadonlyMap<string, TopicPartition & { readonly end: number }>

/**
 * Resolves once the trail has all that was in Kafka when this was called. Servers that are out of reach are waited for.
 * @throws SinkError `NOT_CAUGHT_UP` after the timeout or an abort, `SINK_CLOSED` when the sink ends before
 */
export async function caughtUp(parts: CaughtUpParts, options: CaughtUpOptions = {}): Promise<void> {
  const { timeoutMs = 60_000, signal } = options
  const deadline = performance.now() + timeoutMs
  let ends: LogEnds | undefined
  for (;;) {
    let words = 'it could not be asked'
    let cause: unknown
    const ended = parts.ended()
    if (ended) throw new SinkError('SINK_CLOSED', 'the sink ended before it caught up', ended.failure)
    try {
      ends ??= await logEnds(parts)
      const behind = await partitionsBehind(parts, ends)
      if (behind.length === 0) return
      words = `${behind.length} partitions are behind, the first is ${behind[0]}`
    } catch (error) {
      if (error instanceof EventtrailError && !error.retryable && !parts.ended()) throw error
      cause = error
    }
    if (performance.now() > deadline || signal?.aborted) throw new SinkError('NOT_CAUGHT_UP', words, cause)
    await within(100, parts.changed())
  }
}

async function partitionsBehind({ pool, group }: CaughtUpParts, ends: LogEnds): Promise<string[]> {
  const stored = await readPositions(pool, group, [...ends.values()])
  return [...ends].filter(([key, { end }]) => (stored.get(key)?.nextOffset ?? 0) < end).map(([key]) => key)
}

async function logEnds({ topics, line, mustExist }: CaughtUpParts): Promise<LogEnds> {
  const ends = new Map<string, TopicPartition & { end: number }>()

  for (const topic of await topics()) {
    const logs = await line
      .ask(admin => admin.ranges(topic))
      .catch(error => {
        if (!mustExist && error instanceof KafkaError && error.code === 'TOPIC_UNKNOWN') return []
        throw error
      })
    for (const { partition, start, end } of logs) {
      if (end > start) ends.set(keyOf({ topic, partition }), { topic, partition, end })
    }
  }
  return ends
}
