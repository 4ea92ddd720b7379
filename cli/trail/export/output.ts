import { createHash } from 'node:crypto'
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { UsageError } from '../../../core/index.ts'
import type { ByteOutput } from '../../command.ts'

/** What was written. */
export interface Written {
  readonly bytes: number
  readonly sha256: Buffer
}

/** Where an export is written. */
export interface Output {
  /** The file, once it is whole; undefined for stdout. */
  readonly file: string | undefined
  /** Resolves once there is room for more. @throws UsageError where a file cannot be written; an error of the stream */
  write(bytes: Buffer): Promise<void>
  /** Makes what was written durable, and gives it its name. @throws UsageError */
  finish(): Promise<Written>
  /** Removes what was written. */
  discard(): Promise<void>
}

/** @param out a file, or `-`. @throws UsageError where it cannot be written */
export async function openOutput(out: string, stdout: ByteOutput): Promise<Output> {
  if (out !== '-') return await FileOutput.create(out)
  if (stdout.isTerminal)
    throw new UsageError('--out -: stdout is a terminal, which would obey what is in the data; name a file, or pipe it')
  return streamOutput(stdout)
}

function streamOutput(stdout: ByteOutput): Output {
  const meter = new Meter()
  return {
    file: undefined,
    async write(bytes) {
      meter.add(bytes)
      await stdout.write(bytes)
    },
    finish: async () => meter.written(),
    discard: async () => undefined
  }
}

/** A file that has its name only once it is whole: until then it ends in `.partial`. Only its owner may read it. */
class FileOutput implements Output {
  readonly file: string
  readonly #handle: FileHandle
  readonly #meter = new Meter()

  private constructor(file: string, handle: FileHandle) {
    this.file = file
    this.#handle = handle
  }

  static async create(file: string): Promise<FileOutput> {
    if (await exists(file)) throw new UsageError(`--out: ${file} is there already: move it away, or name another file`)
    try {
      return new FileOutput(file, await open(partial(file), 'wx', 0o600))
    } catch (cause) {
      if (codeOf(cause) === 'EEXIST')
        throw new UsageError(
          `--out: ${partial(file)} is there already: another export writes it, or one was killed. Remove it then`
        )
      throw new UsageError(`--out: ${partial(file)} cannot be written (${codeOf(cause)})`)
    }
  }

  async write(bytes: Buffer): Promise<void> {
    this.#meter.add(bytes)
    await this.#handle.writeFile(bytes).catch(cause => {
      throw notWritten(this.file, cause)
    })
  }

  async finish(): Promise<Written> {
    try {
      await this.#handle.sync()
      await this.#handle.close()
      await rename(partial(this.file), this.file)
      const folder = await open(dirname(this.file))
      await folder.sync().finally(() => folder.close())
    } catch (cause) {
      throw notWritten(this.file, cause)
    }
    return this.#meter.written()
  }

  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined)
    await rm(partial(this.file), { force: true })
  }
}

class Meter {
  readonly #hash = createHash('sha256')
  #bytes = 0

  add(bytes: Buffer): void {
    this.#hash.update(bytes)
    this.#bytes += bytes.length
  }

  written = (): Written => ({ bytes: this.#bytes, sha256: this.#hash.digest() })
}

const partial = (file: string): string => `${file}.partial`

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file)
    return true
  } catch (error) {
    return codeOf(error) !== 'ENOENT'
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown'

const notWritten = (file: string, cause: unknown): UsageError =>
  new UsageError(`--out: ${file} is not complete (${codeOf(cause)}), and was removed`)
