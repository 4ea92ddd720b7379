import { isUtf8 } from 'node:buffer'
import { decimalText, maxDecimalBytes, unscaledOfBytes } from '../decimal.ts'
import { shortestFloat } from '../float.ts'
import type { SchemaNode } from '../model.ts'
import type { Cursor, Read } from './cursor.ts'

/** Reads what has no other types in it, promoted to what the reader has; undefined where Avro has no such promotion. */
export function scalarReader(writer: SchemaNode, reader: SchemaNode): Read | undefined {
  const read = plainReader(writer)
  if (reader.kind === writer.kind) return read
  switch (reader.kind) {
    case 'long':
      return cursor => BigInt(read(cursor) as number)
    case 'float':
      return cursor => shortestFloat(Number(read(cursor)))
    case 'double':
      return cursor => Number(read(cursor))
    case 'string':
      return text
    case 'bytes':
      return bytes
    default:
      return undefined
  }
}

function plainReader(node: SchemaNode): Read {
  switch (node.kind) {
    case 'null':
      return () => null
    case 'boolean':
      return cursor => cursor.boolean()
    case 'int':
      return int
    case 'long':
      return long
    case 'float':
      return cursor => shortestFloat(cursor.bytes.readFloatLE(cursor.take(4)))
    case 'double':
      return cursor => cursor.bytes.readDoubleLE(cursor.take(8))
    case 'string':
      return text
    case 'bytes':
      return node.logical?.name === 'decimal' ? decimal(bytes, node.logical.scale) : bytes
    case 'fixed': {
      const { size } = node
      const fixed = (cursor: Cursor) => copyOf(cursor, size)
      return node.logical?.name === 'decimal' ? decimal(fixed, node.logical.scale) : fixed
    }
    default:
      throw new TypeError(`${node.kind} is no type without others in it`)
  }
}

function int(cursor: Cursor): number {
  const value = cursor.count()
  return value === (value | 0) ? value : cursor.fail('an int has more than 32 bits')
}

function long(cursor: Cursor): bigint {
  const value = cursor.small()
  return value === undefined ? cursor.large() : BigInt(value)
}

// What is not UTF-8 would be replaced by U+FFFD; an audit trail must not change what it is given.
export function text(cursor: Cursor): string {
  const length = cursor.count()
  const start = cursor.take(length)
  const value = cursor.bytes.toString('utf8', start, start + length)
  if (value.includes('\ufffd') && !isUtf8(cursor.bytes.subarray(start, start + length)))
    cursor.fail('a string is not valid UTF-8')
  return value
}

const bytes = (cursor: Cursor): Buffer => copyOf(cursor, cursor.count())

// A copy, or a handler that keeps four bytes would keep the whole batch.
function copyOf(cursor: Cursor, length: number): Buffer {
  const start = cursor.take(length)
  return Buffer.from(cursor.bytes.subarray(start, start + length))
}

function decimal(read: (cursor: Cursor) => Buffer, scale = 0): Read {
  return cursor => {
    const unscaled = read(cursor)
    if (unscaled.length > maxDecimalBytes) cursor.fail('a decimal has more digits than can be kept')
    return decimalText(unscaledOfBytes(unscaled), scale)
  }
}
