import {
  type AvroType,
  blockOf,
  compileReader,
  isContainer,
  maxDepth,
  mayNestTooDeep,
  type SchemaNode,
  shortestFloat,
  takesNoBytes
} from '../../schemas/index.ts'
import { BadRecordError } from '../errors.ts'
import type { AvroCursor } from './avro-cursor.ts'
import type { CopyBuffer } from './copy-buffer.ts'
import { compileWalk, FieldPlaces, noBranch } from './field-places.ts'
import { MapEntries } from './map-entries.ts'

/** Reads one Avro value and writes it as JSON. @throws BadRecordError */
export type Transcode = (cursor: AvroCursor, out: CopyBuffer) => void

/**
 * Compiles the way from Avro bytes to the bytes of JSON text for a type, without a JavaScript value in between. It
 * writes the JSON that `jsonb` prints: what Postgres gives back is then what was written.
 */
export function compileTranscode(type: AvroType): Transcode {
  const known = new Known(mayNestTooDeep(type.node))
  const write = compile(type.node, known)
  const { counted, places, maps, reordered } = known
  if (reordered.size === 0)
    return (cursor, out) => {
      maps.clear()
      write(cursor, out)
    }
  const walk = compileWalk(type.node, { counted, places, isNoted: node => reordered.has(node) })
  return (cursor, out) => {
    const { at, depth, emptyItems } = cursor
    places.clear()
    maps.clear()
    walk(cursor)
    cursor.at = at
    cursor.depth = depth
    cursor.emptyItems = emptyItems
    write(cursor, out)
  }
}

/** What was compiled by now. */
class Known extends Map<SchemaNode, Transcode> {
  /** Whether the levels of values must be counted. */
  readonly counted: boolean
  /** Records that are written in another order than they are read. */
  readonly reordered = new Set<SchemaNode>()
  readonly places = new FieldPlaces()
  readonly maps = new MapEntries()

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
      return map(compile(node.values, known), known.maps)
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

/** Writes fields in the order in which `jsonb` prints them: shorter names first, and those of a length by their letters. */
function record(node: Extract<SchemaNode, { readonly kind: 'record' }>, known: Known): Transcode {
  const fields = node.fields
    .map(({ name, type }, place) => ({ name, place: 2 * place, write: compile(type, known) }))
    .sort(byName)
    .map(({ name, place, write }, index) => ({
      label: Buffer.from(`${index === 0 ? '{' : ', '}${JSON.stringify(name)}: `),
      place,
      write
    }))
  if (fields.length === 0) return (_, out) => out.ascii('{}')
  if (fields.every(({ place }, index) => place === 2 * index))
    return (cursor, out) => {
      for (const { label, write } of fields) {
        out.raw(label)
        write(cursor, out)
      }
      out.byte(0x7d)
    }
  known.reordered.add(node)
  const { places } = known
  const end = 2 * fields.length
  return (cursor, out) => {
    const base = places.at
    for (const { label, place, write } of fields) {
      out.raw(label)
      cursor.at = places.numbers[base + place] as number
      places.at = places.numbers[base + place + 1] as number
      write(cursor, out)
    }
    cursor.at = places.numbers[base + end] as number
    places.at = places.numbers[base + end + 1] as number
    out.byte(0x7d)
  }
}

// Names of fields are ASCII (Avro 1.12, "Names").
const byName = (one: { readonly name: string }, other: { readonly name: string }): number =>
  one.name.length - other.name.length || (one.name < other.name ? -1 : 1)

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
    if (!branch) throw new BadRecordError('DECODE_FAILED', noBranch)
    branch(cursor, out)
  }
}

function array(write: Transcode, emptyItems: boolean): Transcode {
  return (cursor, out) => {
    out.byte(0x5b)
    eachItem(cursor, emptyItems, first => {
      if (!first) out.ascii(', ')
      write(cursor, out)
    })
    out.byte(0x5d)
  }
}

function map(write: Transcode, entries: MapEntries): Transcode {
  return (cursor, out) => {
    const base = entries.begin()
    out.byte(0x7b)
    eachItem(cursor, false, first => {
      if (!first) out.ascii(', ')
      const start = out.at
      const length = cursor.count()
      const key = cursor.take(length)
      entries.add(key, length, start)
      out.jsonString(cursor.bytes, key, key + length)
      out.ascii(': ')
      write(cursor, out)
    })
    entries.finish(base, cursor.bytes, out)
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
