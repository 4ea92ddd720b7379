import { headerLimits } from '../headers.ts'
import { nothing } from './walk.ts'

/**
 * Walks the headers of one record without making anything of them. Nothing has checked these bytes before: what is no
 * headers ends the walk, and {@link isWhole} says so.
 */
export class HeaderCursor {
  /** Of the header that the last `next()` came to. */
  nameStart = 0
  nameEnd = 0
  /** -1 for a header without a value. */
  valueStart = -1
  valueEnd = -1
  /** Whether the bytes are headers to their end: known once `next()` has returned false. */
  isWhole = true
  #bytes = nothing
  #at = 0
  #end = 0
  #left = 0

  /** Starts with the headers from `start`, where their number is, to `end`. More than `headerLimits` count as none. */
  set(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
    this.isWhole = true
    this.#left = this.#varint()
    if (this.#left < 0 || this.#left > headerLimits.count || end - start > headerLimits.bytes) this.#stop()
  }

  /** False when there is no further header. */
  next(): boolean {
    if (this.#left === 0) {
      if (this.#at !== this.#end) this.isWhole = false
      return false
    }
    this.#left -= 1
    const name = this.#varint()
    this.nameStart = this.#at
    this.nameEnd = this.#at += name
    if (name < 0 || this.#at > this.#end) return this.#stop()
    const value = this.#varint()
    this.valueStart = value < 0 ? -1 : this.#at
    if (value > 0) this.#at += value
    this.valueEnd = value < 0 ? -1 : this.#at
    return value < -1 || this.#at > this.#end ? this.#stop() : true
  }

  #stop(): false {
    this.isWhole = false
    this.#left = 0
    this.#at = this.#end
    return false
  }

  /** A zigzag varint of up to 32 bits; one that has no end is less than any length. */
  #varint(): number {
    let sum = 0
    for (let shift = 0; shift <= 28 && this.#at < this.#end; shift += 7) {
      const byte = this.#bytes[this.#at++] as number
      sum |= (byte & 0x7f) << shift
      if (byte < 0x80) return (sum >>> 1) ^ -(sum & 1)
    }
    return unending
  }
}

const unending = -(2 ** 31)
