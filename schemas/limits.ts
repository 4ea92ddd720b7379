import type { SchemaNode } from './model.ts'

/**
 * Levels of records, arrays and maps that a payload may have, the payload itself being the first. The same at publish,
 * in the sink and in groups: what may be published can be stored and handled.
 */
export const maxDepth = 100

/** Items without bytes (null, a fixed of no size, a record of those) that the arrays of one record may hold in all. */
export const maxEmptyItems = 65_536

/** Whether values of the type may nest without an end: only then their depth must be counted. */
export function isRecursive(node: SchemaNode): boolean {
  const done = new Set<SchemaNode>()
  const open = new Set<SchemaNode>()
  const look = (each: SchemaNode): boolean => {
    if (open.has(each)) return true
    if (done.has(each)) return false
    open.add(each)
    const found = partsOf(each).some(look)
    open.delete(each)
    done.add(each)
    return found
  }
  return look(node)
}

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
