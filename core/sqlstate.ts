import { isObject } from './json.ts'

/**
 * What an error of Postgres says, by its SQLSTATE:
 * - `server`: the server is in trouble, shuts down, or is short of something; no statement and no value is to blame
 * - `read-only`: a standby, or `default_transaction_read_only`
 * - `machine`: files, input and output, a damaged table: the server needs its operator
 * - `login`: the database, the user or the password is not accepted
 * - `session`: the session has lost its state, as with some poolers
 * - `schema`: a table, column, right or feature that the statement needs is missing
 * - `values`: the values of a row cannot be stored, whatever the table
 * - `constraint`: a constraint of the table refuses the row
 * - `format`: the bytes of a binary COPY are not well-formed
 * - `limit`: the statement is past a limit of Postgres
 * - `unknown`: all else, such as an internal error
 */
export type SqlStateKind =
  | 'server'
  | 'read-only'
  | 'machine'
  | 'login'
  | 'session'
  | 'schema'
  | 'values'
  | 'constraint'
  | 'format'
  | 'limit'
  | 'unknown'

/** PostgreSQL, Appendix A; the whole code comes before its class. */
const kinds: ReadonlyMap<string, SqlStateKind> = new Map(
  Object.entries({
    '08': 'server', // connection
    '0A': 'schema', // feature not supported: another Postgres than ours
    '22': 'values',
    '22P03': 'format',
    '22P04': 'format',
    '23': 'constraint',
    '25': 'session', // state of the transaction
    '25006': 'read-only',
    '26': 'session', // a prepared statement that a pooler has lost
    '28': 'login',
    '3B': 'session', // savepoints
    '3D': 'login', // no such database
    '3F': 'schema',
    '40': 'server', // deadlock, serialization
    '42': 'schema', // a table, a column or a right that is not there
    '53': 'server', // disk, memory, connections
    '54': 'limit',
    '54000': 'values', // larger than Postgres can hold
    '54001': 'values',
    '55': 'server', // locks, an object that is not ready
    '57': 'server', // shutdown, cancelled, crashed
    '58': 'machine', // files, input and output
    F0: 'machine', // configuration file
    XX001: 'machine', // a damaged table
    XX002: 'machine' // a damaged index
  } as const)
)

/** A setting of a session that does not exist, has no such value, is not allowed, or not now. */
const aboutSettings: ReadonlySet<string> = new Set(['42704', '42602', '22023', '42501', '55P02'])

// Each has a digit; EPIPE has none.
const shape = /^(?=.*\d)[0-9A-Z]{5}$/

/** The SQLSTATE of an error; undefined for one that Postgres did not send. Never throws. */
export function sqlStateOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' && shape.test(code) ? code : undefined
}

/** Errors that are looked at in one another: two libraries around a driver and a system call are four. */
const mostCauses = 5

/**
 * A fault and what it was made from, the outermost first, at most five. Libraries hold the error of their driver in
 * `cause` (Drizzle, `fetch`), in `original` (Sequelize), or in `meta.driverAdapterError` (Prisma). Never throws.
 */
export function* causesOf(thrown: unknown): Generator<unknown, void> {
  let fault = thrown
  for (let depth = 0; depth < mostCauses && (depth === 0 || isObject(fault)); depth += 1) {
    yield fault
    fault = isObject(fault) ? causeOf(fault) : undefined
  }
}

function causeOf(fault: Readonly<Record<string, unknown>>): unknown {
  if (isObject(fault.cause)) return fault.cause
  if (fault.original instanceof Error) return fault.original
  return isObject(fault.meta) ? fault.meta.driverAdapterError : undefined
}

/**
 * The SQLSTATE of an error as drivers of Postgres throw it, or as Prisma keeps it; undefined for the error of a library
 * around it, which may have a code of its own in the same form: `P2034`.
 */
export function driverSqlState(fault: unknown): string | undefined {
  if (!isObject(fault)) return undefined
  if ('severity' in fault) return sqlStateOf(fault)
  return 'originalCode' in fault ? sqlStateOf({ code: fault.originalCode }) : undefined
}

export const sqlStateKind = (code: string): SqlStateKind => kinds.get(code) ?? kinds.get(code.slice(0, 2)) ?? 'unknown'

/** Whether Postgres refused a setting, when settings were all that was asked of it. */
export const isAboutSettings = (error: unknown): boolean => aboutSettings.has(sqlStateOf(error) ?? '')

/** A right is missing, or the role is not the owner. */
export const isDenied = (error: unknown): boolean => sqlStateOf(error) === '42501'

/**
 * What a role has no right to, as Postgres words it: `table sink_offsets`. Names of the catalogue alone: neither roles
 * nor values. Undefined where Postgres does not say it, or says it in another language than English.
 */
export function deniedObject(error: unknown): string | undefined {
  if (!isDenied(error) || !(error instanceof Error)) return undefined
  return /^(?:permission denied for|must be owner of) ([a-z]+(?: [a-z]+)? [\w$]{1,63})$/.exec(error.message)?.[1]
}

/** The same as the begin of a sentence. */
export const deniedWords = (error: unknown): string =>
  `Postgres denies the role of this session a right${ofObject(deniedObject(error))} (42501)`

const ofObject = (object: string | undefined): string => (object === undefined ? '' : ` on ${object}`)
