import type { AvroRecord } from '../avro/index.ts'
import {
  branchName,
  type EnumNode,
  type FieldNode,
  parseSchema,
  type RecordNode,
  type SchemaNode,
  sameMeaning,
  typeInWords,
  type UnionNode
} from '../avro/index.ts'
import { namespaceOf } from '../envelope.ts'

/** Two versions of an event of which one cannot read the other. */
export interface EvolutionProblem {
  readonly older: number
  readonly newer: number
  /** Path of the field in the payload; empty for the record itself. */
  readonly field: string
  /** The fault in words, with both versions. */
  readonly message: string
}

/** One reason why a reader cannot read a writer. */
interface Fault {
  readonly field: string
  /** What the newer version does: "removes `title`, which has no default". */
  readonly change: string
}

/**
 * Checks that every version can read the events of every other (FULL_TRANSITIVE), by the rules of Avro's schema
 * resolution. Stricter than a registry in one point: what changes the meaning or the JSON of stored values
 * (milliseconds to microseconds, bytes to string, a decimal's scale) is refused too.
 * @param versions the payload's record of version 1, 2, 3 …
 * @returns what is wrong, each change once, for the first pair that shows it; empty when all is well.
 * @throws SchemaError `SCHEMA_INVALID` when one of them is no schema.
 */
export function checkEvolution(versions: readonly AvroRecord[], eventName?: string): EvolutionProblem[] {
  const nodes = versions.map(record => parseSchema(record, eventName && namespaceOf(eventName)))
  const problems = new Map<string, EvolutionProblem>()
  for (let newer = 1; newer < nodes.length; newer += 1) {
    for (let older = newer - 1; older >= 0; older -= 1) {
      for (const problem of comparePair(nodes[older] as SchemaNode, nodes[newer] as SchemaNode, older + 1, newer + 1)) {
        const seen = `${problem.field} ${problem.message.replaceAll(/version \d+/g, '')}`
        if (!problems.has(seen)) problems.set(seen, problem)
      }
    }
  }
  return [...problems.values()]
}

function comparePair(older: SchemaNode, newer: SchemaNode, olderVersion: number, newerVersion: number) {
  const backward = new Comparison(true).faults(newer, older)
  const forward = new Comparison(false).faults(older, newer)
  const consequences = new Map<string, { fault: Fault; text: string }>()
  for (const fault of forward) {
    consequences.set(keyOf(fault), { fault, text: `readers of version ${olderVersion} cannot read it` })
  }
  for (const fault of backward) {
    const both = consequences.has(keyOf(fault))
    const text = both
      ? `neither it nor version ${olderVersion} can read the other's events`
      : `it cannot read events of version ${olderVersion}`
    consequences.set(keyOf(fault), { fault, text })
  }
  return [...consequences.values()].map(
    ({ fault, text }): EvolutionProblem => ({
      older: olderVersion,
      newer: newerVersion,
      field: fault.field,
      message: `version ${newerVersion} ${fault.change}: ${text}`
    })
  )
}

const keyOf = (fault: Fault): string => `${fault.field} ${fault.change}`

// What Avro lets a reader widen. It lets bytes and string replace each other too; their JSON differs, so we do not.
const promotions: Readonly<Record<string, readonly string[]>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double']
}

/** Compares in one direction. */
class Comparison {
  readonly #readerIsNewer: boolean
  // Pairs of records that are being compared: a record that holds itself is asked only once.
  readonly #open = new Set<string>()

  constructor(readerIsNewer: boolean) {
    this.#readerIsNewer = readerIsNewer
  }

  faults(reader: SchemaNode, writer: SchemaNode, field = ''): Fault[] {
    if (writer.kind === 'union') return this.#unionFaults(reader, writer, field)
    if (reader.kind === 'union') return this.#branchFaults(reader, writer, field)
    if (reader.kind === 'record' && writer.kind === 'record') return this.#recordFaults(reader, writer, field)
    if (reader.kind === 'array' && writer.kind === 'array') return this.faults(reader.items, writer.items, `${field}[]`)
    if (reader.kind === 'map' && writer.kind === 'map') return this.faults(reader.values, writer.values, `${field}[]`)
    if (reader.kind === 'enum' && writer.kind === 'enum') return this.#enumFaults(reader, writer, field)
    const same =
      reader.kind === 'fixed' && writer.kind === 'fixed'
        ? reader.name === writer.name && reader.size === writer.size
        : reader.kind === writer.kind || promotions[writer.kind]?.includes(reader.kind)
    return same && sameMeaning(reader, writer) ? [] : this.#changed(reader, writer, field)
  }

  #changed(reader: SchemaNode, writer: SchemaNode, field: string): Fault[] {
    const [older, newer] = this.#readerIsNewer ? [writer, reader] : [reader, writer]
    const what = field ? `\`${field}\`` : 'the payload'
    return [{ field, change: `changes ${what} from ${typeInWords(older)} to ${typeInWords(newer)}` }]
  }

  #recordFaults(reader: RecordNode, writer: RecordNode, field: string): Fault[] {
    if (reader.name !== writer.name) return this.#changed(reader, writer, field)
    if (this.#open.has(reader.name)) return []
    this.#open.add(reader.name)
    const faults = reader.fields.flatMap(each => this.#fieldFaults(each, writer, field ? `${field}.` : ''))
    this.#open.delete(reader.name)
    return faults
  }

  #fieldFaults(field: FieldNode, writer: RecordNode, prefix: string): Fault[] {
    const path = prefix + field.name
    // By its name first, as the reader does: an alias may be the name of a field that is still there.
    const written = [field.name, ...field.aliases]
      .map(name => writer.fields.find(each => each.name === name))
      .find(found => found !== undefined)
    if (written) return this.faults(field.type, written.type, path)
    if (field.fallback) return []
    const change = this.#readerIsNewer
      ? `adds \`${path}\` without a default`
      : `removes \`${path}\`, which has no default`
    return [{ field: path, change }]
  }

  #enumFaults(reader: EnumNode, writer: EnumNode, field: string): Fault[] {
    if (reader.name !== writer.name) return this.#changed(reader, writer, field)
    const unknown = writer.symbols.filter(symbol => !reader.symbols.includes(symbol))
    if (unknown.length === 0 || reader.fallback !== undefined) return []
    const change = this.#readerIsNewer
      ? `removes ${unknown.join(', ')} from the enum \`${field}\`, and gives it no default`
      : `adds ${unknown.join(', ')} to the enum \`${field}\`, which had no default`
    return [{ field, change }]
  }

  #unionFaults(reader: SchemaNode, writer: UnionNode, field: string): Fault[] {
    if (reader.kind === 'union') return writer.branches.flatMap(branch => this.#branchFaults(reader, branch, field))
    const unread = writer.branches.some(branch => this.faults(reader, branch, field).length > 0)
    return unread ? this.#changed(reader, writer, field) : []
  }

  #branchFaults(reader: UnionNode, writer: SchemaNode, field: string): Fault[] {
    if (reader.branches.some(branch => this.faults(branch, writer, field).length === 0)) return []
    const namesake = reader.branches.find(branch => branchName(branch) === branchName(writer))
    if (namesake) return this.faults(namesake, writer, field)
    const change = this.#readerIsNewer
      ? `takes ${typeInWords(writer)} out of the types of \`${field}\``
      : `adds ${typeInWords(writer)} to the types of \`${field}\``
    return [{ field, change }]
  }
}
