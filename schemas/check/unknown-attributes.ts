import type { EventVersion } from '../types.ts'
import { partsOf, type SchemaPart } from './walk.ts'

const named = ['type', 'name', 'namespace', 'doc', 'aliases']
const logical = ['logicalType', 'precision', 'scale']
/** The attributes that Avro 1.12 gives to each kind of schema ("Schema Declaration"). */
const attributesOf: Readonly<Record<string, readonly string[]>> = {
  record: [...named, 'fields', ...logical],
  enum: [...named, 'symbols', 'default', ...logical],
  fixed: [...named, 'size', ...logical],
  array: ['type', 'items', ...logical],
  map: ['type', 'values', ...logical]
}
const ofPrimitive = ['type', ...logical]
const ofField = ['name', 'type', 'doc', 'default', 'order', 'aliases']
/** What programs add for themselves has a mark in its name: `connect.name`, `confluent:version`, `java-class`. */
const isOwn = (attribute: string): boolean => /[.:-]/.test(attribute)

/**
 * The attributes of a version's payload that Avro does not know, in words: it passes them over, so that one that is
 * misspelt, or is in the wrong place, has no effect.
 */
export function unknownAttributes({ eventName, version, payload }: EventVersion): string[] {
  const where = `${eventName}: version ${version}`
  return [...partsOf(payload)].flatMap(unknownIn).map(({ path, attribute, advice }) => {
    const name = JSON.stringify(attribute.slice(0, 80))
    return `${where}: ${path ? `\`${path}\`` : 'the record'} has an attribute ${name} that has no effect there: ${advice}`
  })
}

function unknownIn({ kind, path, attributes }: SchemaPart) {
  const { type } = attributes
  const known = kind === 'field' ? ofField : (typeof type === 'string' && attributesOf[type]) || ofPrimitive
  return Object.keys(attributes)
    .filter(attribute => !known.includes(attribute) && !isOwn(attribute))
    .map(attribute => ({
      path,
      attribute,
      advice: kind === 'field' && logical.includes(attribute) ? inType : misspelt
    }))
}

const misspelt =
  'Avro does not know it. Check its spelling, or mark it as your own with a dot, a colon or a hyphen in its name'
const inType = 'it belongs into the type, { "type": { "type": "long", "logicalType": "timestamp-micros" } }'
