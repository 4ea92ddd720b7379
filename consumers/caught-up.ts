import { few, pause } from '../core/index.ts'
import type { AdminLine, KafkaAdmin } from '../kafka/index.ts'
import { KafkaError } from '../kafka/index.ts'
import { ConsumerError } from './errors.ts'

/** The end of a partition's log when somebody asked; what waits behind an open transaction lies before it too. */
interface Goal {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

async function goalsOf(admin: KafkaAdmin, topics: readonly string[]): Promise<Goal[]> {
  return (await admin.logEnds(topics))
    .filter(({ start, highWatermark }) => highWatermark > start)
    .map(({ topic, partition, highWatermark }) => ({ topic, partition, offset: highWatermark }))
}

export interface CaughtUpOptions {
  readonly groupId: string
  readonly topics: readonly string[]
  readonly timeoutMs: number
  /** Aborts when the group stops. */
  readonly signal: AbortSignal
  /** Commits what this member has finished, so that the answer does not wait for the next interval. */
  readonly commit: () => Promise<void>
}

/**
 * Waits until the group has committed everything that is in its topics now. A Kafka that is out of reach is waited for.
 * @throws ConsumerError `CLOSED`, `CATCH_UP_TIMEOUT`; KafkaError when Kafka says no
 */
export async function waitUntilCaughtUp(line: AdminLine, options: CaughtUpOptions): Promise<void> {
  const { groupId, topics, timeoutMs, signal, commit } = options
  const deadline = performance.now() + timeoutMs
  let goals: Goal[] | undefined
  for (;;) {
    if (signal.aborted) throw new ConsumerError('CLOSED', 'The group was stopped before it had caught up')
    let trouble: unknown
    try {
      goals ??= await line.ask(admin => goalsOf(admin, topics))
      if (goals.length === 0) return
      await commit()
      const committed = await line.ask(admin => admin.groupOffsets(groupId))
      goals = goals.filter(({ topic, partition, offset }) => (committed.get(topic)?.get(partition) ?? 0) < offset)
      if (goals.length === 0) return
    } catch (error) {
      if (!(error instanceof KafkaError) || !error.retryable) throw error
      trouble = error
    }
    if (performance.now() >= deadline) {
      const held = trouble ? [] : await line.heldBackWords([...new Set(goals?.map(({ topic }) => topic))])
      throw behind(groupId, goals, timeoutMs, held, trouble)
    }
    await pause(100, signal)
  }
}

function behind(
  groupId: string,
  goals: readonly Goal[] = [],
  timeoutMs: number,
  held: readonly string[],
  cause: unknown
): ConsumerError {
  const where = goals.map(({ topic, partition, offset }) => `${topic}/${partition} (not yet at ${offset})`)
  const message = `Group ${groupId} had not caught up after ${timeoutMs} ms: ${few(where) || 'Kafka could not be asked'}`
  return new ConsumerError('CATCH_UP_TIMEOUT', [message, ...held].join('. '), cause)
}
