import type { Logical } from './logical.ts'

export const primitives = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const
type PrimitiveName = (typeof primitives)[number]

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
