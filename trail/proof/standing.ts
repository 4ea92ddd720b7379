import type { Queries } from '../../postgres/index.ts'

/** How the log of a proved trail is kept, as the database has it. */
export interface ProofStanding {
  /** The name of the log. */
  readonly origin: string
  /** Entries that no checkpoint covers yet, those left out that were rejected. */
  readonly waiting: number
  /** Since the one of them was written or extended that has waited longest, s; 0 where none waits. */
  readonly waitingSeconds: number
  /** Entries that the sealer has left out of the log. */
  readonly rejected: number
  /** The newest checkpoint; undefined where there is none. */
  readonly checkpoint: { readonly size: number; readonly ageSeconds: number } | undefined
}

/** How the log of the proof is kept; undefined where the trail is not proved. @throws a database error */
export async function proofStanding(queries: Queries): Promise<ProofStanding | undefined> {
  const { rows } = await queries.query<{
    origin: string
    waiting: string
    waited: string | null
    rejected: string
    size: string | null
    age: string | null
  }>(
    `WITH newest AS (SELECT size, made_at FROM proof_checkpoints ORDER BY size DESC LIMIT 1),
       waiting AS (
         SELECT touched_at FROM proof_entries WHERE log_index IS NULL AND rejected IS NULL
         UNION ALL
         SELECT touched_at FROM proof_entries WHERE log_index >= coalesce((SELECT size FROM newest), 0)
       )
     SELECT origin, (SELECT count(*) FROM waiting) AS waiting,
       (SELECT extract(epoch FROM clock_timestamp() - min(touched_at)) FROM waiting) AS waited,
       (SELECT count(*) FROM proof_entries WHERE rejected IS NOT NULL) AS rejected,
       (SELECT size FROM newest) AS size,
       (SELECT extract(epoch FROM clock_timestamp() - made_at) FROM newest) AS age
     FROM proof_settings`
  )
  const [found] = rows
  if (!found) return undefined
  const { origin, waiting, waited, rejected, size, age } = found
  return {
    origin,
    waiting: Number(waiting),
    waitingSeconds: Math.max(0, Number(waited ?? 0)),
    rejected: Number(rejected),
    checkpoint: size === null ? undefined : { size: Number(size), ageSeconds: Math.max(0, Number(age)) }
  }
}

/**
 * For how long a group of sinks has stored nothing on a trail that is proved: since its last batch, or since the proof
 * was turned on.
 * @param group with the prefix, as the tables have it
 * @returns s; undefined where the trail is not proved
 * @throws a database error
 */
export async function silentSeconds(queries: Queries, group: string): Promise<number | undefined> {
  const { rows } = await queries.query<{ seconds: string }>(
    `SELECT extract(epoch FROM clock_timestamp() - greatest(began_at, (
       SELECT max(updated_at) FROM sink_offsets WHERE consumer_group = $1))) AS seconds FROM proof_settings`,
    [group]
  )
  return rows[0] && Number(rows[0].seconds)
}
