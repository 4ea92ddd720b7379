import { accessSync, constants } from 'node:fs'
import pg from 'pg'
import { type DatabaseUrl, exposedDatabase, isAboutSettings, readDatabaseUrl } from '../core/index.ts'
import { withoutClearPassword } from './clear-password.ts'
import { PostgresError } from './errors.ts'
import { passwordOf } from './password.ts'
import { quotedName } from './roles.ts'
import type { DatabaseAddress, Pool, Session } from './types.ts'

export interface SessionOptions {
  /** Starts the name in pg_stat_activity; a name of DATABASE_URL follows it. */
  readonly applicationName: string
  /** ms that a statement waits for a lock. Default 10,000. */
  readonly lockTimeoutMs?: number
  /** ms after which Postgres ends a statement. Default: never. */
  readonly statementTimeoutMs?: number
  /** ms after which a question without an answer fails, and its session is closed. Default: never. */
  readonly queryTimeoutMs?: number
  /** Other settings of the session. */
  readonly settings?: Readonly<Record<string, string>>
}

/** Longest name that Postgres keeps (NAMEDATALEN). */
const longestName = 63

/**
 * What a role or a database may set for its sessions (`ALTER ROLE … SET`), and what is written and read does not work
 * with: pg reads dates in ISO style alone, an array's NULL would become a text, a batch that takes longer than a
 * time-out would be written indefinitely, and a COMMIT is to mean that it is on disk.
 */
const asWeReadAndWrite: Readonly<Record<string, string>> = {
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  array_nulls: 'on',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  exit_on_error: 'off',
  idle_session_timeout: '0',
  transaction_timeout: '0',
  synchronous_commit: 'on'
}

/**
 * The settings of a session that must not hang indefinitely: a lock that is not given, a transaction whose process was
 * stopped in its middle, a network that swallows packets.
 */
export function ownSettings(options: SessionOptions, given?: string): Readonly<Record<string, string>> {
  const { applicationName, lockTimeoutMs = 10_000, statementTimeoutMs = 0, settings } = options
  return {
    ...asWeReadAndWrite,
    application_name: (given ? `${applicationName} ${given}` : applicationName).slice(0, longestName),
    lock_timeout: String(lockTimeoutMs),
    idle_in_transaction_session_timeout: '60000',
    tcp_keepalives_idle: '10',
    tcp_keepalives_interval: '5',
    tcp_keepalives_count: '3',
    tcp_user_timeout: '20000',
    TimeZone: 'UTC',
    statement_timeout: String(statementTimeoutMs),
    ...settings
  }
}

/** How a session is opened, and what is said on it first. */
interface Opening {
  readonly Client: typeof pg.Client
  readonly config: pg.ClientConfig
  readonly prepare: (client: pg.ClientBase) => Promise<void>
}

function opening(database: string | DatabaseAddress, options: SessionOptions): Opening {
  const { url, password, schema }: DatabaseAddress = typeof database === 'string' ? { url: database } : database
  const { connectionString, applicationName, settings, connectTimeoutMs } = read(url)
  const own = ownSettings(options, applicationName)
  const { queryTimeoutMs } = options
  // Ours come last. They are set after connecting: PgBouncer takes none of them as parameters of the start.
  const all = [...settings, ...Object.entries(own), ...(schema === undefined ? [] : [searchIn(schema)])]
  const values = [all.map(([name]) => name), all.map(([, value]) => value), settings.length]
  const connectTimeout = connectTimeoutMs ?? 5_000
  const exposed = exposedDatabase(url)
  const Client = password === undefined ? pg.Client : clientWith(() => passwordOf(password))
  return {
    Client: exposed === undefined ? Client : withoutClearPassword(Client, exposed),
    config: {
      connectionString,
      application_name: own.application_name as string,
      connectionTimeoutMillis: connectTimeout,
      keepAlive: true,
      ...(queryTimeoutMs !== undefined && { query_timeout: queryTimeoutMs })
    },
    async prepare(client) {
      try {
        await client.query({ text: setAll, values, query_timeout: connectTimeout } as pg.QueryConfig)
      } catch (error) {
        throw settings.length > 0 && isAboutSettings(error) ? refusedSetting(error) : error
      }
    }
  }
}

/** That schema alone; temporary tables last, so that none takes the place of another. */
const searchIn = (schema: string): [name: string, value: string] => ['search_path', `${quotedName(schema)}, pg_temp`]

/** A client whose password is asked for when Postgres asks: pg lets an empty one in the URL win over that of the options. */
function clientWith(password: () => Promise<string>): typeof pg.Client {
  return class extends pg.Client {
    constructor(config?: string | pg.ClientConfig) {
      super(config)
      Object.defineProperty(this, 'password', {
        value: password,
        enumerable: false,
        writable: true,
        configurable: true
      })
    }
  }
}

// After $3 come ours. Postgres 16 has no transaction_timeout. Of synchronous_commit only `off` is changed: what else it
// may be is about standbys.
const setAll = `SELECT set_config(name, CASE WHEN n > $3 AND name = 'synchronous_commit' AND current_setting(name) <> 'off'
    THEN current_setting(name) ELSE value END, false)
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS given(name, value, n)
  WHERE n <= $3 OR name <> 'transaction_timeout' OR current_setting(name, true) IS NOT NULL
  ORDER BY n`

const refusedSetting = (cause: unknown): PostgresError =>
  new PostgresError('POSTGRES_URL_INVALID', 'Postgres refuses a setting that `options` in DATABASE_URL names', cause)

function read(databaseUrl: string): DatabaseUrl {
  try {
    const read = readDatabaseUrl(databaseUrl)
    for (const [parameter, file] of read.files) requireReadable(parameter, file)
    return read
  } catch (error) {
    if (error instanceof PostgresError) throw error
    throw new PostgresError('POSTGRES_URL_INVALID', `DATABASE_URL: ${(error as Error).message}`)
  }
}

// pg reads it when a session is opened, and would have it look as if Postgres were away.
function requireReadable(parameter: string, file: string): void {
  try {
    accessSync(file, constants.R_OK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new PostgresError('POSTGRES_URL_INVALID', `DATABASE_URL: the file of ${parameter} cannot be read (${code})`)
  }
}

/**
 * Opens one session.
 * @throws PostgresError `POSTGRES_URL_INVALID`; what pg throws when Postgres cannot be reached or refuses
 */
export async function openSession(database: string | DatabaseAddress, options: SessionOptions): Promise<Session> {
  const { Client, config, prepare } = opening(database, options)
  const client = new Client(config)
  // A session that ends while idle emits an error; the next statement on it reports the same.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await prepare(client)
    return client
  } catch (cause) {
    await client.end().catch(() => undefined)
    throw cause
  }
}

/** Opens a pool; its sessions are opened when they are needed. @throws PostgresError `POSTGRES_URL_INVALID` */
export function openPool(database: string | DatabaseAddress, options: SessionOptions & { readonly max: number }): Pool {
  const { Client, config, prepare } = opening(database, options)
  const pool = new pg.Pool({ ...config, Client, max: options.max, idleTimeoutMillis: 10_000, onConnect: prepare })
  // A session that ends emits an error, idle or not; the next statement on it reports the same.
  pool.on('error', () => undefined)
  pool.on('connect', client => client.on('error', () => undefined))
  return pool
}
