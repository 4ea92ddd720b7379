import { blockOf, isContainer, maxDepth, type SchemaNode, takesNoBytes } from '../../schemas/index.ts'
import type { AvroCursor } from './avro-cursor.ts'
import { maxRowBytes, rowTooLarge } from './copy-buffer.ts'

/** Numbers that are kept between rows: 16 KB for a schema. A row that needs more has a list of its own. */
const keptNumbers = 4_096
// A field takes two numbers here, and in JSON at least `"a": 0` and a separator.
const mostNumbers = Math.ceil(maxRowBytes / 4)

/**
 * Where the fields of records are in Avro bytes, for records that are written in another order than they are read. A
 * walk over the value notes them once; the writer then goes from one to the next in its own order. Without such notes a
 * record within records would be passed over once for each level.
 */
export class FieldPlaces {
  /** For each field of a record its start and the place here of the records within it; then the same of the record's end. */
  numbers: Int32Array = new Int32Array(keptNumbers)
  /** How many numbers are noted. */
  length = 0
  /** Where the next record is noted, for the writer. */
  at = 0

  clear(): void {
    this.length = 0
    this.at = 0
    if (this.numbers.length > keptNumbers) this.numbers = new Int32Array(keptNumbers)
  }

  /** Makes room for a record of so many fields, and returns where it begins. */
  add(fields: number): number {
    const base = this.length
    this.length = base + 2 * fields + 2
    if (this.length > this.numbers.length) this.#grow()
    return base
  }

  #grow(): void {
    if (this.length > mostNumbers) throw rowTooLarge()
    const larger = new Int32Array(this.length * 2)
    larger.set(this.numbers)
    this.numbers = larger
  }
}

/** Passes over one value, and notes where fields are. @throws BadRecordError as reading it */
export type Walk = (cursor: AvroCursor) => void

/**
 * Compiles the walk over values of a type. What only writing can find wrong (the range of an int, the symbols of an
 * enum, UTF-8) is left to it.
 * @param counted whether values may nest too deep, so that their levels are counted
 * @param isNoted which records are noted
 */
export function compileWalk(
  node: SchemaNode,
  { counted, isNoted, places }: { counted: boolean; isNoted: (record: SchemaNode) => boolean; places: FieldPlaces }
): Walk {
  const known = new Map<SchemaNode, Walk>()

  const compile = (each: SchemaNode): Walk => {
    const found = known.get(each)
    if (found) return found
    // A recursive type meets itself before its own walk is ready.
    let ready: Walk | undefined
    known.set(each, cursor => ready?.(cursor))
    ready = compileFresh(each)
    if (counted && isContainer(each)) ready = bounded(ready)
    known.set(each, ready)
    return ready
  }

  const compileFresh = (each: SchemaNode): Walk => {
    switch (each.kind) {
      case 'record':
        return isNoted(each)
          ? noted(
              each.fields.map(({ type }) => compile(type)),
              places
            )
          : inTurn(each.fields.map(({ type }) => compile(type)))
      case 'array':
        return items(compile(each.items), takesNoBytes(each.items))
      case 'map':
        return items(inTurn([counts, compile(each.values)]), false)
      case 'union':
        return union(each.branches.map(compile))
      case 'string':
      case 'bytes':
        return counts
      case 'enum':
      case 'int':
      case 'long':
        return varint
      case 'null':
        return () => {}
      case 'fixed':
        return size(each.size)
      default:
        return size(bytesOf[each.kind])
    }
  }

  return compile(node)
}

const bytesOf = { boolean: 1, float: 4, double: 8 } as const

const counts: Walk = cursor => {
  cursor.take(cursor.count())
}

const varint: Walk = cursor => {
  if (cursor.small() === undefined) cursor.large()
}

const size =
  (bytes: number): Walk =>
  cursor => {
    cursor.take(bytes)
  }

const inTurn =
  (walks: readonly Walk[]): Walk =>
  cursor => {
    for (const walk of walks) walk(cursor)
  }

function noted(walks: readonly Walk[], places: FieldPlaces): Walk {
  return cursor => {
    let at = places.add(walks.length)
    for (const walk of walks) {
      places.numbers[at] = cursor.at
      places.numbers[at + 1] = places.length
      walk(cursor)
      at += 2
    }
    places.numbers[at] = cursor.at
    places.numbers[at + 1] = places.length
  }
}

function items(walk: Walk, emptyItems: boolean): Walk {
  return cursor => {
    for (let count = blockOf(cursor, emptyItems); count > 0; count = blockOf(cursor, emptyItems))
      for (; count > 0; count -= 1) walk(cursor)
  }
}

function union(branches: readonly Walk[]): Walk {
  return cursor => {
    const branch = branches[cursor.count()]
    if (!branch) return cursor.fail(noBranch)
    branch(cursor)
  }
}

/** What is wrong with a union whose index names no branch. */
export const noBranch = 'a union has an index that is none of its types'

function bounded(walk: Walk): Walk {
  return cursor => {
    cursor.depth += 1
    if (cursor.depth > maxDepth) cursor.nestedTooDeep()
    walk(cursor)
    cursor.depth -= 1
  }
}
