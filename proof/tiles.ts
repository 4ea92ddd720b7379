import { ProofError } from './errors.ts'
import type { HashReader } from './log-tree.ts'
import { nodeHash } from './log-tree.ts'
import { hashBytes } from './row.ts'

/** The log as files (C2SP tlog-tiles). */

/** Hashes of a full tile. */
export const tileWidth = 256
const tileHeight = 8
const lengthBytes = 2
/** Bytes of an entry at most: its length has 16 bits. */
export const maxEntryBytes = 65_535

/** A tile: `level` 0 has the hashes of entries. */
export interface Tile {
  readonly level: number
  readonly index: number
  /** 1 to 256. */
  readonly width: number
}

/** `x001/x234/067`, and `.p/<width>` for a tile that is not full. */
function numberPath(index: number, width: number): string {
  const digits = String(index)
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0')
  const parts = padded.match(/\d{3}/g) ?? []
  const path = parts.map((part, place) => (place < parts.length - 1 ? `x${part}` : part)).join('/')
  return width === tileWidth ? path : `${path}.p/${width}`
}

export const tilePath = ({ level, index, width }: Tile): string => `tile/${level}/${numberPath(index, width)}`

/** Where the entries of a tile of level 0 are. */
export const bundlePath = ({ index, width }: Omit<Tile, 'level'>): string => `tile/entries/${numberPath(index, width)}`

/** The tiles that a log of `size` entries has and one of `older` entries has not, lower levels first. */
export function newTiles(older: number, size: number): Tile[] {
  const tiles: Tile[] = []
  let [from, to] = [older, size]
  for (let level = 0; to > 0; level += 1) {
    for (let index = Math.floor(from / tileWidth); index * tileWidth < to; index += 1) {
      const width = Math.min(tileWidth, to - index * tileWidth)
      if (index * tileWidth + width > from) tiles.push({ level, index, width })
    }
    from = Math.floor(from / tileWidth)
    to = Math.floor(to / tileWidth)
  }
  return tiles
}

/** The hashes of a tile. */
export const composeTile = ({ level, index, width }: Tile, read: HashReader): Buffer =>
  Buffer.concat(Array.from({ length: width }, (_, place) => read(level * tileHeight, index * tileWidth + place)))

/**
 * Reads hashes from tiles of a log of `size` entries.
 * @param get the bytes of a tile that was fetched
 * @throws ProofError `TILE_INVALID` when a tile has not as many hashes as it has to have
 */
export function tileReader(size: number, get: (tile: Tile) => Buffer): HashReader {
  const tiles = new Map<string, Buffer>()
  const tileOf = (level: number, index: number): Buffer => {
    const inLevel = Math.floor(size / tileWidth ** level)
    const tile = { level, index, width: Math.min(tileWidth, inLevel - index * tileWidth) }
    if (tile.width <= 0) throw new RangeError('the log has no such tile')
    const path = tilePath(tile)
    const bytes = tiles.get(path) ?? get(tile)
    if (bytes.length !== tile.width * hashBytes)
      throw new ProofError('TILE_INVALID', `${path} does not have ${tile.width} hashes`)
    tiles.set(path, bytes)
    return bytes
  }
  const read: HashReader = (level, index) => {
    if (level % tileHeight !== 0) return nodeHash(read(level - 1, 2 * index), read(level - 1, 2 * index + 1))
    const bytes = tileOf(level / tileHeight, Math.floor(index / tileWidth))
    const at = (index % tileWidth) * hashBytes
    if (at >= bytes.length) throw new RangeError('the log has no such hash')
    return bytes.subarray(at, at + hashBytes)
  }
  return read
}

/** Entries as a bundle has them: each after its length. */
export function composeBundle(entries: readonly Buffer[]): Buffer {
  return Buffer.concat(
    entries.flatMap(entry => {
      if (entry.length > maxEntryBytes) throw new ProofError('TILE_INVALID', 'an entry is too long for a bundle')
      const length = Buffer.alloc(lengthBytes)
      length.writeUInt16BE(entry.length)
      return [length, entry]
    })
  )
}

/** @param count how many entries it has to have @throws ProofError `TILE_INVALID` */
export function parseBundle(bytes: Buffer, count: number): Buffer[] {
  const entries: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const start = at + lengthBytes
    const end = start <= bytes.length ? start + bytes.readUInt16BE(at) : Number.POSITIVE_INFINITY
    if (end > bytes.length) throw new ProofError('TILE_INVALID', 'a bundle of entries is cut short')
    entries.push(bytes.subarray(start, end))
    at = end
  }
  if (entries.length !== count) throw new ProofError('TILE_INVALID', `a bundle does not have ${count} entries`)
  return entries
}
