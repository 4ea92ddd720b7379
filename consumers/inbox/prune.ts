import { inboxTable, pruneStatement } from './statements.ts'
import { asked } from './transaction.ts'
import type { OnceSession } from './types.ts'

const day = 24 * 3_600_000

/**
 * How long a handled event is remembered, in ms: as long as it may come again. Topics keep 7 days, dead letters 30 days
 * after that; the rest is for letters that are redriven late, and fail again.
 */
export const defaultKeepMs = 60 * day

/** About 10,000 rows. */
const pagesOfChunk = 100

export interface PruneOptions {
  /** Of the table. Default: where the `search_path` of the session leads. */
  readonly schema?: string
  /** ms for which a handled event is remembered. Default: 60 days. */
  readonly keepMs?: number
  /** Ends the walk after the chunk that runs. */
  readonly signal?: AbortSignal
}

/** One step of a walk through the table, in a transaction of its own. */
export interface PrunedChunk {
  readonly removed: number
  /** Where the next step begins; 0 when the table is at its end. */
  readonly nextPage: number
  /** Of the table. */
  readonly pages: number
}

export async function pruneChunk(
  session: OnceSession,
  table: string,
  firstPage: number,
  keepMs: number
): Promise<PrunedChunk> {
  const { text, values } = pruneStatement(table, firstPage, pagesOfChunk, keepMs)
  const { rows } = await asked(session, text, values)
  const [answer] = rows as readonly { readonly gone: string; readonly pages: string }[]
  const pages = Number(answer?.pages ?? 0)
  const next = firstPage + pagesOfChunk
  return { removed: Number(answer?.gone ?? 0), nextPage: next < pages ? next : 0, pages }
}

/**
 * Removes from the inbox what is older than `keepMs`, in chunks that are a transaction each; for a job of your own. Groups
 * that give `once` a pool do it by themselves, a chunk every few seconds.
 * @param session a session or a pool of pg, in no transaction
 * @returns how many rows were removed
 * @throws InboxError `INBOX_MISSING`, `INBOX_DENIED`, `INBOX_UNAVAILABLE`
 */
export async function pruneInbox(
  session: OnceSession,
  { schema, keepMs = defaultKeepMs, signal }: PruneOptions = {}
): Promise<number> {
  const table = inboxTable(schema)
  let total = 0
  let page = 0
  do {
    const { removed, nextPage } = await pruneChunk(session, table, page, keepMs)
    total += removed
    page = nextPage
  } while (page > 0 && !signal?.aborted)
  return total
}
