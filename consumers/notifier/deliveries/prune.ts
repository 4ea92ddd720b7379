import { type Database, query } from '../../../postgres/index.ts'

const dayMs = 24 * 3_600_000

/**
 * How long a delivery is kept once it has come to its end, in ms: as long as its event may come again, as in the inbox of
 * `context.once`.
 */
export const defaultKeepMs = 60 * dayMs

/** Of the table, in one statement: 5 ms where nothing is old, 0.1 to 0.3 s where all 6,000 rows are. */
const pagesOfChunk = 100

/** One step of a walk through the table. */
export interface PrunedChunk {
  readonly removed: number
  /** Where the next step begins; 0 when the table is at its end. */
  readonly nextPage: number
  /** Of the table. */
  readonly pages: number
}

// By the place of rows: an index on the time would make each delivery dearer. Attempts go with their delivery.
const pruneSql = `WITH gone AS (
    DELETE FROM deliveries WHERE ctid >= $1::text::tid AND ctid < $2::text::tid
      AND state <> 'pending' AND finished_at < now() - $3 * interval '1 ms' RETURNING 1)
  SELECT (SELECT count(*) FROM gone)::int AS gone,
    (pg_relation_size('deliveries') / current_setting('block_size')::int)::int AS pages`

/** Removes those of some pages that have been at their end for longer than `keepMs`. */
export async function pruneChunk(database: Database, firstPage: number, keepMs: number): Promise<PrunedChunk> {
  const next = firstPage + pagesOfChunk
  const [row] = await query(database, pruneSql, [`(${firstPage},0)`, `(${next},0)`, keepMs])
  const pages = Number(row?.pages ?? 0)
  return { removed: Number(row?.gone ?? 0), nextPage: next < pages ? next : 0, pages }
}
