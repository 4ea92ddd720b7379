import { branchName, type SchemaNode, type UnionNode } from '../model.ts'
import { localName } from '../words.ts'

type NamedNode = Extract<SchemaNode, { readonly name: string }>

// What Avro lets a reader take for what was written (Avro 1.12, "Schema Resolution").
const promotions: Readonly<Record<string, readonly string[]>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string']
}

/** Whether the one may be read as the other, what is in them aside. */
export function fits(reader: SchemaNode, writer: SchemaNode): boolean {
  return (sameType(reader, writer) || isPromoted(reader, writer)) && sameMeaning(reader, writer)
}

/**
 * The branch of a reader's union that takes what was written, or -1. What was written itself comes first, then what
 * has its type, and only then what it may be promoted to, in the order of the union: as Java does it. Taking the first
 * that will do would round the longs of `["double", "long"]`.
 */
export function bestBranch(reader: UnionNode, writer: SchemaNode): number {
  const { branches } = reader
  const { named, local } = placesIn(reader)
  const same = (named.get(nameKey(writer)) ?? local.get(localKey(writer)) ?? []).filter(index =>
    fits(branches[index] as SchemaNode, writer)
  )
  const alike = same.find(index => sameLogical(branches[index] as SchemaNode, writer)) ?? same[0]
  return alike ?? branches.findIndex(branch => isPromoted(branch, writer) && sameMeaning(branch, writer))
}

interface Places {
  readonly named: ReadonlyMap<string, readonly number[]>
  readonly local: ReadonlyMap<string, readonly number[]>
}

// Kept, because a union of a thousand types is asked a thousand times.
const places = new WeakMap<UnionNode, Places>()

function placesIn(union: UnionNode): Places {
  const known = places.get(union)
  if (known) return known
  const indices = union.branches.map((_, index) => index)
  const by = (keyOf: (node: SchemaNode) => string) =>
    Map.groupBy(indices, index => keyOf(union.branches[index] as SchemaNode))
  const made = { named: by(nameKey), local: by(localKey) }
  places.set(union, made)
  return made
}

const nameKey = (node: SchemaNode): string => `${node.kind} ${branchName(node)}`
const localKey = (node: SchemaNode): string => `${node.kind} ${localName(branchName(node))}`

function sameType(reader: SchemaNode, writer: SchemaNode): boolean {
  if (reader.kind !== writer.kind) return false
  if (!isNamed(reader) || !isNamed(writer)) return true
  // The unqualified name is what the specification asks for.
  if (localName(reader.name) !== localName(writer.name)) return false
  return reader.kind !== 'fixed' || writer.kind !== 'fixed' || reader.size === writer.size
}

const isPromoted = (reader: SchemaNode, writer: SchemaNode): boolean =>
  promotions[writer.kind]?.includes(reader.kind) === true

const isNamed = (node: SchemaNode): node is NamedNode => 'name' in node

function sameLogical(one: SchemaNode, other: SchemaNode): boolean {
  const [name, otherName] = [one, other].map(node => ('logical' in node ? node.logical?.name : undefined))
  return name === otherName
}

/** Whether values mean the same: no other digits, no other unit. A logical type that only one of them has changes nothing. */
export function sameMeaning(reader: SchemaNode, writer: SchemaNode): boolean {
  const one = 'logical' in reader ? reader.logical : undefined
  const other = 'logical' in writer ? writer.logical : undefined
  if (one?.name === 'decimal' || other?.name === 'decimal')
    return one?.name === other?.name && one?.precision === other?.precision && one?.scale === other?.scale
  return !one || !other || one.name === other.name
}
