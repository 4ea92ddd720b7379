import { isObject } from '../../core/index.ts'
import { branchName, ExactNumber, isAmbiguous, type SchemaNode, shapeOf, timeUnitOf } from '../avro/index.ts'
import { timeText } from './time-text.ts'

/**
 * A value of a payload in the trail as JSON text that a person reads: times as ISO 8601 and days as dates, decimals and
 * whole numbers with all their digits. What does not fit its schema stays as it is stored.
 * @param value as `parseExactJson` gave it
 */
export function renderJson(node: SchemaNode | undefined, value: unknown): string {
  if (node === undefined) return stored(value)
  switch (node.kind) {
    case 'union':
      return renderUnion(node.branches, value)
    case 'record':
      return isObject(value)
        ? objectText(value, name => node.fields.find(field => field.name === name)?.type)
        : stored(value)
    case 'map':
      return isObject(value) ? objectText(value, () => node.values) : stored(value)
    case 'array':
      return Array.isArray(value) ? `[${value.map(item => renderJson(node.items, item)).join(',')}]` : stored(value)
  }
  const unit = timeUnitOf(node)
  const units = unit && wholeNumber(value)
  const text = unit && units !== undefined ? timeText(unit, units) : undefined
  return text === undefined ? stored(value) : JSON.stringify(text)
}

/** A value of JSON, parsed exactly, as JSON text. */
const stored = (value: unknown): string => renderedParts(value, () => undefined)

function renderedParts(value: unknown, typeOf: (name: string) => SchemaNode | undefined): string {
  if (value instanceof ExactNumber) return value.text
  if (Array.isArray(value)) return `[${value.map(stored).join(',')}]`
  return isObject(value) ? objectText(value, typeOf) : JSON.stringify(value)
}

const objectText = (
  value: Readonly<Record<string, unknown>>,
  typeOf: (name: string) => SchemaNode | undefined
): string =>
  `{${Object.entries(value)
    .map(([name, each]) => `${JSON.stringify(name)}:${renderJson(typeOf(name), each)}`)
    .join(',')}}`

function renderUnion(branches: readonly SchemaNode[], value: unknown): string {
  if (isAmbiguous(branches.map(shapeOf))) {
    const [[name, inner] = [], ...others] = isObject(value) ? Object.entries(value) : []
    const branch = others.length === 0 ? branches.find(each => branchName(each) === name) : undefined
    return branch ? `{${JSON.stringify(name)}:${renderJson(branch, inner)}}` : stored(value)
  }
  const fitting = branches.filter(branch => fits(branch, value))
  // Where JSON does not show the branch, what is stored is the truth.
  return fitting.length === 1 ? renderJson(fitting[0], value) : stored(value)
}

function fits(node: SchemaNode, value: unknown): boolean {
  switch (node.kind) {
    case 'null':
      return value === null
    case 'boolean':
      return typeof value === 'boolean'
    case 'array':
      return Array.isArray(value)
    case 'map':
    case 'record':
      return isObject(value) && !(value instanceof ExactNumber)
    case 'string':
    case 'enum':
      return typeof value === 'string'
  }
  const isNumber = typeof value === 'number' || value instanceof ExactNumber
  if (node.kind === 'bytes' || node.kind === 'fixed')
    return node.logical?.name === 'decimal' ? isNumber : typeof value === 'string'
  return isNumber
}

function wholeNumber(value: unknown): bigint | undefined {
  const text = value instanceof ExactNumber ? value.text : typeof value === 'number' ? String(value) : ''
  return /^-?\d+$/.test(text) ? BigInt(text) : undefined
}
