import { type SqlStateKind, sqlStateKind, sqlStateOf } from '../core/index.ts'
import { PostgresError, unavailable } from './errors.ts'
import { type Migrations, migrationStatus, type Queryable } from './migrate.ts'
import { quotedName } from './roles.ts'

/** What a store needs of Postgres; a pg Pool fits. */
export type Database = Queryable

const aboutTheValues: ReadonlySet<SqlStateKind> = new Set(['values', 'format', 'constraint', 'limit'])

/** Runs a statement. @throws PostgresError `POSTGRES_UNAVAILABLE`, or pg's own error when the values are at fault */
export async function query(
  database: Database,
  text: string,
  values: unknown[] = []
): Promise<Record<string, unknown>[]> {
  try {
    return (await database.query(text, values)).rows
  } catch (error) {
    if (aboutTheValues.has(sqlStateKind(sqlStateOf(error) ?? ''))) throw error
    throw unavailable(error)
  }
}

/**
 * Looks whether the migrations of a part have run, in a schema that the session sees.
 * @param tables further tables without which the part cannot work
 * @throws PostgresError `TABLES_MISSING`, `POSTGRES_UNAVAILABLE`
 * @throws MigrationError `TABLES_NEWER` when migrations of a newer eventtrail have run
 */
export async function requireTables(database: Database, migrations: Migrations, ...tables: string[]): Promise<void> {
  const { component, optional } = migrations
  const command = `run \`eventtrail migrate${optional ? ` --with ${component}` : ''}\``
  const asked = {
    query: async (text: string, values?: unknown[]) => ({ rows: await query(database, text, values), rowCount: null })
  }
  const { applied, pending } = await migrationStatus(asked, migrations)
  if (pending.length > 0 && applied > 0)
    throw missing(
      `The tables of the ${component} are of an older eventtrail (${pending.join(', ')} not applied): ${command}`
    )
  if (pending.length > 0) {
    const hidden = await hiddenSchemas(asked)
    throw missing(
      hidden.length > 0
        ? `The tables of the ${component} are in the schema ${hidden.join(', ')}, where search_path does not look: a role or a database may set it (ALTER ROLE … SET), and \`options\` in DATABASE_URL (-c search_path=…) come before both. DATABASE_SCHEMA names it; then its role needs USAGE on it (\`eventtrail migrate --roles\`)`
        : `The tables of the ${component} are not in this database: ${command}`
    )
  }
  const others = await query(database, elsewhere, [migrations.access.grants.map(({ on }) => on)])
  if (others.length > 0)
    throw missing(
      `${others.map(({ name }) => name).join(', ')} is found where the tables of the ${component} are not: search_path leads into another schema first, by default one that is named like the role. DATABASE_SCHEMA=${others[0]?.home} names the right one`
    )
  const absent = await query(database, 'SELECT t AS name FROM unnest($1::text[]) t WHERE to_regclass(t) IS NULL', [
    tables
  ])
  if (absent.length > 0)
    throw missing(
      `The database has no table ${absent.map(({ name }) => name).join(', ')}, which a migration has created`
    )
}

/** Tables of $1 that a session takes from another schema than that of the migrations: someone else may have put them there. */
const elsewhere = `SELECT DISTINCT c.oid::regclass::text AS name, home.nspname AS home
  FROM unnest($1::text[]) AS wanted JOIN pg_class c ON c.oid = to_regclass(wanted)
    JOIN pg_class m ON m.oid = to_regclass('eventtrail_migrations') JOIN pg_namespace home ON home.oid = m.relnamespace
  WHERE c.relnamespace <> m.relnamespace`

const missing = (words: string): PostgresError => new PostgresError('TABLES_MISSING', words)

/** Schemas with tables of eventtrail that the session does not see; none where it sees some. */
export async function hiddenSchemas(database: Database): Promise<string[]> {
  const rows = await query(
    database,
    `SELECT nspname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE relname = 'eventtrail_migrations' AND relkind = 'r' AND to_regclass('eventtrail_migrations') IS NULL
     ORDER BY nspname`
  )
  return rows.map(({ name }) => String(name))
}

/** Creates a schema unless it is there: the right to do so is needed only then. */
export async function createSchema(database: Database, schema: string): Promise<void> {
  const { rows } = await database.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema])
  if (rows.length === 0) await database.query(`CREATE SCHEMA IF NOT EXISTS ${quotedName(schema)}`)
}
