import { type FileHandle, link, open, rm, stat, unlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ArchiveError } from '../errors.ts'
import type { ArchiveStore, NewArchive, OpenArchive } from './store.ts'

/**
 * A folder for archives. A file has another name while it is written, `<name>.partial`, and is synced before it gets its
 * own.
 * @throws ArchiveError `ARCHIVE_REFUSED` where the folder does not exist: it may be a volume that is not mounted
 */
export async function folderStore(path: string): Promise<ArchiveStore> {
  const folder = resolve(path)
  const found = await asArchiveError(stat(folder))
  if (!found.isDirectory())
    throw new ArchiveError('ARCHIVE_REFUSED', 'The place for the archive is a file, and not a folder')
  const place = (name: string) => join(folder, name)
  return {
    addressOf: name => pathToFileURL(place(name)).href,
    create: name => create(folder, place(name)),
    removeUnfinished: name => asArchiveError(rm(partialOf(place(name)), { force: true })),
    open: name => openFile(place(name))
  }
}

const partialOf = (path: string): string => `${path}.partial`

async function create(folder: string, path: string): Promise<NewArchive> {
  const partial = partialOf(path)
  const file = await asArchiveError(open(partial, 'w'))
  return {
    async write(bytes) {
      await asArchiveError(writeAll(file, bytes))
    },
    async finish() {
      await asArchiveError(file.sync())
      await asArchiveError(file.close())
      // Unlike a rename it replaces nothing.
      await asArchiveError(link(partial, path))
      await asArchiveError(unlink(partial))
      await asArchiveError(syncFolder(folder))
    },
    async abort() {
      await file.close().catch(() => undefined)
      await unlink(partial).catch(() => undefined)
    }
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done)).bytesWritten
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function openFile(path: string): Promise<OpenArchive> {
  const file = await asArchiveError(open(path, 'r'), 'file')
  const { size } = await asArchiveError(file.stat())
  return {
    bytes: size,
    async read(start, end) {
      const bytes = Buffer.alloc(end - start)
      for (let done = 0; done < bytes.length; ) {
        const { bytesRead } = await asArchiveError(file.read(bytes, done, bytes.length - done, start + done))
        if (bytesRead === 0) throw new ArchiveError('ARCHIVE_DIFFERS', 'The archive ends earlier than it did')
        done += bytesRead
      }
      return bytes
    },
    async [Symbol.asyncDispose]() {
      await file.close()
    }
  }
}

const refusals: ReadonlySet<string | undefined> = new Set([
  'ENOENT',
  'ENOTDIR',
  'EACCES',
  'EPERM',
  'EROFS',
  'ERR_ACCESS_DENIED'
])

async function asArchiveError<T>(work: Promise<T>, of: 'folder' | 'file' = 'folder'): Promise<T> {
  try {
    return await work
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EEXIST') throw new ArchiveError('ARCHIVE_EXISTS', 'There is an archive of that name already', cause)
    if (code === 'ENOENT' && of === 'file')
      throw new ArchiveError('ARCHIVE_MISSING', 'The archive is not there any more', cause)
    const [kind, what] = refusals.has(code)
      ? (['ARCHIVE_REFUSED', 'The folder for the archive cannot be used'] as const)
      : (['ARCHIVE_UNAVAILABLE', 'The archive cannot be written or read'] as const)
    throw new ArchiveError(kind, `${what} (${code ?? 'unknown'})`, cause)
  }
}
