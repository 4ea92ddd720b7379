import pg from 'pg'
import { SinkError } from './errors.ts'

/** Starts the application name of every session of a sink: a successor may end a session that carries it. */
export const sinkSessions = 'eventtrail-sink'

export interface SessionOptions {
  /** Shown in pg_stat_activity. */
  readonly applicationName: string
  /** ms that a statement waits for a lock. Default 10,000. */
  readonly lockTimeoutMs?: number
  /** ms after which a question without an answer fails, and its session is closed. Default: never. */
  readonly queryTimeoutMs?: number
}

/**
 * Settings of a session that must not hang for ever: a lock that is not given, a transaction whose process was
 * stopped in its middle, a network that swallows packets.
 */
export function sessionSettings(databaseUrl: string, options: SessionOptions): pg.ClientConfig {
  const { applicationName, lockTimeoutMs = 10_000, queryTimeoutMs } = options
  return {
    connectionString: databaseUrl,
    application_name: applicationName,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    ...(queryTimeoutMs !== undefined && { query_timeout: queryTimeoutMs }),
    options: [
      `-c lock_timeout=${lockTimeoutMs}`,
      '-c idle_in_transaction_session_timeout=60000',
      '-c tcp_keepalives_idle=10',
      '-c tcp_keepalives_interval=5',
      '-c tcp_keepalives_count=3',
      '-c tcp_user_timeout=20000',
      '-c timezone=UTC'
    ].join(' ')
  }
}

/** Opens one session. @throws SinkError `DATABASE_UNREACHABLE` */
export async function connectSession(databaseUrl: string, options: SessionOptions): Promise<pg.Client> {
  const settings = sessionSettings(databaseUrl, options)
  // It looks up what it has in hand, by key: a plan that reads the whole trail for that is never the better one.
  const client = new pg.Client({ ...settings, options: `${settings.options} -c enable_seqscan=off` })
  // A session that ends while idle emits an error; the next statement on it reports the same.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return client
  } catch (cause) {
    await client.end().catch(() => undefined)
    throw unreachable(cause)
  }
}

// Why Postgres takes nobody in (PostgreSQL, Appendix A); its own message would repeat the user's name.
const refusals: Readonly<Record<string, string>> = {
  '3D000': 'Postgres has no database of the name in DATABASE_URL: create it, then run `eventtrail migrate`',
  '28P01': 'Postgres does not accept the password in DATABASE_URL',
  '28000': 'Postgres does not accept the user in DATABASE_URL',
  '53300': 'Postgres has no connection left (max_connections)'
}

/** The error of a database that cannot be used now, in words. */
export function unreachable(cause: unknown): SinkError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const words = refusals[code] ?? 'Postgres is out of reach: check DATABASE_URL and that the server runs'
  return new SinkError('DATABASE_UNREACHABLE', words, cause)
}

/** A small pool for what is not the hot path. */
export function sessionPool(databaseUrl: string, options: SessionOptions): pg.Pool {
  const pool = new pg.Pool({ ...sessionSettings(databaseUrl, options), max: 3, idleTimeoutMillis: 10_000 })
  // A session that ends emits an error, idle or not; the next statement on it reports the same.
  pool.on('error', () => undefined)
  pool.on('connect', client => client.on('error', () => undefined))
  return pool
}

/** @throws SinkError `TABLES_MISSING` when the migrations have not run, `DATABASE_UNREACHABLE` */
export async function requireTables(client: pg.Pool | pg.Client): Promise<void> {
  const { rows } = await client
    .query("SELECT to_regclass('event_envelopes') IS NOT NULL AND to_regclass('sink_offsets') IS NOT NULL AS there")
    .catch(cause => {
      throw unreachable(cause)
    })
  if (rows[0]?.there !== true) {
    throw new SinkError('TABLES_MISSING', 'The tables of the trail are not in this database: run `eventtrail migrate`')
  }
}

/**
 * Runs `work` on a pool of its own, for a command.
 * @throws SinkError `TABLES_MISSING`, `DATABASE_UNREACHABLE`
 */
export async function onTrail<T>(
  databaseUrl: string,
  applicationName: string,
  work: (pool: pg.Pool) => Promise<T>
): Promise<T> {
  const pool = sessionPool(databaseUrl, { applicationName })
  try {
    await requireTables(pool)
    return await work(pool)
  } finally {
    await pool.end()
  }
}

/** Runs `work` in one transaction on a session of the pool: all of it, or nothing. */
export async function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
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

/** The process id of the session in Postgres itself; a pooler in between has told the client another one. */
export async function backendOf(client: pg.Client): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  return rows[0]?.pid
}

/**
 * Whether Postgres works at something for a session; false when it waits for the session's next word, undefined when
 * it has no such session.
 */
export async function isWorking(pool: pg.Pool, pid: number, applicationName: string): Promise<boolean | undefined> {
  const { rows } = await pool.query<{ working: boolean }>(
    `SELECT state = 'active' AND wait_event IS DISTINCT FROM 'ClientRead' AS working
     FROM pg_stat_activity WHERE pid = $1 AND application_name = $2`,
    [pid, applicationName]
  )
  return rows[0]?.working
}

/** Cuts the connection of a session: what waits on it fails at once. */
export function abandon(client: pg.Client): void {
  const { connection } = client as pg.Client & { readonly connection?: { readonly stream?: { destroy(): void } } }
  connection?.stream?.destroy()
}
