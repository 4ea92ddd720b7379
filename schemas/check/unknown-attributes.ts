import { isObject } from '../../core/index.ts'
import type { EventVersion } from '../types.ts'

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
 * misspelt, or stands in the wrong place, has no effect.
 */
export function unknownAttributes({ eventName, version, payload }: EventVersion): string[] {
  const where = `${eventName}: version ${version}`
  return [...unknownIn(payload, '')].map(({ path, attribute, advice }) => {
    const name = JSON.stringify(attribute.slice(0, 80))
    return `${where}: ${path ? `\`${path}\`` : 'the record'} has an attribute ${name} that has no effect there: ${advice}`
  })
}

interface Unknown {
  readonly path: string
  readonly attribute: string
  readonly advice: string
}

function* unknownIn(schema: unknown, path: string): Generator<Unknown> {
  if (Array.isArray(schema)) for (const branch of schema) yield* unknownIn(branch, path)
  if (!isObject(schema)) return
  const { type, items, values, fields } = schema
  const known = (typeof type === 'string' && attributesOf[type]) || ofPrimitive
  for (const attribute of Object.keys(schema))
    if (!known.includes(attribute) && !isOwn(attribute)) yield { path, attribute, advice: misspelt }
  yield* unknownIn(type, path)
  yield* unknownIn(items, `${path}[]`)
  yield* unknownIn(values, `${path}{}`)
  for (const field of Array.isArray(fields) ? fields : []) {
    if (!isObject(field)) continue
    const fieldPath = path ? `${path}.${String(field.name)}` : String(field.name)
    for (const attribute of Object.keys(field))
      if (!ofField.includes(attribute) && !isOwn(attribute))
        yield { path: fieldPath, attribute, advice: logical.includes(attribute) ? inType : misspelt }
    yield* unknownIn(field.type, fieldPath)
  }
}

const misspelt =
  'Avro does not know it. Check its spelling, or mark it as your own with a dot, a colon or a hyphen in its name'
const inType = 'it belongs into the type, { "type": { "type": "long", "logicalType": "timestamp-micros" } }'
