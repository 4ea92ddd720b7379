import { type HashReader, logRoot, nodeHash, readerOf, type Tile, tileWidth } from '../../proof/index.ts'

const tileHeight = 8
const hashBytes = 32

/** Hashes of one level of tiles, from the beginning of a tile on. */
interface Level {
  base: number
  hashes: Buffer[]
}

/**
 * The right edge of the tree of the log: what the root, and the tiles of entries to come, are computed from. It has the
 * hashes of each tile that is not full, and those that were added since {@link trim}.
 */
export class Frontier {
  readonly #levels: Level[] = []
  #size = 0

  /**
   * That of a log of `size` entries, from its tiles.
   * @param get reads a tile; only those are asked for that are not full
   */
  static async read(size: number, get: (tile: Tile) => Promise<Buffer>): Promise<Frontier> {
    const frontier = new Frontier()
    frontier.#size = size
    for (let [level, count] = [0, size]; count > 0; level += 1, count = Math.floor(count / tileWidth)) {
      const [index, width] = [Math.floor(count / tileWidth), count % tileWidth]
      const bytes = width === 0 ? Buffer.alloc(0) : await get({ level, index, width })
      const hashes = Array.from({ length: width }, (_, at) => bytes.subarray(at * hashBytes, (at + 1) * hashBytes))
      frontier.#levels.push({ base: index * tileWidth, hashes })
    }
    return frontier
  }

  get size(): number {
    return this.#size
  }

  get root(): Buffer {
    return logRoot(this.#size, this.reader)
  }

  /** Adds the hash of an entry. */
  append(hash: Buffer): void {
    this.#size += 1
    this.#push(0, hash)
  }

  #push(at: number, hash: Buffer): void {
    const level = this.#levels[at] ?? { base: 0, hashes: [] }
    this.#levels[at] = level
    level.hashes.push(hash)
    if ((level.base + level.hashes.length) % tileWidth === 0)
      this.#push(at + 1, logRoot(tileWidth, readerOf(level.hashes.slice(-tileWidth))))
  }

  /** Gives the hashes that it has. @throws RangeError for others */
  readonly reader: HashReader = (level, index) => {
    if (level % tileHeight !== 0)
      return nodeHash(this.reader(level - 1, 2 * index), this.reader(level - 1, 2 * index + 1))
    const { base, hashes } = this.#levels[level / tileHeight] ?? { base: 0, hashes: [] }
    const found = hashes[index - base]
    if (!found) throw new RangeError('the frontier has no such hash')
    return found
  }

  /** Forgets full tiles: they are written. */
  trim(): void {
    for (const level of this.#levels) {
      const full = Math.floor((level.base + level.hashes.length) / tileWidth) * tileWidth
      level.hashes = level.hashes.slice(Math.max(0, full - level.base))
      level.base = Math.max(level.base, full)
    }
  }
}
