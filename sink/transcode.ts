import avsc, { type Type } from 'avsc'
import { shortestFloat } from '../schemas/index.ts'
import type { CopyBuffer } from './copy-buffer.ts'
import { RefusedRecord } from './errors.ts'
import { compileJson, requireFinite } from './json.ts'

const { types } = avsc

/** A position in Avro bytes. */
export class AvroCursor {
  bytes: Buffer = Buffer.alloc(0)
  at = 0
  end = 0

  /** What is read lies from `start` to `end`. */
  set(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes
    this.at = start
    this.end = end
  }

  /** Moves over `length` bytes; returns where they begin. */
  take(length: number): number {
    const start = this.at
    if (!(length >= 0 && start + length <= this.end)) throw cutShort()
    this.at = start + length
    return start
  }

  /** A zigzag varint of up to 53 bits as a number; undefined (and not moved) when it is longer. */
  small(): number | undefined {
    const { bytes, end } = this
    let { at } = this
    const first = bytes[at] as number
    if (first < 0x80 && at < end) {
      this.at = at + 1
      return (first >>> 1) ^ -(first & 1)
    }
    let sum = 0
    let scale = 1
    for (let count = 0; count < 8; count += 1, scale *= 128) {
      if (at >= end) throw cutShort()
      const byte = bytes[at++] as number
      sum += (byte & 0x7f) * scale
      if (byte >= 0x80) continue
      if (sum > Number.MAX_SAFE_INTEGER) return undefined
      this.at = at
      return sum % 2 === 0 ? sum / 2 : -(sum + 1) / 2
    }
    return undefined
  }

  /** A zigzag varint of up to 64 bits (Avro 1.12, "Primitive Types"). */
  large(): bigint {
    let sum = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.take(1)] as number
      sum |= BigInt(byte & 0x7f) << shift
      if (byte >= 0x80) continue
      if (sum >= 1n << 64n) break
      return sum & 1n ? -((sum + 1n) >> 1n) : sum >> 1n
    }
    throw new RefusedRecord('DECODE_FAILED', 'a long has more than 64 bits')
  }

  /** A length, a count or an index: never more than fits a number. */
  count(): number {
    const value = this.small()
    if (value === undefined) throw cutShort()
    return value
  }
}

export const cutShort = (): RefusedRecord => new RefusedRecord('DECODE_FAILED', 'the value is cut short')

/** Reads one Avro value and writes it as JSON. @throws RefusedRecord */
export type Transcode = (cursor: AvroCursor, out: CopyBuffer) => void

/**
 * Compiles the way from Avro bytes to the bytes of JSON text for a type, without a JavaScript value in between. It
 * writes the same bytes as decoding and `compileJson` one after the other.
 */
export function compileTranscode(type: Type): Transcode {
  return compile(type, new Map())
}

function compile(type: Type, known: Map<Type, Transcode>): Transcode {
  const found = known.get(type)
  if (found) return found
  // A recursive type meets itself before its own code is ready.
  let ready: Transcode | undefined
  known.set(type, (cursor, out) => ready?.(cursor, out))
  ready = compileFresh(type, known)
  known.set(type, ready)
  return ready
}

function compileFresh(type: Type, known: Map<Type, Transcode>): Transcode {
  if (type instanceof types.RecordType) return record(type, known)
  if (type instanceof types.ArrayType) return array(compile(type.itemsType, known))
  if (type instanceof types.MapType) return map(compile(type.valuesType, known))
  if (type instanceof types.UnwrappedUnionType || type instanceof types.WrappedUnionType) {
    return union(type.types.map(branch => compile(branch, known)))
  }
  if (type instanceof types.EnumType) return enumeration(type.symbols)
  if (type instanceof types.StringType) return string
  if (type instanceof types.IntType) return int
  if (type.typeName === 'abstract:long') return long
  if (type instanceof types.FloatType) return float
  if (type instanceof types.DoubleType) return double
  if (type instanceof types.BooleanType) return boolean
  if (type instanceof types.NullType) return (_, out) => out.raw(nullText)
  if (type instanceof types.BytesType) return (cursor, out) => base64(cursor, out, cursor.count())
  if (type instanceof types.FixedType) return (cursor, out) => base64(cursor, out, type.size)
  return byValue(type)
}

