import { SchemaError } from '../errors.ts'
import { pathLength, schemaLimits } from './limits.ts'
import { logicalOf } from './logical.ts'
import { branchName, type FieldNode, primitives, type RecordNode, type SchemaNode } from './model.ts'
import type { Attributes, AvroSchema } from './schema.ts'

interface Scope {
  readonly namespace: string
  readonly names: Map<string, SchemaNode>
  readonly counted: { types: number }
}

/**
 * Resolves the schema that something was written with. Only what the bytes depend on counts, much as in Avro's Parsing
 * Canonical Form, and logical types: defaults, docs, aliases and attributes of others are passed over, and names may
 * be of any characters. So it takes what the registry and other languages take, and costs no more than its size.
 * @throws SchemaError `SCHEMA_UNUSABLE`
 */
export function parseWriterSchema(schema: AvroSchema): SchemaNode {
  if (nestsDeeper(schema, schemaLimits.nesting)) return tooLarge(`nests deeper than ${schemaLimits.nesting} levels`)
  if (JSON.stringify(schema).length > schemaLimits.text)
    return tooLarge(`has more than ${schemaLimits.text} characters`)
  const node = parse(schema, { namespace: '', names: new Map(), counted: { types: 0 } })
  if (pathLength(node) > schemaLimits.path)
    return tooLarge(`has more than ${schemaLimits.path} types within each other`)
  return node
}

function parse(schema: unknown, scope: Scope): SchemaNode {
  scope.counted.types += 1
  if (scope.counted.types > schemaLimits.types) return tooLarge(`has more than ${schemaLimits.types} types`)
  if (typeof schema === 'string') return primitive(schema) ?? reference(schema, scope)
  if (Array.isArray(schema)) return union(schema, scope)
  if (typeof schema !== 'object' || schema === null) return unusable('something that is no type stands for one')
  const attributes = schema as Attributes
  const { type } = attributes
  switch (type) {
    case 'record':
    case 'error':
      return record(attributes, scope)
    case 'enum':
      return define({ kind: 'enum', name: fullName(attributes, scope), symbols: symbolsOf(attributes) }, scope)
    case 'fixed':
      return fixed(attributes, scope)
    case 'array':
      return { kind: 'array', items: parse(attributes.items, scope) }
    case 'map':
      return { kind: 'map', values: parse(attributes.values, scope) }
  }
  // A name, or another type, within braces: `{ "type": "Name" }`, `{ "type": { … } }`.
  const plain = typeof type === 'string' ? primitive(type) : undefined
  if (!plain) return parse(type, scope)
  const logical = logicalOf(attributes, plain.kind)
  return { ...plain, ...(logical && { logical }) }
}

function primitive(
  name: string
): (Extract<SchemaNode, { readonly logical?: unknown }> & { readonly kind: (typeof primitives)[number] }) | undefined {
  const kind = primitives.find(each => each === name)
  return kind && { kind }
}

function reference(name: string, { namespace, names }: Scope): SchemaNode {
  const near = namespace ? names.get(`${namespace}.${name}`) : undefined
  return near ?? names.get(name) ?? unusable('a type is used that is not defined before')
}

function union(schema: readonly unknown[], scope: Scope): SchemaNode {
  const branches = schema.map(branch => parse(branch, scope))
  if (branches.some(branch => branch.kind === 'union')) return unusable('a union directly holds a union')
  if (new Set(branches.map(branchName)).size < branches.length) return unusable('a union has a type twice')
  return { kind: 'union', branches }
}

function record(schema: Attributes, scope: Scope): SchemaNode {
  if (!Array.isArray(schema.fields)) return unusable('a record has no list of fields')
  const name = fullName(schema, scope)
  const fields: FieldNode[] = []
  const node: RecordNode = { kind: 'record', name, fields }
  define(node, scope)
  const inner = { ...scope, namespace: name.slice(0, Math.max(0, name.lastIndexOf('.'))) }
  const names = new Set<string>()
  for (const field of schema.fields as unknown[]) {
    if (typeof field !== 'object' || field === null) return unusable('a record has a field that is none')
    const { name: fieldName, type } = field as Attributes
    const label = text(fieldName)
    if (names.has(label)) return unusable('a record has two fields of one name')
    names.add(label)
    fields.push({ name: label, aliases: [], type: parse(type, inner) })
  }
  return node
}

function fixed(schema: Attributes, scope: Scope): SchemaNode {
  const { size } = schema
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return unusable('a fixed has no size')
  const logical = logicalOf(schema, 'fixed', size)
  return define({ kind: 'fixed', name: fullName(schema, scope), size, ...(logical && { logical }) }, scope)
}

function symbolsOf({ symbols }: Attributes): readonly string[] {
  return Array.isArray(symbols) ? symbols.map(text) : unusable('an enum has no symbols')
}

// Postgres cannot keep U+0000 in JSON, and half a surrogate pair has no UTF-8.
function text(name: unknown): string {
  if (typeof name === 'string' && name.isWellFormed() && !name.includes('\u0000')) return name
  return unusable('a name is no text that can be kept')
}

function fullName({ name, namespace }: Attributes, scope: Scope): string {
  const own = text(name)
  if (own.includes('.')) return own
  const space = typeof namespace === 'string' ? namespace : scope.namespace
  return space ? `${space}.${own}` : own
}

function define<N extends SchemaNode & { readonly name: string }>(node: N, { names }: Scope): N {
  if (names.has(node.name)) return unusable('two types have one name')
  names.set(node.name, node)
  return node
}

/** Without recursion: what is asked about may nest as deep as it likes. */
function nestsDeeper(json: unknown, limit: number): boolean {
  let level: unknown[] = [json]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > limit) return true
    level = level.flatMap(each => (typeof each === 'object' && each !== null ? Object.values(each) : []))
  }
  return false
}

const tooLarge = (what: string): never => unusable(`it ${what}`)

function unusable(reason: string): never {
  throw new SchemaError('SCHEMA_UNUSABLE', `Nothing can be read with the schema: ${reason}`)
}
