import { createWriteStream, type WriteStream } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { UsageError } from '../core/errors.ts'

/** A file that keeps lines which could not be published, byte for byte. */
export class Rejects {
  readonly #stream: WriteStream
  readonly #done: Promise<unknown>

  private constructor(stream: WriteStream) {
    this.#stream = stream
    // Looked at in `close`; until then a full disk must not end the process.
    this.#done = finished(stream).catch((error: unknown) => error)
  }

  /** @throws UsageError when the file cannot be written, or is `source` itself */
  static async open(file: string, source: string | undefined): Promise<Rejects> {
    if (source !== undefined && (await isSameFile(file, source)))
      throw new UsageError('--rejects names the file that is read; give it another name')
    const stream = createWriteStream(file)
    const opened = await new Promise<NodeJS.ErrnoException | undefined>(resolve =>
      stream.once('open', () => resolve(undefined)).once('error', resolve)
    )
    if (opened) throw new UsageError(`The file ${file} cannot be written (${opened.code})`)
    return new Rejects(stream)
  }

  write(bytes: Buffer, endOfLine: boolean): void {
    this.#stream.write(bytes)
    if (endOfLine) this.#stream.write('\n')
  }

  /** Waits while the disk is behind. */
  async room(): Promise<void> {
    if (this.#stream.writableNeedDrain && !this.#stream.destroyed)
      await Promise.race([new Promise<void>(resolve => this.#stream.once('drain', () => resolve())), this.#done])
  }

  /** @throws UsageError when not all could be written */
  async close(): Promise<void> {
    this.#stream.end()
    const error = await this.#done
    if (error) throw new UsageError(`The file of --rejects is not complete (${(error as NodeJS.ErrnoException).code})`)
  }
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  try {
    return (await realpath(one)) === (await realpath(other))
  } catch {
    return false
  }
}
