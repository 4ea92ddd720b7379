import { readFile } from 'node:fs/promises'
import { type Rule, rule } from './options/index.ts'

/** A file that holds a secret or a certificate. A line break at its end is not part of it. */
export interface SecretFile {
  readonly file: string
}

/** A text, or the file that holds it. Files are read again when they are needed, so that what rotates is seen. */
export type FileOrText = string | SecretFile

/**
 * A secret: its text, the file that holds it, or a function that gives it. Files are read and functions are called for
 * each login, so that a secret can be rotated without a restart.
 */
export type Secret = FileOrText | (() => string | Promise<string>)

const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''
const isFile = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.keys(value).length === 1 &&
  'file' in value &&
  isText(value.file)

const secret = (fits: (value: unknown) => boolean, expected: string): Rule => ({
  ...rule.such(fits, expected),
  isSecret: true
})

/** The rule of an option that is a {@link Secret}. */
export const secretRule = secret(
  value => isText(value) || isFile(value) || typeof value === 'function',
  'a text that is not empty, { file } with the file that holds it, or a function that gives it'
)

/** The rule of an option that is a {@link FileOrText}. */
export const fileOrTextRule = secret(
  value => isText(value) || isFile(value),
  'a text that is not empty, or { file } with the file that holds it'
)

/** Why a secret could not be read: names the option and the file, and never its content. */
export class SecretUnreadable extends Error {}

/**
 * Reads a secret.
 * @param name of the option, for the error
 * @throws SecretUnreadable
 */
export async function readSecret(given: Secret, name: string): Promise<string> {
  const text = await textOf(given, name)
  if (typeof text === 'string' && text !== '') return text
  throw new SecretUnreadable(
    typeof given === 'object' ? `the file ${given.file} of \`${name}\` is empty` : `\`${name}\` gave no text`
  )
}

async function textOf(given: Secret, name: string): Promise<unknown> {
  if (typeof given === 'string') return given
  try {
    if (typeof given === 'function') return await given()
    return (await readFile(given.file, 'utf8')).replace(/\r?\n$/, '')
  } catch (error) {
    // What a function of the caller throws may repeat the secret.
    if (typeof given === 'function') throw new SecretUnreadable(`the function of \`${name}\` failed`)
    throw new SecretUnreadable(
      `the file ${given.file} of \`${name}\` cannot be read (${(error as NodeJS.ErrnoException).code})`
    )
  }
}
