import type { Pool } from '../../postgres/index.ts'

/** Days after which the bytes of a resolved record go, unless another age is given. */
export const purgeAfterDays = 30

/** Resolved records that still have their bytes, and how many of them are old enough. */
export interface Purgeable {
  /** Resolved so long ago: their bytes would go. */
  readonly old: number
  /** Resolved later: theirs stay for now. */
  readonly young: number
  /** Held: theirs stay until they are stored or discarded. */
  readonly held: number
}

/** Counts what a purge would take and leave. @throws a database error */
export async function countPurgeable(pool: Pool, days: number): Promise<Purgeable> {
  const { rows } = await pool.query<Record<keyof Purgeable, string>>(
    `SELECT count(*) FILTER (WHERE status <> 'held' AND resolved_at < now() - make_interval(days => $1)) AS old,
       count(*) FILTER (WHERE status <> 'held' AND resolved_at >= now() - make_interval(days => $1)) AS young,
       count(*) FILTER (WHERE status = 'held') AS held
     FROM sink_quarantine WHERE purged_at IS NULL`,
    [days]
  )
  return { old: Number(rows[0]?.old), young: Number(rows[0]?.young), held: Number(rows[0]?.held) }
}

/**
 * Removes key, value and headers of records that were resolved so many days ago; the SHA-256 of the value stays. It needs
 * the rights of the owner.
 * @returns how many
 * @throws a database error
 */
export async function purgeQuarantine(pool: Pool, days: number, reason: string): Promise<number> {
  const { rows } = await pool.query<{ purged: string }>(
    'SELECT sink_purge_quarantine(make_interval(days => $1), $2) AS purged',
    [days, reason]
  )
  return Number(rows[0]?.purged)
}
