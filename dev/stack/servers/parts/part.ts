import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { partsFolder, takeLock } from '../../../tools/index.ts'
import { StackError } from '../../errors.ts'

export interface PartOptions {
  readonly say: (line: string) => void
  readonly signal?: AbortSignal | undefined
}

/** One version of one server. */
export interface Part {
  /** Of its folder in `parts/`. */
  readonly name: string
  /** SHA-256 of its files, where it is in the list of pins. */
  readonly pin: string | undefined
  /** Downloads it into a folder that is empty. @throws StackError */
  fetch(folder: string): Promise<void>
}

/**
 * The folder of a part, downloaded where it is not whole on disk yet.
 * @throws StackError `DOWNLOAD_FAILED`, `STOPPED`, and what `fetch` throws
 */
export async function ensurePart(part: Part, options: PartOptions): Promise<string> {
  const folder = join(partsFolder, part.name)
  if (isWhole(folder)) return folder
  const release = await takeLock(join(partsFolder, 'download.lock'), {
    ...(options.signal && { signal: options.signal }),
    onWait: pid => options.say(`waiting for process ${pid}, which is downloading servers`)
  })
  try {
    if (!isWhole(folder)) await download(part, folder, options)
    return folder
  } finally {
    release()
  }
}

async function download(part: Part, folder: string, options: PartOptions): Promise<void> {
  const incoming = join(partsFolder, 'incoming')
  rmSync(incoming, { recursive: true, force: true })
  mkdirSync(incoming)
  await part.fetch(incoming)
  checkPin(part, digestOf(incoming), options.say)
  writeFileSync(manifestOf(incoming), JSON.stringify(sizesOf(incoming)))
  rmSync(folder, { recursive: true, force: true })
  renameSync(incoming, folder)
}

/** What one mirror serves must be what the authors of this stack got: a version alone does not say that. */
function checkPin({ name, pin }: Part, digest: string, say: (line: string) => void): void {
  if (pin === undefined) {
    say(`${name} has no pin in dev/stack/servers/parts/pins.ts, its files were not compared: ${digest}`)
    return
  }
  if (pin === digest) return
  throw new StackError(
    'DOWNLOAD_FAILED',
    `the files of ${name} are not those that dev/stack/servers/parts/pins.ts pins (${digest}): download them from another mirror`
  )
}

const manifestOf = (folder: string): string => join(folder, 'manifest.json')

/** Paths of all files, sorted; links and what Maven notes for itself are none. */
function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && !entry.name.endsWith('.marker') && entry.name !== 'manifest.json')
    .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}

const sizesOf = (folder: string): Record<string, number> =>
  Object.fromEntries(filesOf(folder).map(file => [file, statSync(join(folder, file)).size]))

/** SHA-256 of all files, by their names. */
function digestOf(folder: string): string {
  const sum = createHash('sha256')
  for (const file of filesOf(folder)) {
    const content = createHash('sha256')
      .update(readFileSync(join(folder, file)))
      .digest('hex')
    sum.update(`${content}  ${file}\n`)
  }
  return sum.digest('hex')
}

/** Whether every file is there in the size it was downloaded with. */
function isWhole(folder: string): boolean {
  if (!existsSync(manifestOf(folder))) return false
  try {
    const sizes = JSON.parse(readFileSync(manifestOf(folder), 'utf8')) as Record<string, number>
    return Object.entries(sizes).every(([file, size]) => statSync(join(folder, file)).size === size)
  } catch {
    return false
  }
}
