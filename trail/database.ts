import { EventtrailError, isDenied } from '../core/index.ts'
import type { DatabaseAddress, Pool, PooledSession, Session } from '../postgres/index.ts'
import {
  openPool,
  openSession,
  requireFit,
  requireTables,
  type SessionOptions,
  unavailable
} from '../postgres/index.ts'
import { trailMigrations } from './migrations.ts'

/** Starts the application name of every session of a sink: a successor may end a session that carries it. */
export const sinkSessions = 'eventtrail-sink'
/** Of `eventtrail doctor`. */
export const doctorSessions: SessionOptions = { applicationName: 'eventtrail-doctor' }

/** Opens one session. @throws PostgresError `POSTGRES_UNAVAILABLE` */
export async function connectSession(database: string | DatabaseAddress, options: SessionOptions): Promise<Session> {
  try {
    // It looks up what it has in hand, by key: a plan that reads the whole trail for that is never the better one.
    return await openSession(database, { ...options, settings: { enable_seqscan: 'off' } })
  } catch (cause) {
    throw unavailable(cause)
  }
}

/** A small pool for what is not the hot path. @throws PostgresError `POSTGRES_URL_INVALID` */
export function sessionPool(database: string | DatabaseAddress, options: SessionOptions): Pool {
  return openPool(database, { ...options, max: 3 })
}

/** @throws PostgresError `POSTGRES_UNFIT`; PostgresError `POSTGRES_UNAVAILABLE` */
export async function requireFitPostgres(pool: Pool, options: SessionOptions): Promise<void> {
  await requireFit(pool, options).catch(cause => {
    throw cause instanceof EventtrailError ? cause : unavailable(cause)
  })
}

/**
 * Runs `work` on a pool of its own, for a command.
 * @throws PostgresError `TABLES_MISSING`, `POSTGRES_UNAVAILABLE`, `POSTGRES_DENIED`; PostgresError `POSTGRES_UNFIT`; MigrationError `TABLES_NEWER`
 */
export async function onTrail<T>(
  database: string | DatabaseAddress,
  applicationName: string,
  work: (pool: Pool) => Promise<T>
): Promise<T> {
  const sessions = { applicationName }
  const pool = sessionPool(database, sessions)
  try {
    await requireFitPostgres(pool, sessions)
    await requireTables(pool, trailMigrations)
    return await work(pool)
  } catch (error) {
    throw isDenied(error) ? unavailable(error) : error
  } finally {
    await pool.end()
  }
}

/** Runs `work` in one transaction on a session of the pool: all of it, or nothing. */
export async function inTransaction<T>(pool: Pool, work: (client: PooledSession) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const result = await work(client)
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw error
  } finally {
    client.release()
  }
}

/**
 * Whether Postgres works at something for a session; false when it waits for the session's next word, undefined when
 * it has no such session.
 */
export async function isWorking(pool: Pool, pid: number, applicationName: string): Promise<boolean | undefined> {
  const { rows } = await pool.query<{ working: boolean }>(
    `SELECT state = 'active' AND wait_event IS DISTINCT FROM 'ClientRead' AS working
     FROM pg_stat_activity WHERE pid = $1 AND starts_with(application_name, $2)`,
    [pid, applicationName]
  )
  return rows[0]?.working
}

/** Cuts the connection of a session: what waits on it fails at once. */
export function abandon(client: Session): void {
  const { connection } = client as Session & { readonly connection?: { readonly stream?: { destroy(): void } } }
  connection?.stream?.destroy()
}
