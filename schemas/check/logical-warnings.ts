import { printable } from '../../core/index.ts'
import type { AvroSchema } from '../avro/index.ts'
import { isLogicalName, logicalHomesOf, logicalOf, maxDecimalDigits } from '../avro/index.ts'
import type { EventVersion } from '../types.ts'
import { partsOf, type SchemaPart } from './walk.ts'

/** Logical types of the specification that are taken as the type that they are on (docs/schemas.md). */
const takenAsPlain = new Set(['big-decimal', 'duration', 'uuid'])
const ofTypes = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string', 'fixed']

/**
 * Logical types that have no effect: Avro has readers pass over one that is not valid where it is, so a schema with
 * a slip in it gives plain numbers or bytes, and nothing fails.
 * @returns what has no effect and why, in words
 */
export function logicalWarnings({ eventName, version, payload }: EventVersion): string[] {
  return [...new Set([...partsOf(payload)].flatMap(faultsOf))].map(
    fault => `${eventName}: version ${version}: ${fault}`
  )
}

function faultsOf({ kind, path, attributes: schema }: SchemaPart): string[] {
  const { type, logicalType: name } = schema
  if (kind !== 'schema' || typeof name !== 'string' || typeof type !== 'string' || !ofTypes.includes(type)) return []
  const size = typeof schema.size === 'number' ? schema.size : undefined
  if (logicalOf(schema as AvroSchema & typeof schema, type, size)) return []
  if (takenAsPlain.has(name) && !isMisplaced(name, type)) return []
  const plain = `and the values are plain ${type}`
  if (!isLogicalName(name)) {
    const shown = JSON.stringify(printable(name.slice(0, 80)))
    return [`\`${path}\`: the logical type ${shown} is none of Avro's: it has no effect, ${plain}`]
  }
  const homes = logicalHomesOf(name)
  if (!homes.includes(type))
    return [`\`${path}\`: ${name} has no effect on ${type}, ${plain}; it belongs on ${homes.join(' or ')}`]
  const fits = type === 'fixed' ? ' that fits the size' : ''
  return [
    `\`${path}\`: the decimal has no effect, ${plain}: \`precision\` is a whole number from 1 to ${maxDecimalDigits}${fits}, \`scale\` one from 0 to the precision`
  ]
}

/** Of those that are taken as plain, one on a type where not even Avro has it. */
const isMisplaced = (name: string, type: string): boolean =>
  name === 'uuid' ? type !== 'fixed' : isLogicalName(name) && !logicalHomesOf(name).includes(type)
