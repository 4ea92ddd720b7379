import { printable } from '../../core/index.ts'
import type { AvroSchema } from '../avro/index.ts'
import { isLogicalName, logicalHomesOf, logicalOf, maxDecimalDigits } from '../avro/index.ts'
import type { EventVersion } from '../types.ts'

/** Logical types of the specification that are taken as what they stand on (docs/schemas.md). */
const takenAsPlain = new Set(['big-decimal', 'duration', 'uuid'])
const ofTypes = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string', 'fixed']

/**
 * Logical types that have no effect: Avro has readers pass over one that is not valid where it stands, so a schema with
 * a slip in it gives plain numbers or bytes, and nothing fails.
 * @returns what has no effect and why, in words
 */
export function logicalWarnings({ eventName, version, payload }: EventVersion): string[] {
  return [...new Set(faultsOf(payload, ''))].map(fault => `${eventName}: version ${version}: ${fault}`)
}

type Attributes = Readonly<Record<string, unknown>>

function* faultsOf(schema: unknown, path: string): Generator<string> {
  if (Array.isArray(schema)) for (const branch of schema) yield* faultsOf(branch, path)
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return
  const attributes = schema as Attributes
  yield* faultOf(attributes, path)
  if (Array.isArray(attributes.fields))
    for (const field of attributes.fields as Attributes[]) {
      const at = path ? `${path}.${field.name}` : String(field.name)
      yield* faultsOf(field.type, at)
    }
  yield* faultsOf(attributes.items, `${path}[]`)
  yield* faultsOf(attributes.values, `${path}{}`)
}

function* faultOf(schema: Attributes, path: string): Generator<string> {
  const { type, logicalType: name } = schema
  if (typeof name !== 'string' || typeof type !== 'string' || !ofTypes.includes(type)) return
  const size = typeof schema.size === 'number' ? schema.size : undefined
  if (logicalOf(schema as AvroSchema & Attributes, type, size) || (takenAsPlain.has(name) && !isMisplaced(name, type)))
    return
  const plain = `and the values are plain ${type}`
  if (!isLogicalName(name))
    yield `\`${path}\`: the logical type ${JSON.stringify(printable(name.slice(0, 80)))} is none of Avro's: it has no effect, ${plain}`
  else if (!logicalHomesOf(name).includes(type))
    yield `\`${path}\`: ${name} has no effect on ${type}, ${plain}; it belongs on ${logicalHomesOf(name).join(' or ')}`
  else
    yield `\`${path}\`: the decimal has no effect, ${plain}: \`precision\` is a whole number from 1 to ${maxDecimalDigits}${type === 'fixed' ? ' that fits the size' : ''}, \`scale\` one from 0 to the precision`
}

/** Of those that are taken as plain, one on a type where not even Avro has it. */
const isMisplaced = (name: string, type: string): boolean =>
  name === 'uuid' ? type !== 'fixed' : isLogicalName(name) && !logicalHomesOf(name).includes(type)
