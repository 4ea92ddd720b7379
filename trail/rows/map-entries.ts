import type { CopyBuffer } from './copy-buffer.ts'

// Numbers for each entry: where its key is in the Avro bytes, the key's length, and where its JSON begins. Not objects,
// since a record can have millions of entries.
const perEntry = 3
const separator = 2
/** Numbers that are kept between rows. */
const keptNumbers = 4_096

/**
 * The entries of maps while they are written: in the order in which they come, then in that in which `jsonb` prints
 * them. Most maps come in order, and then nothing is moved. Of entries with the same key the last one stays.
 */
export class MapEntries {
  // Those of a map within a map come after those of the outer one.
  #numbers: number[] = []
  #end = 0

  /** Before a row: the one before may have failed within a map. */
  clear(): void {
    this.#end = 0
    if (this.#numbers.length > keptNumbers) this.#numbers = []
  }

  /** Begins a map, and returns what {@link finish} takes. */
  begin(): number {
    return this.#end
  }

  /** @param start where the JSON of the entry begins, of which nothing is written yet */
  add(key: number, length: number, start: number): void {
    const numbers = this.#numbers
    const at = this.#end
    numbers[at] = key
    numbers[at + 1] = length
    numbers[at + 2] = start
    this.#end = at + perEntry
  }

  /** Ends the map that began at `base`, and puts what is written of it into order. */
  finish(base: number, bytes: Buffer, out: CopyBuffer): void {
    const end = this.#end
    this.#end = base
    for (let at = base + perEntry; at < end; at += perEntry)
      if (this.#compare(bytes, at - perEntry, at) >= 0) {
        this.#sort(base, end, bytes, out)
        return
      }
  }

  #sort(base: number, end: number, bytes: Buffer, out: CopyBuffer): void {
    const numbers = this.#numbers
    const first = numbers[base + 2] as number
    const last = out.at
    const written = Buffer.from(out.bytes.subarray(first, last))
    const order = Uint32Array.from({ length: (end - base) / perEntry }, (_, index) => base + index * perEntry)
    order.sort((one, other) => this.#compare(bytes, one, other) || one - other)
    out.at = first
    for (let index = 0; index < order.length; index += 1) {
      const entry = order[index] as number
      const next = order[index + 1]
      if (next !== undefined && this.#compare(bytes, entry, next) === 0) continue
      if (out.at > first) out.ascii(', ')
      const entryEnd = entry + perEntry < end ? (numbers[entry + perEntry + 2] as number) - separator : last
      out.raw(written.subarray((numbers[entry + 2] as number) - first, entryEnd - first))
    }
  }

  #compare(bytes: Buffer, one: number, other: number): number {
    const numbers = this.#numbers
    const length = numbers[one + 1] as number
    const difference = length - (numbers[other + 1] as number)
    if (difference !== 0) return difference
    const oneKey = numbers[one] as number
    const otherKey = numbers[other] as number
    for (let index = 0; index < length; index += 1) {
      const byte = (bytes[oneKey + index] as number) - (bytes[otherKey + index] as number)
      if (byte !== 0) return byte
    }
    return 0
  }
}
