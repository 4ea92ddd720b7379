import { type Clock, type Logger, machineClock, safeError } from '../../core/index.ts'
import { defaultKeepMs, pruneChunk } from './prune.ts'
import { claimStatement, inboxTable } from './statements.ts'
import { asked, inTransaction, isPool } from './transaction.ts'
import type { Claim, Inbox, OncePool, OnceSession } from './types.ts'

/** Where the inbox of a group is, and how long it remembers. */
export interface InboxOptions {
  /** Schema of the table `eventtrail_inbox`. Default: where the `search_path` of the session leads. */
  readonly schema?: string
  /**
   * ms for which a handled event is remembered; longer than it may come again. `Infinity`: the group removes nothing.
   * Default: 60 days.
   */
  readonly keepMs?: number
}

export interface PostgresInboxParts extends InboxOptions {
  readonly log: Logger
  /** ms between two chunks that are removed. Default 10,000: with 100 pages each, 1,000 rows a second and member. */
  readonly pruneEveryMs?: number
  readonly clock?: Clock
}

/** The inbox in the handlers' own database. Groups that give it a pool remove old rows through it, a few at a time. */
export function postgresInbox({
  schema,
  keepMs = defaultKeepMs,
  pruneEveryMs = 10_000,
  log,
  clock = machineClock
}: PostgresInboxParts): Inbox {
  const table = inboxTable(schema)
  let nextPage: number | undefined
  let pruneAt = clock.monotonic() + pruneEveryMs * clock.random()

  const prune = async (pool: OncePool<OnceSession> & OnceSession): Promise<void> => {
    pruneAt = clock.monotonic() + pruneEveryMs
    try {
      const chunk = await pruneChunk(pool, table, nextPage ?? 0, keepMs)
      // Members continue in different places of a table that they share.
      nextPage = nextPage === undefined ? Math.floor(chunk.pages * clock.random()) : chunk.nextPage
      if (chunk.removed > 0) log.debug({ removed: chunk.removed }, 'rows of the inbox were removed')
    } catch (error) {
      log.debug({ err: safeError(error) }, 'old rows of the inbox could not be removed; that is tried again later')
    }
  }

  return {
    async run(client, claim, effect) {
      if (claim.ids.length === 0) return false
      const ran = await inTransaction(client, async (session, own) => {
        const fresh = await freshOf(session, table, claim, own)
        if (fresh.size > 0) await effect(fresh, session)
        return fresh.size > 0
      })
      if (ran && keepMs !== Number.POSITIVE_INFINITY && clock.monotonic() >= pruneAt && isPool(client) && takes(client))
        void prune(client)
      return ran
    }
  }
}

const takes = (pool: OncePool<OnceSession>): pool is OncePool<OnceSession> & OnceSession =>
  'query' in pool && typeof pool.query === 'function'

async function freshOf(
  session: OnceSession,
  table: string,
  { group, ids }: Claim,
  own: boolean
): Promise<ReadonlySet<string>> {
  const { text, values } = claimStatement(table, group, ids, own)
  const { rows } = await asked(session, text, values)
  return new Set((rows as readonly { readonly id: string }[]).map(({ id }) => id))
}
