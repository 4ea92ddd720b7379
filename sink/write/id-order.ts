import { idTimeOf, rowEnd } from '../../trail/index.ts'

interface ByteRange {
  readonly start: number
  readonly end: number
}

// What is left of 64 bits besides the 48 of an id's time.
const rowsAtOnce = 2 ** 16

/**
 * Puts rows into the order of their ids, as far as the time in a UUIDv7 goes (RFC 9562, section 5.7: the first 48
 * bits, ms); those of one ms stay as they came. Postgres then finds the places of neighbours in the primary key near
 * each other (docs/decisions/0018). Ids of other versions only end up in some order.
 */
export class IdOrder {
  #sorted = Buffer.alloc(0)
  // A row is its time and its number among the others, in one integer: that sorts without calling anybody.
  readonly #keys = new BigUint64Array(rowsAtOnce)
  readonly #halves = new Uint32Array(this.#keys.buffer)
  readonly #starts = new Uint32Array(rowsAtOnce)

  /**
   * The rows in these ranges of `bytes`.
   * @returns bytes that are good until the next call
   */
  sort(bytes: Buffer, ranges: readonly ByteRange[]): Buffer {
    const size = ranges.reduce((sum, { start, end }) => sum + end - start, 0)
    if (this.#sorted.length < size) this.#sorted = Buffer.allocUnsafe(size)
    let written = 0
    let rows = 0
    for (const { start, end } of ranges) {
      for (let at = start; at < end; at = rowEnd(bytes, at)) {
        const time = idTimeOf(bytes, at)
        this.#halves[2 * rows + high] = Math.floor(time / 2 ** 16)
        this.#halves[2 * rows + low] = ((time % 2 ** 16) * 2 ** 16 + rows) >>> 0
        this.#starts[rows] = at
        rows += 1
        if (rows === rowsAtOnce) {
          written = this.#copy(bytes, rows, written)
          rows = 0
        }
      }
    }
    return this.#sorted.subarray(0, this.#copy(bytes, rows, written))
  }

  #copy(bytes: Buffer, rows: number, from: number): number {
    let written = from
    this.#keys.subarray(0, rows).sort()
    for (let index = 0; index < rows; index += 1) {
      const place = (this.#halves[2 * index + low] as number) % rowsAtOnce
      const start = this.#starts[place] as number
      written += bytes.copy(this.#sorted, written, start, rowEnd(bytes, start))
    }
    return written
  }
}

// How this machine lays an integer of 64 bits over two of 32.
const low = new Uint32Array(BigUint64Array.of(1n).buffer)[0] === 1 ? 0 : 1
const high = 1 - low
