import { readdir, readFile } from 'node:fs/promises'
import { type ErrorCodes, EventtrailError } from '../core/index.ts'
import type { PartGrants } from './roles.ts'

/** What a migration needs of a database connection; a pg Client fits. One connection, not a pool. */
export interface Queryable {
  query(text: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[]; rowCount: number | null }>
}

/**
 * The numbered .sql files of one part of eventtrail: `001_what_it_does.sql`, `002_…`. A database knows those that it has
 * by their numbers: a file may get another name.
 */
export interface Migrations {
  /** Names the part in `eventtrail_migrations`. */
  readonly component: string
  /** Folder of the files. */
  readonly directory: URL
  /** Only by `eventtrail migrate --with <component>`. Default false. */
  readonly optional?: boolean
  /** Who may do what with its tables, for `eventtrail migrate --roles`. */
  readonly access: PartGrants
}

export const migrationErrorCodes = {
  TABLES_NEWER: {
    misconfigured: true,
    meaning: 'A newer version of eventtrail has migrated this database. Run that version or a later one.'
  },
  MIGRATION_FILE: {
    meaning: 'The numbered .sql files of a migration folder are not complete. Install the package again.'
  }
} as const satisfies ErrorCodes
export type MigrationErrorCode = keyof typeof migrationErrorCodes

/** The migrations of a database and those of this program do not fit. */
export class MigrationError extends EventtrailError<MigrationErrorCode> {
  constructor(code: MigrationErrorCode, message: string, cause?: unknown) {
    super(message, { code, cause, ...migrationErrorCodes[code] })
  }
}

interface Migration {
  readonly id: number
  readonly name: string
  readonly file: URL
}

/** How far a database is with one part: what is applied, and what would be. */
export interface MigrationStatus {
  readonly component: string
  readonly applied: number
  readonly pending: readonly string[]
}

/**
 * Brings the database up to date with one part's files; each file in a transaction of its own.
 * Two starters collide harmlessly: the second waits for the first one's row and then finds it done.
 * @returns the names of the files that were applied now.
 * @throws MigrationError `TABLES_NEWER` when the database has a migration that this program does not know.
 */
export async function migrate(client: Queryable, migrations: Migrations): Promise<string[]> {
  const files = await migrationFiles(migrations)
  await makeTable(client)
  await refuseAhead(client, migrations.component, files)
  const done: string[] = []
  for (const migration of files) {
    await client.query('BEGIN')
    try {
      const claimed = await client.query(
        'INSERT INTO eventtrail_migrations (component, id, name) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
        [migrations.component, migration.id, migration.name]
      )
      if (claimed.rowCount === 1) {
        await client.query(await readFile(migration.file, 'utf8'))
        done.push(migration.name)
      }
      await client.query('COMMIT')
    } catch (error) {
      await client.query('ROLLBACK')
      throw error
    }
  }
  return done
}

/** Which migrations are applied and which are not; changes nothing. @throws MigrationError `TABLES_NEWER` */
export async function migrationStatus(client: Queryable, migrations: Migrations): Promise<MigrationStatus> {
  const { component } = migrations
  const files = await migrationFiles(migrations)
  const exists = await client.query("SELECT to_regclass('eventtrail_migrations') IS NOT NULL AS there")
  if (exists.rows[0]?.there !== true) return { component, applied: 0, pending: files.map(({ name }) => name) }
  const applied = await refuseAhead(client, component, files)
  return {
    component,
    applied: applied.size,
    pending: files.filter(({ id }) => !applied.has(id)).map(({ name }) => name)
  }
}

async function migrationFiles(migrations: Migrations): Promise<Migration[]> {
  const { component } = migrations
  let directory: URL
  let names: string[]
  try {
    directory = migrations.directory
    names = (await readdir(directory)).filter(name => name.endsWith('.sql')).sort()
  } catch (cause) {
    throw new MigrationError(
      'MIGRATION_FILE',
      `${component}: the migration files of eventtrail are not here: leave the package out of a bundle (\`external\`)`,
      cause
    )
  }
  return names.map((name, index) => {
    const id = Number(/^(\d{3})_[a-z0-9_]+\.sql$/.exec(name)?.[1])
    if (id !== index + 1)
      throw new MigrationError('MIGRATION_FILE', `${component}: ${name} is not number ${index + 1} in order`)
    return { id, name: name.slice(0, -4), file: new URL(name, `${directory.href.replace(/\/$/, '')}/`) }
  })
}

async function makeTable(client: Queryable): Promise<void> {
  // CREATE TABLE IF NOT EXISTS is not safe against itself; the lock makes the second starter wait.
  await client.query('BEGIN')
  await client.query("SELECT pg_advisory_xact_lock(hashtext('eventtrail_migrations'))")
  await client.query(`CREATE TABLE IF NOT EXISTS eventtrail_migrations (
    component text NOT NULL, id integer NOT NULL, name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (component, id))`)
  await client.query('COMMIT')
}

async function refuseAhead(client: Queryable, component: string, files: readonly Migration[]): Promise<Set<number>> {
  const { rows } = await client.query('SELECT id FROM eventtrail_migrations WHERE component = $1', [component])
  const applied = new Set(rows.map(({ id }) => Number(id)))
  const ahead = Math.max(0, ...applied)
  if (ahead > files.length) {
    throw new MigrationError(
      'TABLES_NEWER',
      `The database has migration ${ahead} of "${component}", this program knows ${files.length}: a newer eventtrail was here. Run that version.`
    )
  }
  return applied
}
