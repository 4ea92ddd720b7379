import { fileURLToPath } from 'node:url'
import { UsageError } from '../../core/index.ts'
import { folderStore } from './folder.ts'
import type { ArchiveStore } from './store.ts'

/**
 * The place that an address names: `file:/var/archive`, `file:archive`, `s3://bucket/prefix`.
 * @throws UsageError for another address; ArchiveError `ARCHIVE_REFUSED` for a folder that does not exist
 */
export async function openArchiveStore(address: string): Promise<ArchiveStore> {
  if (address.startsWith('file:')) return folderStore(pathOf(address))
  throw new UsageError('Expected file:<folder> as the place for an archive')
}

function pathOf(address: string): string {
  const path = address.startsWith('file://') ? fileURLToPath(address) : address.slice('file:'.length)
  if (path === '') throw new UsageError('Expected a folder after file:')
  return path
}
