import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

/** A file that holds a secret or a certificate. A line break at its end is not part of it. */
export interface FromFile {
  /** Path of the file. */
  readonly file: string
}

/** A text, or the file that holds it. Files are read again when they are needed, so that what rotates is seen. */
export type FileOrText = string | FromFile

/**
 * A secret: its text, the file that holds it, or a function that gives it. Files are read and functions are called for
 * each login, so that a secret can be rotated without a restart.
 */
export type Secret = FileOrText | (() => string | Promise<string>)

/** Why a secret could not be read: names the option or the file, and never its content. */
export class SecretUnreadable extends Error {}

/**
 * The text of a source that is no function, for callers that cannot wait.
 * @throws SecretUnreadable "a file that …", the words for what was expected
 */
export function textOf(source: FileOrText): string {
  if (typeof source === 'string') return source
  let text: string
  try {
    text = withoutLineBreak(readFileSync(source.file, 'utf8'))
  } catch (error) {
    // A text that was taken for the path of a file would be repeated here.
    const path = source.file.includes('\n') ? 'it is no path' : source.file
    throw new SecretUnreadable(`a file that can be read${codeOf(error)}: ${path}`)
  }
  if (text === '') throw new SecretUnreadable(`a file that is not empty: ${source.file}`)
  return text
}

/**
 * Reads a secret.
 * @param name of the option, for the error
 * @throws SecretUnreadable
 */
export async function readSecret(given: Secret, name: string): Promise<string> {
  const text = await answerOf(given, name)
  if (typeof text === 'string' && text !== '') return text
  throw new SecretUnreadable(
    typeof given === 'object' ? `the file ${given.file} of \`${name}\` is empty` : `\`${name}\` gave no text`
  )
}

async function answerOf(given: Secret, name: string): Promise<unknown> {
  if (typeof given === 'string') return given
  try {
    return typeof given === 'function' ? await given() : withoutLineBreak(await readFile(given.file, 'utf8'))
  } catch (error) {
    // What a function of the caller throws may repeat the secret.
    throw new SecretUnreadable(
      typeof given === 'function'
        ? `the function of \`${name}\` failed${codeOf(error)}`
        : `the file ${given.file} of \`${name}\` cannot be read${codeOf(error)}`
    )
  }
}

/**
 * A secret that is read for each login. While its file cannot be read, which happens in the middle of a replacement, it
 * stays what it was.
 */
export class CurrentSecret {
  readonly #source: Secret
  readonly #name: string
  readonly #onStale: (words: string) => void
  #last: string | undefined

  /**
   * @param name of the option, for the error of a function
   * @param onStale called when the file cannot be read and the last text is used
   * @throws SecretUnreadable as {@link textOf}
   */
  constructor(source: Secret, name: string, onStale: (words: string) => void = () => undefined) {
    this.#source = source
    this.#name = name
    this.#onStale = onStale
    if (typeof source !== 'function') this.#last = textOf(source)
  }

  /** @throws SecretUnreadable where the function gives none */
  async read(): Promise<string> {
    try {
      this.#last = await readSecret(this.#source, this.#name)
      return this.#last
    } catch (error) {
      if (this.#last === undefined || typeof this.#source === 'function') throw error
      this.#onStale((error as Error).message)
      return this.#last
    }
  }
}

const withoutLineBreak = (text: string): string => text.replace(/\r?\n$/, '')

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? ` (${error.code.slice(0, 64)})` : ''
