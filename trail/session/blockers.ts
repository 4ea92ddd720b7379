import { printable } from '../../core/index.ts'
import type { Pool } from '../../postgres/index.ts'
import { sinkSessions } from '../database.ts'

/** A session of Postgres that keeps a sink waiting for a lock. */
export interface Blocker {
  /** Its process in Postgres. */
  readonly session: number
  /** As it calls itself; may be empty. */
  readonly application: string
  /** As in pg_stat_activity: `active`, `idle in transaction` … */
  readonly state: string
  /** Seconds since its transaction began. */
  readonly seconds: number
  /** What is waited for: `RowExclusiveLock on event_envelopes_2026_11`. */
  readonly wanted: string
}

/**
 * The sessions that keep sinks waiting for locks, what they run is not looked at: it may hold values.
 * @param pid of one sink's session alone; default: of all sinks
 */
export async function listBlockers(pool: Pool, pid?: number): Promise<Blocker[]> {
  const { rows } = await pool.query<Omit<Blocker, 'seconds'> & { seconds: string }>(
    `SELECT DISTINCT ON (b.pid) b.pid AS session, coalesce(b.application_name, '') AS application,
       coalesce(b.state, b.backend_type, 'of a role that this one may not look at') AS state,
       coalesce(floor(extract(epoch FROM clock_timestamp() - b.xact_start)), 0) AS seconds,
       coalesce(l.mode || ' on ' || l.relation::regclass::text, 'a row or a transaction') AS wanted
     FROM pg_stat_activity s
       CROSS JOIN unnest(pg_blocking_pids(s.pid)) AS blocker(pid)
       JOIN pg_stat_activity b ON b.pid = blocker.pid
       LEFT JOIN pg_locks l ON l.pid = s.pid AND NOT l.granted AND l.database = s.datid
     WHERE s.datname = current_database() AND starts_with(s.application_name, $1)
       AND s.wait_event_type = 'Lock' AND ($2::int IS NULL OR s.pid = $2)
     ORDER BY b.pid`,
    [sinkSessions, pid ?? null]
  )
  return rows.map(row => ({ ...row, application: printable(row.application, 63), seconds: Number(row.seconds) }))
}

/** In words, for people. */
export const blockerWords = ({ session, application, state, seconds, wanted }: Blocker): string =>
  `session ${session}${application === '' ? '' : ` (${application})`}, ${state}, its transaction open for ${seconds} s; wanted: ${wanted}`

/** A login with which sinks have sessions now. */
export interface SinkLogin {
  /** Whether it may see and end the session of a sink with another login that is suspended. */
  readonly mayRescue: boolean
}

/** The logins of the sinks that run, as far as this role sees their sessions: all with pg_monitor, else its own. */
export async function listSinkLogins(pool: Pool): Promise<SinkLogin[]> {
  const { rows } = await pool.query<SinkLogin>(
    `SELECT pg_has_role(usesysid, 'pg_signal_backend', 'USAGE')
         AND pg_has_role(usesysid, 'pg_read_all_stats', 'USAGE') AS "mayRescue"
     FROM (
       SELECT DISTINCT usesysid FROM pg_stat_activity
       WHERE datname = current_database() AND starts_with(application_name, $1)
     ) AS logins`,
    [sinkSessions]
  )
  return rows
}
