import { describeError, EventtrailError, few, isDefect, within } from '../core/index.ts'
import { KafkaError } from './errors.ts'
import type { AdminLine, LogEnds } from './types/index.ts'
import { keyOf, topicsOf } from './types/index.ts'

/** How often progress is looked at, ms. */
const lookEveryMs = 100

export interface CatchUpParts {
  /** Of consumers, with the prefix. */
  readonly group: string
  readonly line: AdminLine
  /** Topics that are or will be read. */
  readonly topics: () => Promise<readonly string[]>
  /** Whether each of them must exist; otherwise one that does not is passed over. Default false. */
  readonly mustExist?: boolean
  /** By the key of its partition, the first offset that is not done; 0 for one that is left out. */
  readonly progress: (goals: readonly LogEnds[]) => Promise<ReadonlyMap<string, number>>
  /** Resolves when there may be progress. */
  readonly changed: () => Promise<unknown>
  /** Throws when the consumer has ended. */
  readonly requireOpen: () => void
  /** ms. */
  readonly timeoutMs: number
  /** Ends the wait as the timeout does. */
  readonly signal?: AbortSignal | undefined
  /** What is thrown after the timeout or an abort. */
  readonly timedOut: (message: string, cause: unknown) => Error
}

/**
 * Resolves once a group has passed the ends that the logs of its topics have now. What waits for the end of an open
 * transaction is before these ends too. Unreachable servers are waited for.
 * @throws what `requireOpen` throws, `timedOut` after the timeout or an abort, an error that no retry can fix;
 *   KafkaError `TOPIC_UNKNOWN`
 */
export async function catchUp(parts: CatchUpParts): Promise<void> {
  const { line, progress, changed, requireOpen, timeoutMs, signal } = parts
  const began = performance.now()
  let goals: readonly LogEnds[] | undefined
  for (;;) {
    let behind: readonly LogEnds[] = []
    let cause: unknown
    requireOpen()
    try {
      goals ??= await goalsOf(parts)
      if (goals.length === 0) return
      const done = await progress(goals)
      behind = goals.filter(goal => (done.get(keyOf(goal)) ?? 0) < goal.highWatermark)
      if (behind.length === 0) return
    } catch (error) {
      requireOpen()
      if (isDefect(error) || (error instanceof EventtrailError && !error.retryable)) throw error
      cause = error
    }
    const waitedMs = performance.now() - began
    if (waitedMs >= timeoutMs || signal?.aborted) {
      const held = cause === undefined ? await line.heldBackWords(topicsOf(behind)) : []
      const why = cause === undefined ? behindInWords(behind) : describeError(cause)
      const words = `Group ${parts.group} had not caught up after ${Math.round(waitedMs)} ms: ${why}`
      throw parts.timedOut([words, ...held].join('. '), cause)
    }
    await within(lookEveryMs, changed())
  }
}

async function goalsOf({ topics, line, mustExist }: CatchUpParts): Promise<readonly LogEnds[]> {
  const wanted = await topics()
  const ends = await line.ask(admin => admin.logEnds(wanted))
  const there = new Set(topicsOf(ends))
  const missing = wanted.find(topic => !there.has(topic))
  if (mustExist && missing !== undefined) throw new KafkaError('TOPIC_UNKNOWN', `Kafka has no topic ${missing}`)
  return ends.filter(({ start, highWatermark }) => highWatermark > start)
}

const behindInWords = (behind: readonly LogEnds[]): string =>
  few(behind.map(goal => `${keyOf(goal)} (not yet at ${goal.highWatermark})`))
