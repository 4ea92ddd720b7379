import { EventtrailError } from '../core/index.ts'

/**
 * - `DATABASE_UNFIT`: Postgres answers, and cannot hold the trail: it is too old, its encoding is another one, or a pooler in
 *   between does not keep a session.
 * - `DATABASE_URL_INVALID`: the address of the database cannot be read.
 */
export type PostgresErrorCode = 'DATABASE_UNFIT' | 'DATABASE_URL_INVALID'

/** This Postgres, or the way to it, is to be changed before it can be used. Not retryable. */
export class PostgresError extends EventtrailError<PostgresErrorCode> {
  constructor(code: PostgresErrorCode, message: string, cause?: unknown) {
    super(message, { code, retryable: false, cause })
  }
}
