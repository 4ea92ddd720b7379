import type { SchemaNode } from './model.ts'

/** A type in words: `uuid`, `array of string`, `null | decimal(10, 2)`. */
export function typeInWords(node: SchemaNode): string {
  switch (node.kind) {
    case 'array':
      return `array of ${typeInWords(node.items)}`
    case 'map':
      return `map of ${typeInWords(node.values)}`
    case 'union':
      return node.branches.map(typeInWords).join(' | ')
    case 'record':
      return `record ${localName(node.name)}`
    case 'enum':
      return `enum ${localName(node.name)} (${node.symbols.join(', ')})`
    default: {
      const { logical } = node
      if (logical?.precision) return `decimal(${logical.precision}, ${logical.scale})`
      return (
        logical?.name ?? (node.kind === 'fixed' ? `fixed ${localName(node.name)} of ${node.size} bytes` : node.kind)
      )
    }
  }
}

/** A name without its namespace. */
export const localName = (name: string): string => name.slice(name.lastIndexOf('.') + 1)
