import { defaultFromJson } from '../defaults.ts'
import { isContainer, maxDepth, maxEmptyItems, mayNestTooDeep, takesNoBytes } from '../limits.ts'
import type { EnumNode, FieldNode, RecordNode, SchemaNode, UnionNode } from '../model.ts'
import { compileCompleter, emptyRecord } from '../values/index.ts'
import type { Cursor, Read } from './cursor.ts'
import { bestBranch, fits } from './resolve.ts'
import { scalarReader, text } from './scalars.ts'
import { wrapperOf } from './union.ts'

export interface CompiledReader {
  readonly read: Read
  /** What of the writer's types no value can be read of, in words: branches of unions and symbols of enums. */
  readonly unread: readonly string[]
}

/** The one schema cannot be read as the other at all. */
export class Unresolvable extends Error {}

/**
 * Makes the function that reads what was written with one schema as if it had been written with another (Avro 1.12,
 * "Schema Resolution"). As there, a branch of a union or a symbol of an enum that the reader does not know is no fault
 * before a value has it.
 * @throws Unresolvable
 */
export function compileReader(writer: SchemaNode, reader: SchemaNode = writer): CompiledReader {
  const compiler = new Compiler(mayNestTooDeep(writer))
  return { read: compiler.compile(writer, reader), unread: compiler.unread }
}

class Compiler {
  readonly unread: string[] = []
  readonly #counted: boolean
  readonly #known = new Map<SchemaNode, Map<SchemaNode, Read>>()

  /** @param counted whether values may nest deeper than their schema does */
  constructor(counted: boolean) {
    this.#counted = counted
  }

  compile(writer: SchemaNode, reader: SchemaNode): Read {
    const known = this.#known.get(writer) ?? new Map<SchemaNode, Read>()
    this.#known.set(writer, known)
    const found = known.get(reader)
    if (found) return found
    // A type that holds itself meets itself before its reader is made.
    let ready: Read | undefined
    known.set(reader, cursor => (ready as Read)(cursor))
    ready = this.#make(writer, reader)
    // A reader's union is no level: what reads its branch counts.
    if (this.#counted && isContainer(writer) && reader.kind !== 'union') ready = bounded(ready)
    known.set(reader, ready)
    return ready
  }

  #make(writer: SchemaNode, reader: SchemaNode): Read {
    if (writer.kind === 'union') return this.#union(writer, reader)
    if (reader.kind === 'union') {
      const index = bestBranch(reader, writer)
      const branch = reader.branches[index] ?? unresolvable(writer, reader)
      const read = this.compile(writer, branch)
      const wrap = wrapperOf(reader, index)
      return wrap ? cursor => wrap(read(cursor)) : read
    }
    if (!fits(reader, writer)) return unresolvable(writer, reader)
    if (writer.kind === 'record' && reader.kind === 'record') return this.#record(writer, reader)
    if (writer.kind === 'enum' && reader.kind === 'enum') return this.#enum(writer, reader)
    if (writer.kind === 'array' && reader.kind === 'array') return this.#array(writer.items, reader.items)
    if (writer.kind === 'map' && reader.kind === 'map') return this.#map(this.compile(writer.values, reader.values))
    return scalarReader(writer, reader) ?? unresolvable(writer, reader)
  }

  #union(writer: UnionNode, reader: SchemaNode): Read {
    const branches = writer.branches.map(branch => this.#deferred(branch, reader))
    return cursor => {
      const branch = branches[cursor.count()]
      return branch ? branch(cursor) : cursor.fail('a union has an index that is none of its types')
    }
  }

