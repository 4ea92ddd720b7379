import { isObject } from '../../core/index.ts'

/** A schema in a payload's schema, or a field of a record in it, with the attributes that the file gives it. */
export interface SchemaPart {
  readonly kind: 'schema' | 'field'
  /** Of the field: `items[].price`; empty for the record itself. */
  readonly path: string
  readonly attributes: Readonly<Record<string, unknown>>
}

/**
 * All schemas and fields of a schema, in the order of the file. A name that is defined elsewhere is not followed: it is
 * there where it is defined. That a `type` holds another schema happens in fields alone; elsewhere the file is refused.
 */
export function* partsOf(schema: unknown, path = ''): Generator<SchemaPart> {
  if (Array.isArray(schema)) for (const branch of schema) yield* partsOf(branch, path)
  if (!isObject(schema)) return
  yield { kind: 'schema', path, attributes: schema }
  yield* partsOf(schema.items, `${path}[]`)
  yield* partsOf(schema.values, `${path}{}`)
  for (const field of Array.isArray(schema.fields) ? schema.fields : []) {
    if (!isObject(field)) continue
    const fieldPath = path ? `${path}.${String(field.name)}` : String(field.name)
    yield { kind: 'field', path: fieldPath, attributes: field }
    yield* partsOf(field.type, fieldPath)
  }
}
