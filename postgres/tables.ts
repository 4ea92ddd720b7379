import { EventtrailError } from '../core/index.ts'
import { type Migrations, migrationStatus, type Queryable } from './migrate.ts'

/**
 * - `DATABASE_UNAVAILABLE`: Postgres is away, restarts, is full, refuses us or lacks a table. Retryable.
 * - `TABLES_MISSING`: the migrations have not run.
 */
export type DatabaseErrorCode = 'DATABASE_UNAVAILABLE' | 'TABLES_MISSING'

/** Postgres cannot do its part just now. What is wrong with the values themselves is thrown as it came. */
export class DatabaseError extends EventtrailError<DatabaseErrorCode> {
  constructor(code: DatabaseErrorCode, message: string, cause?: unknown) {
    super(message, { code, retryable: code === 'DATABASE_UNAVAILABLE', cause })
  }
}

/** What a store needs of Postgres; a pg Pool fits. */
export type Database = Queryable

// 22: data that does not fit, 23: a constraint, 54: too large. Anything else says something about the server.
const aboutTheValues = /^(22|23|54)[0-9A-Z]{3}$/

/** Runs a statement. @throws DatabaseError `DATABASE_UNAVAILABLE`, or pg's own error when the values are at fault */
export async function query(
  database: Database,
  text: string,
  values: unknown[] = []
): Promise<Record<string, unknown>[]> {
  try {
    return (await database.query(text, values)).rows
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (aboutTheValues.test(code)) throw error
    throw unavailable(error)
  }
}

/** The error of a database that cannot be used now. */
export function unavailable(cause: unknown): DatabaseError {
  const words = 'Postgres is not available: check --database or DATABASE_URL, and that the server runs'
  return new DatabaseError('DATABASE_UNAVAILABLE', words, cause)
}

/**
 * @throws DatabaseError `TABLES_MISSING`, `DATABASE_UNAVAILABLE`
 * @throws MigrationError `DATABASE_AHEAD` when migrations of a newer eventtrail have run
 */
export async function requireTables(database: Database, migrations: Migrations, ...tables: string[]): Promise<void> {
  const rows = await query(database, 'SELECT t AS name FROM unnest($1::text[]) t WHERE to_regclass(t) IS NULL', [
    tables
  ])
  const missing = rows.map(({ name }) => name)
  const command = `eventtrail migrate${migrations.optional ? ` --with ${migrations.component}` : ''}`
  if (missing.length > 0)
    throw new DatabaseError('TABLES_MISSING', `The database has no table ${missing.join(', ')}: run \`${command}\``)
  const asked = {
    query: async (text: string, values?: unknown[]) => ({ rows: await query(database, text, values), rowCount: null })
  }
  const { pending } = await migrationStatus(asked, migrations)
  if (pending.length > 0)
    throw new DatabaseError(
      'TABLES_MISSING',
      `The tables are of an older eventtrail (${pending.join(', ')} not applied): run \`${command}\``
    )
}