  #deferred(branch: SchemaNode, reader: SchemaNode): Read {
    try {
      return this.compile(branch, reader)
    } catch (error) {
      if (!(error instanceof Unresolvable)) throw error
      // What was begun with the pair must not be met as if it were whole.
      this.#known.get(branch)?.delete(reader)
      this.unread.push(error.message)
      return cursor => cursor.fail(error.message)
    }
  }

  #record(writer: RecordNode, reader: RecordNode): Read {
    const takers = takersOf(writer, reader)
    const taken = new Set([...takers.values()].flat())
    const missing = reader.fields
      .filter(field => !taken.has(field))
      .map(field => ({ name: field.name, make: defaultOf(field, reader) }))
    // In the order in which they are in the bytes. What is not taken is read, and so checked, anyway.
    const steps = writer.fields.flatMap(({ type }, index) => {
      const fields = takers.get(index) ?? [undefined]
      return fields.map((field, nth) => ({
        name: field?.name,
        read: this.compile(type, field?.type ?? type),
        again: nth > 0
      }))
    })
    const empty = emptyRecord(reader.fields)
    return cursor => {
      const record = { ...empty }
      let start = cursor.at
      for (const { name, read, again } of steps) {
        if (again) cursor.at = start
        else start = cursor.at
        const value = read(cursor)
        if (name !== undefined) record[name] = value
      }
      for (const { name, make } of missing) record[name] = make()
      return record
    }
  }

  #enum(writer: EnumNode, reader: EnumNode): Read {
    const known = new Set(reader.symbols)
    const symbols = writer.symbols.map(symbol => (known.has(symbol) ? symbol : reader.fallback))
    const reason = `the reader's enum ${reader.name} lacks a symbol and has no default`
    if (symbols.includes(undefined)) this.unread.push(reason)
    return cursor => {
      const index = cursor.count()
      const symbol = symbols[index]
      if (symbol !== undefined) return symbol
      return cursor.fail(index in symbols ? reason : 'an enum has an index that is none of its symbols')
    }
  }

  #array(writer: SchemaNode, reader: SchemaNode): Read {
    const read = this.compile(writer, reader)
    const emptyItems = takesNoBytes(writer)
    return cursor => {
      const items: unknown[] = []
      for (let count = blockOf(cursor, emptyItems); count > 0; count = blockOf(cursor, emptyItems))
        for (; count > 0; count -= 1) items.push(read(cursor))
      return items
    }
  }

  #map(read: Read): Read {
    return cursor => {
      const values: Record<string, unknown> = {}
      for (let count = blockOf(cursor, false); count > 0; count = blockOf(cursor, false))
        for (; count > 0; count -= 1) {
          const key = text(cursor)
          const value = read(cursor)
          if (key === '__proto__') Object.defineProperty(values, key, { value, ...ownProperty })
          else values[key] = value
        }
      return values
    }
  }
}

/** How many items follow. A false count must not keep the reader busy past the end of the data. */
export function blockOf(cursor: Cursor, emptyItems: boolean): number {
  let count = cursor.count()
  if (count < 0) {
    count = -count
    cursor.count()
  }
  if (emptyItems) cursor.emptyItems += count
  if (emptyItems ? cursor.emptyItems > maxEmptyItems : count > cursor.end - cursor.at)
    cursor.fail('an array or a map claims more items than there are bytes')
  return count
}

function bounded(read: Read): Read {
  return cursor => {
    cursor.depth += 1
    if (cursor.depth > maxDepth) cursor.nestedTooDeep()
    const value = read(cursor)
    cursor.depth -= 1
    return value
  }
}

/** The reader's fields that take each field of what was written: by name, or else by alias. One may have several. */
function takersOf(writer: RecordNode, reader: RecordNode): Map<number, FieldNode[]> {
  const indices = new Map(writer.fields.map(({ name }, index) => [name, index]))
  const takers = new Map<number, FieldNode[]>()
  for (const field of reader.fields) {
    const name = [field.name, ...field.aliases].find(each => indices.has(each))
    const index = name === undefined ? undefined : indices.get(name)
    if (index !== undefined) takers.set(index, [...(takers.get(index) ?? []), field])
  }
  return takers
}

function defaultOf(field: FieldNode, reader: RecordNode): () => unknown {
  const { type, fallback } = field
  if (!fallback)
    throw new Unresolvable(`what was written has no \`${field.name}\`, for which ${reader.name} has no default`)
  const complete = compileCompleter(type)
  // Made again for each value: a default array or record must not be shared.
  return () => complete(defaultFromJson(type, fallback.json))
}

const ownProperty = { enumerable: true, writable: true, configurable: true }

function unresolvable(writer: SchemaNode, reader: SchemaNode): never {
  throw new Unresolvable(`${writer.kind} cannot be read as ${reader.kind}`)
}
