import type { SchemaNode } from './model.ts'

/**
 * Levels of records, arrays and maps that a payload may have, the payload itself being the first. The same at publish,
 * in the sink and in groups: what may be published can be stored and handled.
 */
export const maxDepth = 100

/** Items without bytes (null, a fixed of no size, a record of those) that the arrays of one record may hold in all. */
export const maxEmptyItems = 65_536

/** What a schema may be at most. Beyond it none is compiled, so that no schema holds up the records of others. */
export const schemaLimits = {
  /** Characters of its text. */
  text: 1_048_576,
  /** Places where a type is used. */
  types: 10_000,
  /** Levels of JSON: a type within a type takes two to four. */
  nesting: 256,
  /** Types within each other, names followed. */
  path: 500
} as const

/** Whether values of the type may nest deeper than {@link maxDepth}: only then must their depth be counted. */
export function mayNestTooDeep(node: SchemaNode): boolean {
  const levels = new Map<SchemaNode, number>()
  const depthOf = (each: SchemaNode): number => {
    const known = levels.get(each)
    if (known !== undefined) return known
    // A type that holds itself nests without an end.
    levels.set(each, Number.POSITIVE_INFINITY)
    const depth = Math.max(0, ...partsOf(each).map(depthOf)) + (isContainer(each) ? 1 : 0)
    levels.set(each, depth)
    return depth
  }
  return depthOf(node) > maxDepth
}

/** Whether a value of the type is a level of nesting. */
export const isContainer = ({ kind }: SchemaNode): boolean => kind === 'record' || kind === 'array' || kind === 'map'

/** Whether a value of the type may take no bytes at all, so that any number of them fits into a few. */
export function takesNoBytes(node: SchemaNode): boolean {
  const known = new Map<SchemaNode, boolean>()
  const look = (each: SchemaNode): boolean => {
    if (each.kind === 'null') return true
    if (each.kind === 'fixed') return each.size === 0
    if (each.kind !== 'record') return false
    // A record that holds itself has no value without an end but through a union or a list, which take bytes.
    const found = known.get(each) ?? (known.set(each, false) && each.fields.every(field => look(field.type)))
    known.set(each, found)
    return found
  }
  return look(node)
}

/** How many types may be within each other, names followed; a type that holds itself counts once. */
export function pathLength(node: SchemaNode): number {
  const known = new Map<SchemaNode, number>()
  const look = (each: SchemaNode): number => {
    const found = known.get(each)
    if (found !== undefined) return found
    known.set(each, 0)
    const length = 1 + Math.max(0, ...partsOf(each).map(look))
    known.set(each, length)
    return length
  }
  return look(node)
}

/** The types that a type is made of. */
export function partsOf(node: SchemaNode): readonly SchemaNode[] {
  switch (node.kind) {
    case 'array':
      return [node.items]
    case 'map':
      return [node.values]
    case 'union':
      return node.branches
    case 'record':
      return node.fields.map(field => field.type)
    default:
      return []
  }
}
