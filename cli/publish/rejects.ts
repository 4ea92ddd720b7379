import { constants, createWriteStream, type WriteStream } from 'node:fs'
import { access, realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { finished } from 'node:stream/promises'
import { UsageError } from '../../core/index.ts'

interface OpenFile {
  readonly stream: WriteStream
  /** Resolves to the error, if there is one; until it is looked at, a full disk must not end the process. */
  readonly done: Promise<unknown>
}

/** A file that keeps lines which could not be published, byte for byte. It is made with the first of them. */
export class Rejects {
  readonly #file: string
  #open: OpenFile | undefined

  private constructor(file: string) {
    this.#file = file
  }

  /** @throws UsageError when the file cannot be written, holds something already, or is `source` itself */
  static async open(file: string, source: string | undefined): Promise<Rejects> {
    if (source !== undefined && (await isSameFile(file, source)))
      throw new UsageError('--rejects names the file that is read; give it another name')
    if ((await sizeOf(file)) > 0)
      throw new UsageError(`The file ${file} of --rejects is not empty: move it away, or name another one`)
    return new Rejects(file)
  }

  write(bytes: Buffer, endOfLine: boolean): void {
    this.#open ??= append(this.#file)
    this.#open.stream.write(bytes)
    if (endOfLine) this.#open.stream.write('\n')
  }

  /** Waits while the disk is slower. */
  async room(): Promise<void> {
    if (!this.#open) return
    const { stream, done } = this.#open
    if (stream.writableNeedDrain && !stream.destroyed)
      await Promise.race([new Promise<void>(resolve => stream.once('drain', () => resolve())), done])
  }

  /** @throws UsageError when not all could be written */
  async close(): Promise<void> {
    this.#open?.stream.end()
    const error = await this.#open?.done
    if (error) throw new UsageError(`The file of --rejects is not complete (${(error as NodeJS.ErrnoException).code})`)
  }
}

// Appends: what another program put there since it was looked at stays.
function append(file: string): OpenFile {
  const stream = createWriteStream(file, { flags: 'a' })
  return { stream, done: finished(stream).catch((error: unknown) => error) }
}

/** Bytes in it, 0 where it can be made. @throws UsageError when it can be neither written nor made */
async function sizeOf(file: string): Promise<number> {
  try {
    const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (found?.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' })
    await access(found ? file : dirname(file), constants.W_OK)
    return found?.size ?? 0
  } catch (error) {
    throw new UsageError(`The file ${file} cannot be written (${(error as NodeJS.ErrnoException).code})`)
  }
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  try {
    return (await realpath(one)) === (await realpath(other))
  } catch {
    return false
  }
}
