import pg from 'pg'
import type { Database } from './database.ts'

/** A database that was opened here and is closed here. */
export interface OwnDatabase extends Database {
  close(): Promise<void>
}

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
  return {
    query: (text, values) => pool.query(text, values),
    close: () => pool.end()
  }
}
