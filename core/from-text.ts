import { readFileSync } from 'node:fs'

/**
 * A text that may be a secret, or a file that holds it. Files are read again whenever their text is needed, so that a
 * certificate or a password can be replaced while the process runs. Line breaks at the end of a file are left out.
 */
export type FromText = string | FromFile

export interface FromFile {
  /** Path of the file. */
  readonly file: string
}

/** @throws Error "a file that can be read …", which repeats nothing of the contents */
export function textOf(source: FromText): string {
  if (typeof source === 'string') return source
  let text: string
  try {
    text = readFileSync(source.file, 'utf8').replace(/[\r\n]+$/, '')
  } catch (error) {
    // A text that was taken for the path of a file would be repeated here.
    const path = source.file.includes('\n') ? 'it is no path' : source.file
    throw new Error(`a file that can be read (${codeOf(error)}): ${path}`)
  }
  if (text === '') throw new Error(`a file that is not empty: ${source.file}`)
  return text
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'no such path'

/**
 * A text whose file is read each time. While the file cannot be read, which happens in the middle of a replacement, it
 * stays what it was.
 */
export class CurrentText {
  readonly #source: FromText
  readonly #onStale: (words: string) => void
  #last: string

  /**
   * @param onStale called when the file cannot be read and the last text is used
   * @throws Error as {@link textOf}
   */
  constructor(source: FromText, onStale: (words: string) => void = () => undefined) {
    this.#source = source
    this.#onStale = onStale
    this.#last = textOf(source)
  }

  read(): string {
    try {
      this.#last = textOf(this.#source)
    } catch (error) {
      this.#onStale((error as Error).message)
    }
    return this.#last
  }
}
