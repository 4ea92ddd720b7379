import { readSecret, type Secret, SecretUnreadable } from '../core/index.ts'
import { PostgresError } from './errors.ts'

/**
 * The password for one session.
 * @throws PostgresError `POSTGRES_UNAVAILABLE` where there is none: a file that is being replaced, or a token endpoint
 * that does not answer, may give one later
 */
export async function passwordOf(given: Secret): Promise<string> {
  try {
    return await readSecret(given, 'connection.postgres.password')
  } catch (error) {
    if (!(error instanceof SecretUnreadable)) throw error
    throw new PostgresError('POSTGRES_UNAVAILABLE', `There is no password for Postgres: ${error.message}`)
  }
}
