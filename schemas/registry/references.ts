import { isObject } from '../../core/index.ts'
import type { AvroSchema } from '../avro/index.ts'
import { RegistryError } from '../errors.ts'
import type { SchemaAnswer, SchemaReference } from './answers.ts'

/** Gives a version of another subject, deleted or not. @throws RegistryError `SUBJECT_UNKNOWN` when there is none */
export type FetchReferenced = (subject: string, version: number) => Promise<SchemaAnswer>

/** Schemas that one may refer to, directly and through others. */
const maxReferences = 100

/**
 * Makes one whole Avro schema of what the registry gave: what it refers to in other subjects is put where it is named
 * first, so that it can be read, compared and kept without them.
 * @param what what the schema is of, for the error
 * @throws RegistryError `SCHEMA_UNSUPPORTED` with the reason; what `fetch` throws, but for `SUBJECT_UNKNOWN`
 */
export async function wholeSchema(answer: SchemaAnswer, what: string, fetch: FetchReferenced): Promise<AvroSchema> {
  const main = parsed(answer, what)
  if (answer.references.length === 0) return main
  const definitions = new Map<string, Definition>()
  const seen = new Set<string>()
  const gather = async (references: readonly SchemaReference[]): Promise<void> => {
    for (const { subject, version } of references) {
      const key = `${version} ${subject}`
      if (seen.has(key)) continue
      seen.add(key)
      if (seen.size > maxReferences) throw unsupported(what, `refers to more than ${maxReferences} other schemas`)
      const referenced = await fetch(subject, version).catch((error: unknown) => {
        if (!(error instanceof RegistryError) || error.code !== 'SUBJECT_UNKNOWN') throw error
        throw unsupported(what, 'refers to a schema that the registry does not have')
      })
      define(parsed(referenced, what), '', definitions)
      await gather(referenced.references)
    }
  }
  try {
    await gather(answer.references)
    return inlined(main, '', definitions, new Set()) as AvroSchema
  } catch (error) {
    // It nests deeper than the stack does.
    if (error instanceof RangeError) throw unsupported(what, 'nests too deep')
    throw error
  }
}

function parsed({ schema, schemaType }: SchemaAnswer, what: string): AvroSchema {
  if (schemaType !== 'AVRO') throw unsupported(what, `is of the type ${schemaType.slice(0, 20)}, and events are Avro`)
  try {
    return JSON.parse(schema) as AvroSchema
  } catch {
    throw unsupported(what, 'is not JSON')
  }
}

const unsupported = (what: string, fault: string): RegistryError =>
  new RegistryError('SCHEMA_UNSUPPORTED', `The schema of ${what} ${fault}`)

/** A named type, and the namespace of the names in it. */
interface Definition {
  readonly node: Readonly<Record<string, unknown>>
  readonly name: string
  readonly namespace: string
}

const named = new Set(['record', 'error', 'enum', 'fixed'])
const builtIn = new Set(
  'null boolean int long float double bytes string array map record error enum fixed union'.split(' ')
)

/** The full name that a named type defines (Avro 1.12, "Names"). */
function definitionOf(node: Readonly<Record<string, unknown>>, namespace: string): Definition | undefined {
  if (typeof node.type !== 'string' || !named.has(node.type) || typeof node.name !== 'string') return undefined
  const dot = node.name.lastIndexOf('.')
  if (dot >= 0) return { node, name: node.name.slice(dot + 1), namespace: node.name.slice(0, dot) }
  return { node, name: node.name, namespace: typeof node.namespace === 'string' ? node.namespace : namespace }
}

const fullName = (name: string, namespace: string): string =>
  name.includes('.') || namespace === '' ? name : `${namespace}.${name}`

/** Notes every named type in a schema. */
function define(node: unknown, namespace: string, into: Map<string, Definition>): void {
  if (Array.isArray(node)) for (const branch of node) define(branch, namespace, into)
  if (!isObject(node)) return
  const own = definitionOf(node, namespace)
  if (own) into.set(fullName(own.name, own.namespace), own)
  for (const part of partsOf(node)) define(part, own?.namespace ?? namespace, into)
}

function partsOf({ type, items, values, fields }: Readonly<Record<string, unknown>>): unknown[] {
  const types = Array.isArray(fields) ? fields.map(field => (isObject(field) ? field.type : undefined)) : []
  return [type, items, values, ...types]
}

function inlined(
  node: unknown,
  namespace: string,
  definitions: ReadonlyMap<string, Definition>,
  done: Set<string>
): unknown {
  const within = (part: unknown, space = namespace) => inlined(part, space, definitions, done)
  if (typeof node === 'string') {
    const full = fullName(node, namespace)
    // A name without a namespace of its own may be one of the null namespace (Avro 1.12, "Names").
    const found = definitions.get(full) ?? definitions.get(node)
    if (builtIn.has(node) || done.has(full) || !found) return node
    return within({ ...found.node, name: found.name, namespace: found.namespace })
  }
  if (Array.isArray(node)) return node.map(branch => within(branch))
  if (!isObject(node)) return node
  const own = definitionOf(node, namespace)
  if (own) done.add(fullName(own.name, own.namespace))
  const space = own?.namespace ?? namespace
  const { type, items, values, fields } = node
  return {
    ...node,
    ...(type !== undefined && { type: within(type, space) }),
    ...(items !== undefined && { items: within(items, space) }),
    ...(values !== undefined && { values: within(values, space) }),
    ...(Array.isArray(fields) && {
      fields: fields.map(field => (isObject(field) ? { ...field, type: within(field.type, space) } : field))
    })
  }
}
