import { type ConnectionWithPostgres, postgresRules, usePool } from '../connection/index.ts'
import { checkOptions, EventtrailError } from '../core/index.ts'
import { type Database, type Migrations, openPool, requireFit, requireTables, unavailable } from '../postgres/index.ts'

/** Where the database of a part is, or a connection that is shared with other parts of the process. */
export type PostgresOnly = Pick<ConnectionWithPostgres, 'postgres'>

/** What a part keeps in Postgres. */
export interface CheckedTables {
  /** Starts the name of its sessions in pg_stat_activity. */
  readonly applicationName: string
  readonly migrations: Migrations
  /** Tables without which it cannot work. */
  readonly tables: readonly string[]
}

/** An adapter with sessions of its own, or those of a connection that is shared. */
export interface PostgresAdapter extends AsyncDisposable {
  /**
   * Looks whether server and tables are there, for those who want to know before the first event.
   * @throws PostgresError `TABLES_MISSING`, `POSTGRES_UNFIT`, `POSTGRES_UNAVAILABLE`; MigrationError `TABLES_NEWER`
   */
  check(): Promise<void>
  /** Closes its sessions; those of a connection that is shared stay open. */
  close(): Promise<void>
}

/** A database that is checked before the first statement: for queries, it is unavailable until a check has passed. */
export interface CheckedDatabase extends Database {
  readonly adapter: PostgresAdapter
}

/** Opens nothing yet. @throws OptionsError */
export function checkedDatabase(
  connection: PostgresOnly,
  { applicationName, migrations, tables }: CheckedTables
): CheckedDatabase {
  checkOptions(connection as ConnectionWithPostgres, postgresRules)
  const sessions = { applicationName, statementTimeoutMs: 30_000 }
  const { pool, release } = usePool(connection, database => openPool(database, { ...sessions, max: 4 }))
  let checked: Promise<void> | undefined
  const look = async (): Promise<void> => {
    try {
      await requireFit(pool, sessions)
      await requireTables(pool, migrations, ...tables)
    } catch (cause) {
      checked = undefined
      throw cause instanceof EventtrailError ? cause : unavailable(cause)
    }
  }
  const check = (): Promise<void> => {
    checked ??= look()
    return checked
  }
  return {
    adapter: { check, close: release, [Symbol.asyncDispose]: release },
    async query(text, values) {
      // No message is at fault when tables are missing: it has to wait, and is no dead letter.
      await check().catch((cause: unknown) => {
        throw unavailable(cause)
      })
      return await pool.query(text, values)
    }
  }
}
