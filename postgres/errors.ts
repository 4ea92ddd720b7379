import { deniedWords, type ErrorCodes, EventtrailError, isDenied, readOnly, sqlStateOf } from '../core/index.ts'
import { tlsWords } from './tls.ts'

export const postgresErrorCodes = {
  POSTGRES_UNAVAILABLE: {
    retryable: true,
    meaning:
      'Postgres is unreachable, restarts, has no room or no connection left, or refuses the login. Check the URL and that the server runs.'
  },
  POSTGRES_TLS: {
    retryable: true,
    misconfigured: true,
    meaning:
      'Postgres answers, and there is no TLS connection that can be trusted: an unknown CA, an expired certificate, another name, no TLS at all, or a client certificate that it refuses. The message says which.'
  },
  POSTGRES_DENIED: {
    retryable: true,
    misconfigured: true,
    meaning:
      'The role that DATABASE_URL names has no right to what was asked for (42501). The message names the table; `eventtrail migrate --roles` gives each part its rights. It works again, without a restart, once the right is given.'
  },
  POSTGRES_UNFIT: {
    misconfigured: true,
    meaning:
      'Postgres answers and eventtrail cannot use it: it is older than 16, its encoding is not UTF8, or a pooler does not keep a session. The message says which.'
  },
  POSTGRES_URL_INVALID: {
    misconfigured: true,
    meaning:
      'The URL of the database cannot be read, names a file that cannot be read, or has a setting in `options` that Postgres refuses.'
  },
  TABLES_MISSING: {
    misconfigured: true,
    meaning: 'The tables are not there or are of an older version. Run `eventtrail migrate`.'
  }
} as const satisfies ErrorCodes
export type PostgresErrorCode = keyof typeof postgresErrorCodes

/** Postgres cannot be used, now or as it is. What is wrong with the values of a row is thrown as pg throws it. */
export class PostgresError extends EventtrailError<PostgresErrorCode> {
  constructor(code: PostgresErrorCode, message: string, cause?: unknown) {
    super(message, { code, ...postgresErrorCodes[code], cause })
  }
}

const where = '--database or DATABASE_URL'

// Why Postgres refuses a connection (PostgreSQL, Appendix A); its own message would repeat the user's name.
const refusals: Readonly<Record<string, string>> = {
  '3D000': `Postgres has no database of the name in ${where}: create it, then run \`eventtrail migrate\``,
  '28P01': `Postgres does not accept the password in ${where}, or in DATABASE_PASSWORD_FILE`,
  '28000': `Postgres does not accept the user in ${where}, or not over this connection: it may require TLS (sslmode=verify-full) or a client certificate`,
  '53300': 'Postgres has no connection left (max_connections)',
  '25006': `Postgres ${readOnly}`
}

/** The error of a database that cannot be used now, in words: `POSTGRES_DENIED` where a right is missing, `POSTGRES_TLS` where a certificate is wrong, else `POSTGRES_UNAVAILABLE`. */
export function unavailable(cause: unknown): PostgresError {
  const code = sqlStateOf(cause) ?? ''
  if (cause instanceof PostgresError && ['POSTGRES_DENIED', 'POSTGRES_TLS'].includes(cause.code)) return cause
  const aboutTls = tlsWords(cause)
  if (aboutTls !== undefined) return new PostgresError('POSTGRES_TLS', aboutTls, cause)
  if (isDenied(cause))
    return new PostgresError(
      'POSTGRES_DENIED',
      `${deniedWords(cause)}: \`eventtrail migrate --roles\`, as the owner of the tables, gives each part its rights`,
      cause
    )
  if (cause instanceof EventtrailError) return new PostgresError('POSTGRES_UNAVAILABLE', cause.message, cause)
  const words = refusals[code] ?? `Postgres is unreachable: check ${where}, and that the server runs`
  return new PostgresError('POSTGRES_UNAVAILABLE', words, cause)
}
