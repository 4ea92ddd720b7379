import { type AddressOptions, folderOf } from '../../archive/index.ts'
import { UsageError } from '../../core/index.ts'
import { bucketTiles } from './bucket.ts'
import { folderTiles } from './folder.ts'
import type { TileStore } from './store.ts'

/**
 * The place of the log that an address names: `file:/srv/log`, `file:log`, `s3://bucket/prefix`.
 * @throws UsageError for another address; ConfigError `CONFIG_MISSING`, `CONFIG_INVALID`; AuditError `STORE_REFUSED` for a
 *   folder that does not exist
 */
export async function openTileStore(address: string, options: AddressOptions): Promise<TileStore> {
  if (address.startsWith('file:')) return folderTiles(folderOf(address))
  if (address.startsWith('s3:')) return bucketTiles(address, options)
  throw new UsageError('Expected file:<folder>, s3://<bucket>/<prefix> or kafka:<topic> as a place of the log')
}
