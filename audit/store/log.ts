import { bundlePath, composeBundle, parseBundle, type Tile, tilePath, tileWidth } from '../../proof/index.ts'
import { AuditError } from '../errors.ts'
import type { TileStore } from './store.ts'

/** The name of the newest checkpoint. */
export const checkpointPath = 'checkpoint'

const sizeDigits = 20

/** Where the checkpoint of a size is kept. */
export const checkpointPathOf = (size: number): string => `checkpoints/${String(size).padStart(sizeDigits, '0')}`

/** The newest signed checkpoint of a place, of which nothing is checked; undefined where there is none. */
export async function readCheckpoint(store: TileStore): Promise<string | undefined> {
  return (await store.get(checkpointPath))?.toString('utf8')
}

/**
 * The hashes of a tile. One that is not full is read from a fuller one where it is not there by itself any more.
 * @throws AuditError `STORE_MISSING`
 */
export async function readTile(store: TileStore, tile: Tile): Promise<Buffer> {
  const hashes = (await store.get(tilePath(tile))) ?? (await store.get(tilePath({ ...tile, width: tileWidth })))
  if (!hashes) throw missing(tilePath(tile))
  return hashes.length > tile.width * hashBytes ? hashes.subarray(0, tile.width * hashBytes) : hashes
}

const hashBytes = 32

/**
 * The entries of a log of `size` entries, each with its signature, from index `from` on. Their hashes are not checked.
 * @throws AuditError `STORE_MISSING`; ProofError `TILE_INVALID`
 */
export async function* readEntries(store: TileStore, size: number, from = 0): AsyncGenerator<Buffer, void, undefined> {
  for (let index = Math.floor(from / tileWidth); index * tileWidth < size; index += 1) {
    const width = Math.min(tileWidth, size - index * tileWidth)
    const entries = parseBundle(await readBundle(store, { index, width }), width)
    yield* entries.slice(Math.max(0, from - index * tileWidth))
  }
}

/**
 * The bytes of a bundle of entries. One that is not full is cut out of the full one where it is not there by itself any
 * more.
 * @throws AuditError `STORE_MISSING`; ProofError `TILE_INVALID`
 */
export async function readBundle(store: TileStore, { index, width }: Pick<Tile, 'index' | 'width'>): Promise<Buffer> {
  const part = await store.get(bundlePath({ index, width }))
  if (part) return part
  const whole = width < tileWidth ? await store.get(bundlePath({ index, width: tileWidth })) : undefined
  if (!whole) throw missing(bundlePath({ index, width }))
  return composeBundle(parseBundle(whole, tileWidth).slice(0, width))
}

const missing = (path: string): AuditError =>
  new AuditError('STORE_MISSING', `The place of the log has no ${path}, which it must have`)
