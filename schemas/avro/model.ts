import { isObject, printable } from '../../core/index.ts'
import { SchemaError } from '../errors.ts'
import { maxDecimalDigits } from './decimal.ts'
import type { AvroSchema } from './schema.ts'

export const primitives = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const
type PrimitiveName = (typeof primitives)[number]

/** What a logical type adds, kept only where it is on the type that the Avro specification gives it. */
export interface Logical {
  readonly name: string
  /** Digits in all: decimal only. */
  readonly precision?: number
  /** Digits after the point: decimal only. */
  readonly scale?: number
}

export interface PrimitiveNode {
  readonly kind: PrimitiveName
  readonly logical?: Logical
}
export interface FixedNode {
  readonly kind: 'fixed'
  readonly name: string
  readonly size: number
  readonly logical?: Logical
}
export interface EnumNode {
  readonly kind: 'enum'
  readonly name: string
  readonly doc?: string
  readonly symbols: readonly string[]
  readonly fallback?: string
}
export interface ArrayNode {
  readonly kind: 'array'
  readonly items: SchemaNode
}
export interface MapNode {
  readonly kind: 'map'
  readonly values: SchemaNode
}
export interface UnionNode {
  readonly kind: 'union'
  readonly branches: readonly SchemaNode[]
}
export interface FieldNode {
  readonly name: string
  readonly aliases: readonly string[]
  readonly doc?: string
  readonly type: SchemaNode
  /** Wrapped, because `null` is a default too. */
  readonly fallback?: { readonly json: unknown }
}
export interface RecordNode {
  readonly kind: 'record'
  /** With its namespace. */
  readonly name: string
  readonly doc?: string
  readonly fields: readonly FieldNode[]
}

/** An Avro schema with its names resolved: a graph, and a cyclic one where a record holds itself. */
export type SchemaNode = PrimitiveNode | FixedNode | EnumNode | ArrayNode | MapNode | UnionNode | RecordNode

export type Attributes = Readonly<Record<string, unknown>>
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

/** What a union's values are called in Avro's JSON, and here where the branch cannot be seen from the value. */
export function branchName(node: SchemaNode): string {
  return 'name' in node ? node.name : node.kind
}

/**
 * How a value of the type looks in JavaScript. A union whose branches all look different holds plain values;
 * any other holds `{ "<branch name>": value }`, as in Avro's JSON.
 */
export function shapeOf(node: SchemaNode): string {
  if ('logical' in node && node.logical?.name === 'decimal') return 'string'
  return shapes[node.kind]
}

/** What {@link shapeOf} says of the type of a value. */
export function valueShape(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (value instanceof Uint8Array) return 'bytes'
  return typeof value
}

/** True when two branches look the same, so that the value alone does not show the branch. */
export function isAmbiguous(branchShapes: readonly string[]): boolean {
  return new Set(branchShapes).size < branchShapes.length
}

export const shapes: Readonly<Record<SchemaNode['kind'], string>> = {
  null: 'null',
  boolean: 'boolean',
  int: 'number',
  float: 'number',
  double: 'number',
  long: 'bigint',
  string: 'string',
  enum: 'string',
  bytes: 'bytes',
  fixed: 'bytes',
  array: 'array',
  map: 'object',
  record: 'object',
  union: 'union'
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

// A logical type on a type that it does not belong to must be ignored, says the specification.
const logicalHomes: Readonly<Record<string, readonly string[]>> = {
  uuid: ['string'],
  decimal: ['bytes', 'fixed'],
  date: ['int'],
  'time-millis': ['int'],
  'time-micros': ['long'],
  'timestamp-millis': ['long'],
  'timestamp-micros': ['long'],
  'timestamp-nanos': ['long'],
  'local-timestamp-millis': ['long'],
  'local-timestamp-micros': ['long'],
  'local-timestamp-nanos': ['long'],
  duration: ['fixed']
}

/** Whether Avro has a logical type of the name. */
export const isLogicalName = (name: string): boolean => Object.hasOwn(logicalHomes, name)

/** The types that it belongs to. */
export const logicalHomesOf = (name: string): readonly string[] =>
  isLogicalName(name) ? (logicalHomes[name] as readonly string[]) : []

export function logicalOf(schema: Attributes, kind: string, size?: number): Logical | undefined {
  const name = schema.logicalType
  if (typeof name !== 'string' || !logicalHomesOf(name).includes(kind)) return undefined
  if (name !== 'decimal') return { name }
  return decimalOf(schema, size)
}

/** The digits of a decimal; undefined where they are not valid, and the type then counts as plain bytes. */
export function decimalOf(schema: Attributes, size?: number): Required<Logical> | undefined {
  const { precision, scale = 0 } = schema
  if (typeof precision !== 'number' || !Number.isSafeInteger(precision) || precision < 1) return undefined
  if (precision > maxDecimalDigits) return undefined
  if (typeof scale !== 'number' || !Number.isSafeInteger(scale) || scale < 0 || scale > precision) return undefined
  if (size !== undefined && precision > Math.floor(Math.log10(2) * (8 * size - 1))) return undefined
  return { name: 'decimal', precision, scale }
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
