import {
  type AvroType,
  blockOf,
  Cursor,
  compileReader,
  isContainer,
  maxDepth,
  mayNestTooDeep,
  type SchemaNode,
  shortestFloat,
  takesNoBytes
} from '../../schemas/index.ts'
import { BadRecordError } from '../errors.ts'
import type { CopyBuffer } from './copy-buffer.ts'

/** A position in Avro bytes of which rows are made: what is wrong with them refuses the record. */
export class AvroCursor extends Cursor {
  /** @throws BadRecordError `DECODE_FAILED` */
  override fail(what: string): never {
    throw new BadRecordError('DECODE_FAILED', what)
  }

  override cutShort(): never {
    return this.fail('the value is cut short')
  }

  /** @throws BadRecordError `NESTED_TOO_DEEP` */
  override nestedTooDeep(): never {
    throw new BadRecordError('NESTED_TOO_DEEP', `the payload nests deeper than ${maxDepth} levels`)
  }
}

/** Reads one Avro value and writes it as JSON. @throws BadRecordError */
export type Transcode = (cursor: AvroCursor, out: CopyBuffer) => void

/**
 * Compiles the way from Avro bytes to the bytes of JSON text for a type, without a JavaScript value in between. It
 * writes the same bytes as decoding the value and writing its JSON.
 */
export function compileTranscode(type: AvroType): Transcode {
  return compile(type.node, new Known(mayNestTooDeep(type.node)))
}

/** What was compiled by now. */
class Known extends Map<SchemaNode, Transcode> {
  /** Whether the levels of values must be counted. */
  readonly counted: boolean

  constructor(counted: boolean) {
    super()
    this.counted = counted
  }
}

function compile(node: SchemaNode, known: Known): Transcode {
  const found = known.get(node)
  if (found) return found
  // A recursive type meets itself before its own code is ready.
  let ready: Transcode | undefined
  known.set(node, (cursor, out) => ready?.(cursor, out))
  ready = compileFresh(node, known)
  if (known.counted && isContainer(node)) ready = bounded(ready)
  known.set(node, ready)
  return ready
}

function bounded(write: Transcode): Transcode {
  return (cursor, out) => {
    cursor.depth += 1
    if (cursor.depth > maxDepth) cursor.nestedTooDeep()
    write(cursor, out)
    cursor.depth -= 1
  }
}

function compileFresh(node: SchemaNode, known: Known): Transcode {
  if ('logical' in node && node.logical?.name === 'decimal') return decimal(node)
  switch (node.kind) {
    case 'record':
      return record(node, known)
    case 'array':
      return array(compile(node.items, known), takesNoBytes(node.items))
    case 'map':
      return map(compile(node.values, known))
    case 'union':
      return union(node.branches.map(branch => compile(branch, known)))
    case 'enum':
      return enumeration(node.symbols)
    case 'string':
      return string
    case 'int':
      return int
    case 'long':
      return long
    case 'float':
      return float
    case 'double':
      return double
    case 'boolean':
      return boolean
    case 'null':
      return (_, out) => out.raw(nullText)
    case 'bytes':
      return (cursor, out) => base64(cursor, out, cursor.count())
    case 'fixed':
      return (cursor, out) => base64(cursor, out, node.size)
  }
}

const string: Transcode = (cursor, out) => {
  const length = cursor.count()
  const start = cursor.take(length)
  out.jsonString(cursor.bytes, start, start + length)
}

const int: Transcode = (cursor, out) => {
  const value = cursor.count()
  if (value !== (value | 0)) throw new BadRecordError('DECODE_FAILED', 'an int has more than 32 bits')
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
const boolean: Transcode = (cursor, out) => out.raw(cursor.boolean() ? trueText : falseText)

function base64(cursor: AvroCursor, out: CopyBuffer, length: number): void {
  const start = cursor.take(length)
  out.ascii(`"${cursor.bytes.toString('base64', start, start + length)}"`)
}

function record(node: Extract<SchemaNode, { readonly kind: 'record' }>, known: Known): Transcode {
  const fields = node.fields.map((field, index) => ({
    label: Buffer.from(`${index === 0 ? '{' : ','}${JSON.stringify(field.name)}:`),
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
  const texts = symbols.map(symbol => Buffer.from(JSON.stringify(symbol)))
  return (cursor, out) => {
    const text = texts[cursor.count()]
    if (text === undefined)
      throw new BadRecordError('DECODE_FAILED', 'an enum has an index that is none of its symbols')
    out.raw(text)
  }
}

function union(branches: readonly Transcode[]): Transcode {
  return (cursor, out) => {
    const branch = branches[cursor.count()]
    if (!branch) throw new BadRecordError('DECODE_FAILED', 'a union has an index that is none of its types')
    branch(cursor, out)
  }
}

function array(write: Transcode, emptyItems: boolean): Transcode {
  return (cursor, out) => {
    out.byte(0x5b)
    eachItem(cursor, emptyItems, first => {
      if (!first) out.byte(0x2c)
      write(cursor, out)
    })
    out.byte(0x5d)
  }
}

function map(write: Transcode): Transcode {
  return (cursor, out) => {
    out.byte(0x7b)
    eachItem(cursor, false, first => {
      if (!first) out.byte(0x2c)
      string(cursor, out)
      out.byte(0x3a)
      write(cursor, out)
    })
    out.byte(0x7d)
  }
}

function eachItem(cursor: AvroCursor, emptyItems: boolean, item: (first: boolean) => void): void {
  let first = true
  for (let count = blockOf(cursor, emptyItems); count > 0; count = blockOf(cursor, emptyItems)) {
    for (; count > 0; count -= 1) {
      item(first)
      first = false
    }
  }
}

// The exact digits of a decimal are a JSON number.
function decimal(node: SchemaNode): Transcode {
  const { read } = compileReader(node)
  return (cursor, out) => out.ascii(String(read(cursor)))
}

/** @throws BadRecordError `NUMBER_NOT_FINITE` for NaN and ±Infinity */
export function requireFinite(value: number): number {
  if (Number.isFinite(value)) return value
  throw new BadRecordError('NUMBER_NOT_FINITE', 'a float or double is NaN or infinite, which JSON cannot hold')
}
