import { mapConcurrently } from '../../core/index.ts'
import type { Queries } from '../../postgres/index.ts'
import {
  bundlePath,
  composeBundle,
  composeCheckpoint,
  composeNote,
  composeTile,
  consistencyPath,
  type NoteSignature,
  newTiles,
  parseNote,
  type Signer,
  signText,
  type Tile,
  tilePath,
  tileReader,
  tileWidth
} from '../../proof/index.ts'
import { AuditError } from '../errors.ts'
import { checkpointPath, checkpointPathOf, readTile, type TileStore } from '../store/index.ts'
import type { Log, Published } from './load.ts'
import { readSealed } from './rows.ts'

const writesAtOnce = 4

/** Writes the tiles and bundles of entries that are not published yet. They may be there, with the same bytes. */
export async function writeTiles(queries: Queries, store: TileStore, log: Log): Promise<void> {
  const { frontier } = log
  const { size } = frontier
  const tiles = newTiles(log.written, size)
  // Entries first: what has hashes has its entries too.
  await mapConcurrently(
    tiles.filter(({ level }) => level === 0),
    writesAtOnce,
    async tile => store.put(bundlePath(tile), await bundleOf(queries, tile))
  )
  await mapConcurrently(tiles, writesAtOnce, tile => store.put(tilePath(tile), composeTile(tile, frontier.reader)))
  log.written = size
  frontier.trim()
}

async function bundleOf(queries: Queries, { index, width }: Tile): Promise<Buffer> {
  const entries = await readSealed(queries, index * tileWidth, index * tileWidth + width)
  return composeBundle(entries.map(entry => Buffer.from(entry)))
}

/** Signs the checkpoint of all sealed entries. @returns its text, and the signature of the log */
export function signCheckpoint({ origin, frontier }: Log, signer: Signer): { text: string; signature: NoteSignature } {
  const text = composeCheckpoint({ origin, size: frontier.size, root: frontier.root })
  return { text, signature: signText(text, signer) }
}

/**
 * Writes a checkpoint to the first place. Where it is there already, with other times of witnesses, that one counts.
 * @throws AuditError `STORE_DIFFERS` where another log has written one of this size
 */
export async function writeCheckpoint(
  store: TileStore,
  size: number,
  text: string,
  signatures: readonly NoteSignature[]
): Promise<Published> {
  const path = checkpointPathOf(size)
  let note = composeNote({ text, signatures })
  try {
    await store.put(path, Buffer.from(note))
  } catch (error) {
    const kept = isDifference(error) ? (await store.get(path))?.toString() : undefined
    if (kept === undefined || parseNote(kept).text !== text) throw error
    note = kept
  }
  await store.put(checkpointPath, Buffer.from(note), { replace: true })
  return { size, note }
}

/** The proof that the log of `size` entries continues that of `older`, from the tiles of a place. */
export async function consistencyFrom(store: TileStore, older: number, size: number): Promise<readonly Buffer[]> {
  const tiles = new Map<string, Tile>()
  // What it asks for does not depend on what it gets.
  consistencyPath(
    older,
    size,
    tileReader(size, tile => {
      tiles.set(tilePath(tile), tile)
      return Buffer.alloc(tile.width * hashBytes)
    })
  )
  const read = new Map(
    await mapConcurrently(
      [...tiles],
      writesAtOnce,
      async ([path, tile]) => [path, await readTile(store, tile)] as const
    )
  )
  return consistencyPath(
    older,
    size,
    tileReader(size, tile => read.get(tilePath(tile)) as Buffer)
  )
}

const hashBytes = 32

const isDifference = (error: unknown): boolean => error instanceof AuditError && error.code === 'STORE_DIFFERS'
