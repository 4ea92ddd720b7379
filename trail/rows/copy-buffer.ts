import { isUtf8 } from 'node:buffer'
import { plainNumber } from '../../core/index.ts'
import { BadRecordError } from '../errors.ts'

/**
 * What a byte of a JSON string becomes where it must be escaped (RFC 8259, section 7). Bytes that stay as they are
 * have no entry.
 */
const escapes: readonly (Buffer | undefined)[] = Array.from({ length: 256 }, (_, byte) => {
  const letter = String.fromCharCode(byte)
  if (byte >= 0x20 && letter !== '"' && letter !== '\\') return undefined
  return Buffer.from(JSON.stringify(letter).slice(1, -1), 'latin1')
})
const needsEscape = Uint8Array.from(escapes, escaped => (escaped ? 1 : 0))

/** Bytes of the JSON of a row at most: far below what a jsonb can hold, and what one record may take of the memory. */
export const maxRowBytes: number = 32 * 1024 * 1024

export const rowTooLarge = (): BadRecordError =>
  new BadRecordError('RECORD_TOO_LARGE', `its payload is more than ${maxRowBytes} bytes of JSON`)

const quote = 0x22
const minus = 0x2d
const point = 0x2e
const zero = 0x30

// A decimal of up to 15 digits is the only one of that length for its double, so it is the shortest.
const mostDigits = 1e15
// From here on JavaScript writes 1e-7 and the like.
const mostPlaces = 6

/** Bytes for COPY, written one after the other into a buffer that grows and is used again. */
export class CopyBuffer {
  bytes: Buffer
  /** How many bytes are written. */
  at = 0
  /** Where the row begins that is being written. */
  rowAt = 0
  /** How many U+0000 were written into strings: JSON has them, a jsonb does not (PostgreSQL, "JSON Types"). */
  nulCharacters = 0

  constructor(size = 64 * 1024) {
    this.bytes = Buffer.allocUnsafe(size)
  }

  /** Makes sure that `more` bytes fit. */
  reserve(more: number): void {
    if (this.at + more > this.bytes.length) this.#grow(more)
  }

  #grow(more: number): void {
    // Here it costs nothing to look, and a row without a bound is stopped before memory is.
    if (this.at + more - this.rowAt > maxRowBytes) throw rowTooLarge()
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.at + more))
    this.bytes.copy(larger, 0, 0, this.at)
    this.bytes = larger
  }

  byte(byte: number): void {
    this.reserve(1)
    this.bytes[this.at++] = byte
  }

  /** Text of ASCII letters, as they are. */
  ascii(text: string): void {
    const { length } = text
    this.reserve(length)
    const { bytes, at } = this
    for (let index = 0; index < length; index += 1) bytes[at + index] = text.charCodeAt(index)
    this.at = at + length
  }

  /** Bytes as they are. */
  raw(source: Uint8Array): void {
    const { length } = source
    this.reserve(length)
    this.bytes.set(source, this.at)
    this.at += length
  }

  /** UTF-8 as a JSON string. @throws BadRecordError `DECODE_FAILED` when it is not UTF-8. */
  jsonString(source: Buffer, start: number, end: number): void {
    this.reserve(end - start + 2)
    let { bytes, at } = this
    bytes[at++] = quote
    let seen = 0
    for (let index = start; index < end; index += 1) {
      const byte = source[index] as number
      seen |= byte
      if (needsEscape[byte] === 0) {
        bytes[at++] = byte
        continue
      }
      if (byte === 0) this.nulCharacters += 1
      this.at = at
      this.raw(escapes[byte] as Buffer)
      this.reserve(end - index)
      ;({ bytes, at } = this)
    }
    bytes[at++] = quote
    this.at = at
    if (seen >= 0x80 && !isUtf8(source.subarray(start, end))) {
      throw new BadRecordError('DECODE_FAILED', 'a string is not valid UTF-8')
    }
  }

  /** A whole number of up to 53 bits, in decimal. */
  integer(value: number): void {
    this.reserve(17)
    let rest = value
    if (rest < 0) {
      this.bytes[this.at++] = minus
      rest = -rest
    }
    this.#digits(rest, digitsOf(rest))
  }

  /** A finite number with the digits of `String`, without an exponent, and -0 as 0: as `jsonb` prints it. */
  number(value: number): void {
    if (Number.isSafeInteger(value)) {
      this.integer(value)
      return
    }
    const size = Math.abs(value)
    let scale = 10
    for (let places = 1; places <= mostPlaces; places += 1, scale *= 10) {
      const digits = Math.round(size * scale)
      if (digits >= mostDigits) break
      if (digits / scale !== size) continue
      this.#decimal(value < 0, digits, scale, places)
      return
    }
    this.ascii(plainNumber(String(value)))
  }

  #decimal(negative: boolean, digits: number, scale: number, places: number): void {
    this.reserve(24)
    if (negative) this.bytes[this.at++] = minus
    const whole = Math.floor(digits / scale)
    this.#digits(whole, digitsOf(whole))
    this.bytes[this.at++] = point
    this.#digits(digits - whole * scale, places)
  }

  /** The last `count` decimal digits; the room for them is reserved. */
  #digits(value: number, count: number): void {
    const { bytes, at } = this
    let rest = value
    for (let index = at + count - 1; index >= at; index -= 1) {
      const left = Math.floor(rest / 10)
      bytes[index] = zero + (rest - left * 10)
      rest = left
    }
    this.at = at + count
  }
}

function digitsOf(value: number): number {
  let count = 1
  for (let bound = 10; value >= bound; bound *= 10) count += 1
  return count
}
