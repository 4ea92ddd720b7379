import { entryHash, type HashReader, logRoot, nodeHash } from '../../../proof/index.ts'

const hashBytes = 32

/** The hashes of all entries of a log, in one piece of memory. */
export class HashList {
  #bytes: Buffer = Buffer.alloc(hashBytes * 1_024)
  #size = 0

  get size(): number {
    return this.#size
  }

  push(entry: Uint8Array): void {
    const end = (this.#size + 1) * hashBytes
    if (end > this.#bytes.length) {
      const more = Buffer.alloc(2 * this.#bytes.length)
      this.#bytes.copy(more)
      this.#bytes = more
    }
    entryHash(entry).copy(this.#bytes, end - hashBytes)
    this.#size += 1
  }

  /** Forgets all but the first ones. */
  truncate(size: number): void {
    this.#size = Math.min(this.#size, size)
  }

  readonly read: HashReader = (level, index) => {
    if (level > 0) return nodeHash(this.read(level - 1, 2 * index), this.read(level - 1, 2 * index + 1))
    if (index >= this.#size) throw new RangeError('the log has no such entry')
    return this.#bytes.subarray(index * hashBytes, (index + 1) * hashBytes)
  }

  /** The root of the first entries. */
  root(size: number): Buffer {
    return logRoot(size, this.read)
  }
}
