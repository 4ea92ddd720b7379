import type { Clock, Logger } from '../../core/index.ts'
import type { TrailSession } from '../../trail/index.ts'
import { SinkError } from '../errors.ts'

export interface WatchOptions {
  /** ms after which a running write looks for a suspended sink that blocks it, and between two such looks. */
  readonly blockedAfterMs: number
  /** ms for which Postgres may do nothing for a write, while it answers, before the write counts as stalled. Default 120,000. */
  readonly stalledAfterMs?: number
  /** The session was abandoned because its backend is gone: the write fails and is retried. */
  readonly onAbandoned?: () => void
  /** A write is stalled, and nothing that was tried helps. */
  readonly onStalled?: (error: SinkError) => void
}

export interface WriteWatch extends WatchOptions {
  /** Whether the writer still uses the session. */
  readonly isCurrent: () => boolean
  readonly log: Logger
  readonly clock: Clock
}

type WatchedSession = Pick<TrailSession, 'id' | 'isWorking' | 'abandon' | 'endBlockers' | 'blockers'>

/**
 * Watches a write that takes long: ends the session of a suspended sink that blocks it, and abandons its own session
 * once Postgres has no backend for it. @returns what ends the watch
 */
export function watchWrite(
  session: WatchedSession,
  { blockedAfterMs, stalledAfterMs = 120_000, onAbandoned, onStalled, isCurrent, log, clock }: WriteWatch
): () => void {
  // Only looks that got an answer count: time in which Postgres or this process was away says nothing of the write.
  let idleLooks = 0
  let reported = ''
  const look = async () => {
    try {
      const working = await session.isWorking()
      idleLooks = working ? 0 : idleLooks + 1
      if (working === undefined && isCurrent()) {
        log.warn({ session: session.id }, 'the backend of a running write is gone; abandoning the session')
        onAbandoned?.()
        session.abandon()
      }
      if (idleLooks * blockedAfterMs > stalledAfterMs)
        onStalled?.(
          new SinkError('WRITE_STALLED', 'a write hangs although Postgres answers: the sink closes; start it again')
        )
      const ended = await session.endBlockers(blockedAfterMs)
      if (ended.length > 0) log.warn({ sessions: ended }, 'ended the session of a suspended sink that blocked a write')
      const blockers = await session.blockers()
      const sessions = blockers.map(blocker => blocker.session).join()
      if (blockers.length > 0 && sessions !== reported)
        log.warn({ blockers }, 'a write waits for a lock that other Postgres sessions hold')
      reported = sessions
    } catch {
      // Postgres is unreachable: the write itself will report that.
    }
  }
  return clock.every(blockedAfterMs, () => void look())
}
