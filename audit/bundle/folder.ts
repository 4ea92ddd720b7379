import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { UsageError } from '../../core/index.ts'

/** A file of a bundle. */
export interface BundleFile {
  /** In the bundle: `rows/000001.copy`. */
  readonly path: string
  readonly bytes: number
  /** Hexadecimal. */
  readonly sha256: string
}

/**
 * A folder that has its name only once it is whole: until then it ends in `.partial`. Only its owner may read it.
 * A step fails with a UsageError where the folder or a file cannot be written.
 */
export class BundleFolder {
  readonly #path: string
  readonly #partial: string
  readonly #files: BundleFile[] = []
  #current: BundleWriter | undefined

  private constructor(path: string) {
    this.#path = path
    this.#partial = `${path}.partial`
  }

  /** @throws UsageError where it is there already, or cannot be made */
  static async create(path: string): Promise<BundleFolder> {
    const folder = new BundleFolder(resolve(path))
    if (await exists(folder.#path))
      throw new UsageError(`--out: ${path} is there already: move it away, or name another folder`)
    await mkdir(folder.#partial, { mode: 0o700 }).catch(cause => {
      throw codeOf(cause) === 'EEXIST'
        ? new UsageError(
            `--out: ${folder.#partial} is there already: another export writes it, or one was killed. Remove it then`
          )
        : notWritten(folder.#partial, cause)
    })
    return folder
  }

  /** The files that were written. */
  get files(): readonly BundleFile[] {
    return this.#files
  }

  /** Begins a file: the one before it has to be at its end. */
  async file(path: string): Promise<BundleWriter> {
    const whole = join(this.#partial, path)
    const handle = await orRefuse(whole, async () => {
      await mkdir(dirname(whole), { recursive: true, mode: 0o700 })
      return open(whole, 'wx', 0o600)
    })
    this.#current = new BundleWriter(path, handle, file => this.#files.push(file))
    return this.#current
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    const file = await this.file(path)
    await file.write(bytes)
    await file.end()
  }

  /** Makes it durable, and gives it its name. */
  async finish(): Promise<void> {
    await orRefuse(this.#path, async () => {
      const folders = new Set([...this.#files.map(({ path }) => dirname(join(this.#partial, path))), this.#partial])
      for (const each of folders) await syncFolder(each)
      await rename(this.#partial, this.#path)
      await syncFolder(dirname(this.#path))
    })
  }

  /** Removes what was written. */
  async discard(): Promise<void> {
    await this.#current?.end().catch(() => undefined)
    await rm(this.#partial, { recursive: true, force: true })
  }
}

/** Writes one file of a bundle. */
export class BundleWriter {
  readonly #path: string
  readonly #handle: FileHandle
  readonly #done: (file: BundleFile) => void
  readonly #hash = createHash('sha256')
  #bytes = 0
  #ended = false

  constructor(path: string, handle: FileHandle, done: (file: BundleFile) => void) {
    this.#path = path
    this.#handle = handle
    this.#done = done
  }

  get bytes(): number {
    return this.#bytes
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes)
    this.#bytes += bytes.length
    await orRefuse(this.#path, () => this.#handle.writeFile(bytes))
  }

  async end(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    await orRefuse(this.#path, async () => {
      await this.#handle.sync().finally(() => this.#handle.close())
    })
    this.#done({ path: this.#path, bytes: this.#bytes, sha256: this.#hash.digest('hex') })
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path)
  await folder.sync().finally(() => folder.close())
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    return codeOf(error) !== 'ENOENT'
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown'

const notWritten = (path: string, cause: unknown): UsageError =>
  new UsageError(`--out: ${path} cannot be written (${codeOf(cause)})`)

async function orRefuse<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw notWritten(path, cause)
  }
}
