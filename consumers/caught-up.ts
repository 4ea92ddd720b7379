import { pause } from '../core/index.ts'
import { type AdminLine, catchUp, keyOf } from '../kafka/index.ts'
import { ConsumerError } from './errors.ts'

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
 * Waits until the group has committed everything that is in its topics now. An unreachable Kafka is waited for.
 * @throws ConsumerError `CLOSED`, `CATCH_UP_TIMEOUT`; KafkaError when Kafka says no
 */
export function waitUntilCaughtUp(line: AdminLine, options: CaughtUpOptions): Promise<void> {
  const { groupId, topics, timeoutMs, signal, commit } = options
  return catchUp({
    group: groupId,
    line,
    topics: async () => topics,
    async progress(goals) {
      await commit()
      const committed = await line.ask(admin => admin.groupOffsets(groupId))
      return new Map(goals.map(goal => [keyOf(goal), committed.get(goal.topic)?.get(goal.partition) ?? 0]))
    },
    changed: () => pause(100, signal),
    requireOpen() {
      if (signal.aborted) throw new ConsumerError('CLOSED', 'The group was stopped before it had caught up')
    },
    timeoutMs,
    timedOut: (message, cause) => new ConsumerError('CATCH_UP_TIMEOUT', message, cause)
  })
}
