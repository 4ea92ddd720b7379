import { readFile } from 'node:fs/promises'
import { PostgresError } from './errors.ts'
import type { DatabaseAddress } from './types.ts'

/**
 * The password that a file holds, read again for each new session: the file may rotate. A line break at its end is not
 * part of the password.
 */
export const passwordFromFile =
  (file: string): (() => Promise<string>) =>
  async () =>
    (await readFile(file, 'utf8')).replace(/\r?\n$/, '')

/**
 * The password for one session.
 * @throws PostgresError `POSTGRES_UNAVAILABLE` where there is none: a file that is being replaced, or a token endpoint
 * that does not answer, may give one later
 */
export async function passwordOf(given: NonNullable<DatabaseAddress['password']>): Promise<string> {
  let password: unknown
  try {
    password = typeof given === 'function' ? await given() : given
  } catch (error) {
    // What an error of a token endpoint or a file says may repeat the secret: only its code is kept.
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code).slice(0, 64)})` : ''
    throw noPassword(`the function or the file that gives it failed${code}`)
  }
  if (typeof password !== 'string') throw noPassword('the function that gives it returned no text')
  if (password === '') throw noPassword('the function or the file that gives it gave an empty text')
  return password
}

const noPassword = (why: string): PostgresError =>
  new PostgresError('POSTGRES_UNAVAILABLE', `There is no password for Postgres: ${why}`)