const string: Transcode = (cursor, out) => {
  const length = cursor.count()
  const start = cursor.take(length)
  out.jsonString(cursor.bytes, start, start + length)
}

const int: Transcode = (cursor, out) => {
  const value = cursor.count()
  if (value !== (value | 0)) throw new RefusedRecord('DECODE_FAILED', 'an int has more than 32 bits')
  out.integer(value)
}

const long: Transcode = (cursor, out) => {
  const value = cursor.small()
  if (value === undefined) out.ascii(String(cursor.large()))
  else out.integer(value)
}

const float: Transcode = (cursor, out) => {
  const value = cursor.bytes.readFloatLE(cursor.take(4))
  out.number(requireFinite(shortestFloat(value)))
}

const double: Transcode = (cursor, out) => out.number(requireFinite(cursor.bytes.readDoubleLE(cursor.take(8))))

const nullText = Buffer.from('null')
const trueText = Buffer.from('true')
const falseText = Buffer.from('false')
const boolean: Transcode = (cursor, out) => out.raw(cursor.bytes[cursor.take(1)] ? trueText : falseText)

function base64(cursor: AvroCursor, out: CopyBuffer, length: number): void {
  const start = cursor.take(length)
  out.ascii(`"${cursor.bytes.toString('base64', start, start + length)}"`)
}

function record(type: InstanceType<typeof types.RecordType>, known: Map<Type, Transcode>): Transcode {
  const fields = type.fields.map((field, index) => ({
    label: Buffer.from(`${index === 0 ? '{' : ','}"${field.name}":`, 'latin1'),
    write: compile(field.type, known)
  }))
  if (fields.length === 0) return (_, out) => out.ascii('{}')
  return (cursor, out) => {
    for (const { label, write } of fields) {
      out.raw(label)
      write(cursor, out)
    }
    out.byte(0x7d)
  }
}

function enumeration(symbols: readonly string[]): Transcode {
  const texts = symbols.map(symbol => Buffer.from(`"${symbol}"`))
  return (cursor, out) => {
    const text = texts[cursor.count()]
    if (text === undefined) throw new RefusedRecord('DECODE_FAILED', 'an enum has an index that is none of its symbols')
    out.raw(text)
  }
}

function union(branches: readonly Transcode[]): Transcode {
  return (cursor, out) => {
    const branch = branches[cursor.count()]
    if (!branch) throw new RefusedRecord('DECODE_FAILED', 'a union has an index that is none of its types')
    branch(cursor, out)
  }
}

function array(write: Transcode): Transcode {
  return (cursor, out) => {
    out.byte(0x5b)
    eachItem(cursor, first => {
      if (!first) out.byte(0x2c)
      write(cursor, out)
    })
    out.byte(0x5d)
  }
}

function map(write: Transcode): Transcode {
  return (cursor, out) => {
    out.byte(0x7b)
    eachItem(cursor, first => {
      if (!first) out.byte(0x2c)
      string(cursor, out)
      out.byte(0x3a)
      write(cursor, out)
    })
    out.byte(0x7d)
  }
}

// A false count must not keep the writer busy past the end of the data; items of no bytes at all (null) exist.
const emptyItemsAllowed = 65_536

function eachItem(cursor: AvroCursor, item: (first: boolean) => void): void {
  let left = Math.max(cursor.end - cursor.at, emptyItemsAllowed)
  let first = true
  for (let count = cursor.count(); count !== 0; count = cursor.count()) {
    if (count < 0) {
      count = -count
      cursor.count()
    }
    left -= count
    if (left < 0) throw cutShort()
    for (; count > 0; count -= 1) {
      item(first)
      first = false
    }
  }
}

// What has no code of its own (a decimal) goes the long way round: decode, JSON.
function byValue(type: Type): Transcode {
  const write = compileJson(type)
  return (cursor, out) => {
    const decoded = type.decode(cursor.bytes.subarray(cursor.at, cursor.end), 0)
    if (decoded.offset < 0) throw cutShort()
    cursor.at += decoded.offset
    out.raw(Buffer.from(write(decoded.value)))
  }
}
