import pg from 'pg'
import { Reach } from '../core/health.ts'
import type { Database } from './database.ts'

/** A database that was opened here and is closed here. */
export interface OwnDatabase extends Database {
  close(): Promise<void>
  /** Whether it can be reached, for `/readyz`. */
  readonly reach: Reach
}

const probeMs = 3_000

/** Opens a small pool. Connections are made when they are needed. */
export function openDatabase(url: string, applicationName: string): OwnDatabase {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: applicationName,
    max: 4,
    connectionTimeoutMillis: 5_000,
    statement_timeout: 30_000,
    keepAlive: true
  })
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => undefined)
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
    async close() {
      reach.close()
      await pool.end()
    }
  }
}
