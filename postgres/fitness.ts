import { PostgresError } from './errors.ts'
import { ownSettings, type SessionOptions } from './session.ts'
import type { Pool, PooledSession, Queries } from './types.ts'

/** What is asked of a Postgres before it is used. */
export interface Facts {
  /** `server_version_num`, such as 160004. */
  readonly version: number
  /** Encoding of the database. */
  readonly encoding: string
  /** Whether each transaction of a connection may run in another session. */
  readonly pooledByTransaction: boolean
  /** Names of our settings that the session does not show as we set them. */
  readonly unset: readonly string[]
}

const leastVersion = 160_000

/** Why eventtrail cannot use a Postgres, in words; none when it can. */
export function unfit({ version, encoding, pooledByTransaction, unset }: Facts): string[] {
  return [
    ...(version < leastVersion
      ? [`Postgres is version ${Math.floor(version / 10_000)}, and eventtrail needs 16 or newer`]
      : []),
    ...(encoding !== 'UTF8'
      ? [`The database has the encoding ${encoding}, which cannot hold every text: create one with ENCODING 'UTF8'`]
      : []),
    ...(pooledByTransaction
      ? [
          'A pooler between here and Postgres gives each transaction another session: give it pool_mode = session, or connect to Postgres itself'
        ]
      : unset.length > 0
        ? [`The session does not keep ${unset.join(', ')} as eventtrail sets it: a pooler in between drops it`]
        : [])
  ]
}

/** What a session must keep; the others depend on the machine, or on the kind of the connection. */
const kept = ['lock_timeout', 'idle_in_transaction_session_timeout', 'TimeZone', 'application_name'] as const
const questionMs = 10_000
const rounds = 3

/**
 * Looks whether eventtrail can use a Postgres, with two sessions of the pool.
 * @param options what the pool was opened with
 * @throws PostgresError `POSTGRES_UNFIT`; what pg throws when Postgres cannot be reached
 */
export async function requireFit(pool: Pool, options: SessionOptions): Promise<void> {
  const reasons = unfit(await factsOf(pool, options))
  if (reasons.length > 0) throw new PostgresError('POSTGRES_UNFIT', reasons.join('. '))
}

async function factsOf(pool: Pool, options: SessionOptions): Promise<Facts> {
  const first = await pool.connect()
  try {
    const { rows } = await first.query<{ version: number; encoding: string }>(
      "SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding"
    )
    const [server] = rows
    if (!server) throw new Error('Postgres gave no answer')
    const pooledByTransaction = await sharesSessions(pool, first)
    const unset = pooledByTransaction ? [] : await unsetOf(first, options)
    return { ...server, pooledByTransaction, unset }
  } finally {
    first.release()
  }
}

/**
 * Whether two connections share one session of Postgres, or one has several in turn. While a transaction of the second
 * is open, a pooler of transactions has given it the session that the first one used, or gives the first another one.
 */
async function sharesSessions(pool: Pool, first: PooledSession): Promise<boolean> {
  const second = await pool.connect()
  let broken: Error | undefined
  try {
    for (let round = 0; round < rounds; round += 1) {
      const before = await backendOf(first)
      await second.query('BEGIN')
      const other = await backendOf(second)
      const shared = other === before || (await backendOf(first)) !== before
      await second.query('COMMIT')
      if (shared) return true
    }
    return false
  } catch (error) {
    broken = error as Error
    // A pooler of single statements takes no transaction at all.
    if ('code' in broken && broken.code === '08P01') return true
    throw error
  } finally {
    second.release(broken)
  }
}

/** The process in Postgres itself that serves a connection; what the connection reported may be a pooler's number. */
export async function backendOf(client: Queries): Promise<number | undefined> {
  const question = { text: 'SELECT pg_backend_pid() AS pid', query_timeout: questionMs }
  const { rows } = await client.query<{ pid: number }>(question)
  return rows[0]?.pid
}

/** As `SHOW` has them, without units. */
async function unsetOf(client: Queries, options: SessionOptions): Promise<string[]> {
  const own = ownSettings(options)
  const { rows } = await client.query<{ name: string; setting: string }>(
    'SELECT name, setting FROM pg_settings WHERE name = ANY($1)',
    [kept]
  )
  const shown = new Map(rows.map(({ name, setting }) => [name, setting]))
  // What DATABASE_URL calls the session comes after our own name.
  return kept.filter(
    name =>
      !(name === 'application_name' ? shown.get(name)?.startsWith(own[name] ?? '') : shown.get(name) === own[name])
  )
}
