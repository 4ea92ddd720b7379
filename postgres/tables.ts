import { PostgresError, unavailable } from './errors.ts'
import { type Migrations, migrationStatus, type Queryable } from './migrate.ts'

/** What a store needs of Postgres; a pg Pool fits. */
export type Database = Queryable

// 22: data that does not fit, 23: a constraint, 54: too large. Anything else says something about the server.
const aboutTheValues = /^(22|23|54)[0-9A-Z]{3}$/

/** Runs a statement. @throws PostgresError `POSTGRES_UNAVAILABLE`, or pg's own error when the values are at fault */
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

/**
 * @throws PostgresError `TABLES_MISSING`, `POSTGRES_UNAVAILABLE`
 * @throws MigrationError `TABLES_NEWER` when migrations of a newer eventtrail have run
 */
export async function requireTables(database: Database, migrations: Migrations, ...tables: string[]): Promise<void> {
  const rows = await query(database, 'SELECT t AS name FROM unnest($1::text[]) t WHERE to_regclass(t) IS NULL', [
    tables
  ])
  const missing = rows.map(({ name }) => name)
  const command = `eventtrail migrate${migrations.optional ? ` --with ${migrations.component}` : ''}`
  if (missing.length > 0)
    throw new PostgresError('TABLES_MISSING', `The database has no table ${missing.join(', ')}: run \`${command}\``)
  const asked = {
    query: async (text: string, values?: unknown[]) => ({ rows: await query(database, text, values), rowCount: null })
  }
  const { pending } = await migrationStatus(asked, migrations)
  if (pending.length > 0)
    throw new PostgresError(
      'TABLES_MISSING',
      `The tables are of an older eventtrail (${pending.join(', ')} not applied): run \`${command}\``
    )
}
