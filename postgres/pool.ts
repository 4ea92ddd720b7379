import { Reach } from '../observability/index.ts'
import { PostgresError, unavailable } from './errors.ts'
import { requireFit } from './fitness.ts'
import { openPool } from './session.ts'
import type { Database } from './tables.ts'
import type { DatabaseAddress } from './types.ts'

/** A database that was opened here and is closed here. */
export interface OwnDatabase extends Database {
  /** @throws PostgresError `POSTGRES_UNFIT`; PostgresError `POSTGRES_UNAVAILABLE` */
  requireFit(): Promise<void>
  close(): Promise<void>
  /** Whether it can be reached, for `/readyz`. */
  readonly reach: Reach
}

const probeMs = 3_000

/** Opens a small pool. Connections are made when they are needed. */
export function openDatabase(database: string | DatabaseAddress, applicationName: string): OwnDatabase {
  const sessions = { applicationName, statementTimeoutMs: 30_000 }
  const pool = openPool(database, { ...sessions, max: 4 })
  // With a bound of its own: a connection that is half-dead gives its place in the pool to one that lives.
  const select = { text: 'SELECT 1', query_timeout: probeMs }
  const reach = new Reach({ name: 'Postgres', probe: () => pool.query(select), timeoutMs: probeMs })
  return {
    reach,
    query: async (text, values) => {
      const result = await pool.query(text, values)
      reach.heard(true)
      return result
    },
    async requireFit() {
      await requireFit(pool, sessions).catch(cause => {
        throw cause instanceof PostgresError ? cause : unavailable(cause)
      })
    },
    async close() {
      reach.close()
      await pool.end()
    }
  }
}
