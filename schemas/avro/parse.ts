import { isObject, printable } from '../../core/index.ts'
import { SchemaError } from '../errors.ts'
import { logicalOf } from './logical.ts'
import {
  branchName,
  type EnumNode,
  type FieldNode,
  type FixedNode,
  primitives,
  type RecordNode,
  type SchemaNode
} from './model.ts'
import type { Attributes, AvroSchema } from './schema.ts'

interface Scope {
  readonly namespace: string
  readonly names: Map<string, SchemaNode>
}

/**
 * Resolves a schema.
 * @param namespace namespace of names that give none.
 * @throws SchemaError `SCHEMA_INVALID`, saying where and what.
 */
export function parseSchema(schema: AvroSchema, namespace = ''): SchemaNode {
  return parse(schema, { namespace, names: new Map() }, '')
}

function parse(schema: AvroSchema, scope: Scope, path: string): SchemaNode {
  if (typeof schema === 'string') return parseReference(schema, scope, path)
  if (isUnion(schema)) return parseUnion(schema, scope, path)
  if (!isObject(schema)) return invalid(path, 'a schema is a name, a list of types or an object')
  switch (schema.type) {
    case 'record':
      return parseRecord(schema, scope, path)
    case 'enum':
      return parseEnum(schema, scope, path)
    case 'fixed':
      return parseFixed(schema, scope, path)
    case 'array':
      return { kind: 'array', items: parse(schema.items as AvroSchema, scope, `${path}[]`) }
    case 'map':
      return { kind: 'map', values: parse(schema.values as AvroSchema, scope, `${path}[]`) }
  }
  const kind = primitives.find(name => name === schema.type)
  if (!kind) return invalid(path, `unknown type ${JSON.stringify(schema.type)}`)
  const logical = logicalOf(schema, kind)
  return { kind, ...(logical && { logical }) }
}

function parseReference(name: string, scope: Scope, path: string): SchemaNode {
  const kind = primitives.find(each => each === name)
  if (kind) return { kind }
  const full = name.includes('.') || !scope.namespace ? name : `${scope.namespace}.${name}`
  return scope.names.get(full) ?? invalid(path, `type ${JSON.stringify(name)} is not defined before it is used`)
}

function parseUnion(schema: readonly AvroSchema[], scope: Scope, path: string): SchemaNode {
  if (schema.length === 0) return invalid(path, 'a union needs a branch')
  const branches = schema.map(branch => parse(branch, scope, path))
  if (branches.some(branch => branch.kind === 'union')) return invalid(path, 'a union cannot directly hold a union')
  const names = branches.map(branchName)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice) return invalid(path, `a union cannot have two branches of type ${twice}`)
  return { kind: 'union', branches }
}

function parseRecord(schema: Attributes, scope: Scope, path: string): SchemaNode {
  const { name, namespace } = fullName(schema, scope, path)
  if (!Array.isArray(schema.fields)) return invalid(path, `record ${name} has no list of fields`)
  const fields: FieldNode[] = []
  const names = new Set<string>()
  const record: RecordNode = { kind: 'record', name, ...docOf(schema), fields }
  define(record, scope, path)
  for (const [index, field] of (schema.fields as unknown[]).entries()) {
    if (!isObject(field) || typeof field.name !== 'string')
      return invalid(path, `field number ${index + 1} of record ${name} has no name`)
    if (!isSimpleName(field.name))
      return invalid(path, `record ${name} has a field ${quotedName(field.name)}: ${nameRule}`)
    const fieldPath = path ? `${path}.${field.name}` : field.name
    if (names.has(field.name)) return invalid(fieldPath, 'the field appears twice')
    names.add(field.name)
    fields.push({
      name: field.name,
      aliases: strings(field.aliases),
      ...docOf(field),
      type: parse(field.type as AvroSchema, { ...scope, namespace }, fieldPath),
      ...('default' in field && { fallback: { json: field.default } })
    })
  }
  return record
}

function parseEnum(schema: Attributes, scope: Scope, path: string): SchemaNode {
  const { name } = fullName(schema, scope, path)
  const symbols = strings(schema.symbols)
  if (symbols.length === 0) return invalid(path, `enum ${name} has no symbols`)
  const wrong = symbols.find(symbol => !isSimpleName(symbol))
  if (wrong !== undefined) return invalid(path, `enum ${name} has a symbol ${quotedName(wrong)}: ${nameRule}`)
  const twice = symbols.find((symbol, index) => symbols.indexOf(symbol) !== index)
  if (twice !== undefined) return invalid(path, `enum ${name} has the symbol ${twice} twice`)
  const fallback = schema.default
  if (fallback !== undefined && !symbols.includes(fallback as string))
    return invalid(path, `the default of enum ${name} is none of its symbols`)
  const node: EnumNode = {
    kind: 'enum',
    name,
    ...docOf(schema),
    symbols,
    ...(typeof fallback === 'string' && { fallback })
  }
  return define(node, scope, path)
}

function parseFixed(schema: Attributes, scope: Scope, path: string): SchemaNode {
  const { name } = fullName(schema, scope, path)
  const size = schema.size
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    return invalid(path, `fixed ${name} needs a size in bytes`)
  const logical = logicalOf(schema, 'fixed', size)
  return define({ kind: 'fixed', name, size, ...(logical && { logical }) }, scope, path)
}

function define<N extends RecordNode | EnumNode | FixedNode>(node: N, scope: Scope, path: string): N {
  if (scope.names.has(node.name)) return invalid(path, `type ${node.name} is defined twice`)
  scope.names.set(node.name, node)
  return node
}

function fullName(schema: Attributes, scope: Scope, path: string): { name: string; namespace: string } {
  const { name } = schema
  const parts = typeof name === 'string' ? name.split('.') : []
  if (typeof name !== 'string' || !parts.every(isSimpleName))
    return invalid(
      path,
      `${String(schema.type)} ${typeof name === 'string' ? quotedName(name) : 'has no name'}: ${nameRule}`
    )
  if (parts.length > 1) return { name, namespace: parts.slice(0, -1).join('.') }
  const namespace = typeof schema.namespace === 'string' ? schema.namespace : scope.namespace
  return { name: namespace ? `${namespace}.${name}` : name, namespace }
}

export const isSimpleName = (name: unknown): name is string =>
  typeof name === 'string' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)

const nameRule = 'a name has letters, digits and _, and begins with no digit'
/** As much of a name that is none as a line has room for. */
const quotedName = (name: string): string => JSON.stringify(printable(name.slice(0, 80)))

const isUnion = (schema: AvroSchema): schema is AvroSchema[] => Array.isArray(schema)
const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter(each => typeof each === 'string') : []
const docOf = (schema: Attributes): { doc?: string } => (typeof schema.doc === 'string' ? { doc: schema.doc } : {})

function invalid(path: string, what: string): never {
  throw new SchemaError('SCHEMA_INVALID', path ? `${path}: ${what}` : what, path ? { field: path } : {})
}
