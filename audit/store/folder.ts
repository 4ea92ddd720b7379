import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { AuditError } from '../errors.ts'
import type { PutOptions, TileStore } from './store.ts'

/** Everyone may read the log: there is no content in it. */
const fileMode = 0o644

/**
 * A folder for the log. A file has another name, `….partial`, until it is synced.
 * @throws AuditError `STORE_REFUSED` where the folder does not exist: it may be a volume that is not mounted
 */
export async function folderTiles(path: string): Promise<TileStore> {
  const folder = resolve(path)
  const found = await asAuditError(stat(folder))
  if (!found.isDirectory()) throw new AuditError('STORE_REFUSED', 'The place of the log is a file, and not a folder')
  return {
    address: pathToFileURL(folder).href,
    put: (name, bytes, options) => put(folder, name, bytes, options),
    get: name => read(join(folder, name))
  }
}

async function put(folder: string, name: string, bytes: Uint8Array, { replace = false }: PutOptions = {}) {
  const path = join(folder, name)
  const partial = `${path}.${randomUUID()}.partial`
  await asAuditError(mkdir(dirname(path), { recursive: true }))
  try {
    await asAuditError(writeSynced(partial, bytes))
    if (replace) await asAuditError(rename(partial, path))
    // Unlike a rename it replaces nothing.
    else if (!(await isNew(link(partial, path)))) await requireSame(name, path, bytes)
  } finally {
    await unlink(partial).catch(() => undefined)
  }
  // Folders of tiles may be new as well.
  for (let each = dirname(path); each.startsWith(folder); each = dirname(each)) await asAuditError(syncFolder(each))
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, 'wx', fileMode)
  await file.writeFile(bytes)
  // Whatever umask the process has.
  await file.chmod(fileMode)
  await file.sync()
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r')
  await handle.sync()
}

async function isNew(linked: Promise<void>): Promise<boolean> {
  try {
    await linked
    return true
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw ofSystem(cause)
  }
}

async function requireSame(name: string, path: string, bytes: Uint8Array): Promise<void> {
  const there = await read(path)
  if (!there?.equals(bytes)) throw differs(name)
}

/** The error of a file that has other bytes than those that have to be there. */
export const differs = (name: string): AuditError =>
  new AuditError('STORE_DIFFERS', `The place of the log has another ${name} than the one that belongs there`)

async function read(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw ofSystem(cause)
  }
}

const refusals: ReadonlySet<string | undefined> = new Set([
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'EACCES',
  'EPERM',
  'EROFS',
  'ERR_ACCESS_DENIED'
])

function ofSystem(cause: unknown): AuditError {
  const { code } = cause as NodeJS.ErrnoException
  return refusals.has(code)
    ? new AuditError('STORE_REFUSED', `The folder of the log cannot be used (${code})`, cause)
    : new AuditError('STORE_UNAVAILABLE', `The log cannot be written or read (${code ?? 'unknown'})`, cause)
}

const asAuditError = <T>(work: Promise<T>): Promise<T> =>
  work.catch(cause => {
    throw ofSystem(cause)
  })
