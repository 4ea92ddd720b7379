import { printable } from '../../core/index.ts'
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

/** Rows in columns as wide as their widest cell; the first row is the head. */
export function table(rows: readonly (readonly string[])[]): string[] {
  // As wide as they are shown.
  const cells = rows.map(row => row.map(cell => printable(cell)))
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map(row => row[column]?.length ?? 0)))
  return cells.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  )
}
