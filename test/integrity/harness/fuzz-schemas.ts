import avsc from 'avsc'
import type { Fuzz } from './fuzz.ts'

/** The fields of a payload that a foreign client may register, and bytes of a value of them where avsc knows some. */
export function foreignPayload(fuzz: Fuzz): { readonly fields: readonly unknown[]; readonly value: () => Buffer } {
  let names = 0
  const type = (depth: number): unknown => {
    const leaf = depth > 4 || fuzz.below(3) > 0
    if (leaf) return fuzz.pick(leaves)
    const name = `N${++names}`
    switch (fuzz.below(6)) {
      case 0:
        return { type: 'array', items: type(depth + 1) }
      case 1:
        return { type: 'map', values: type(depth + 1) }
      case 2:
        return ['null', { type: 'record', name, fields: fields(depth + 1, 3) }]
      case 3:
        return {
          type: 'enum',
          name,
          symbols: fuzz.pick([['A'], ['A', 'B', '__proto__'], ['constructor', 'toString']])
        }
      case 4:
        return { type: 'fixed', name, size: fuzz.pick([0, 1, 16, 4_096]) }
      default:
        return {
          type: 'record',
          name,
          fields: fields(depth + 1, 4),
          [fuzz.pick(['doc', 'connect.name', "x'y"])]: 'odd'
        }
    }
  }
  const fields = (depth: number, most: number): unknown[] =>
    Array.from({ length: fuzz.below(most + 1) }, (_, place) => {
      const name = fuzz.pick(['f', 'constructor', '__proto__', 'toString', 'naïve', 'Ünï']) + place
      const its = type(depth)
      const defaults = fuzz.below(4) === 0 ? defaultsOf(its) : []
      return { name, type: its, ...(defaults.length > 0 && { default: fuzz.pick(defaults) }) }
    })
  // avsc would never find a value for some of the odd ones.
  if (fuzz.below(5) === 0) return { fields: [...fields(0, 3), fuzz.pick(oddFields)], value: () => fuzz.bytes(60) }
  const made = fields(0, 6)
  return { fields: made, value: encoderOf(made) ?? (() => fuzz.bytes(60)) }
}

const leaves = [
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
  ['null', 'string'],
  ['string', 'null'],
  ['double', 'long'],
  ['null', 'float', 'long'],
  ['string', 'bytes'],
  { type: 'long', logicalType: 'timestamp-millis' },
  { type: 'long', logicalType: 'timestamp-micros' },
  { type: 'int', logicalType: 'date' },
  { type: 'string', logicalType: 'uuid' },
  { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 },
  { type: 'bytes', logicalType: 'decimal', precision: 0, scale: 40 },
  { type: 'string', logicalType: 'decimal', precision: 4 },
  { type: 'array', items: 'null' },
  { type: 'map', values: 'null' }
]

/** Defaults that a registry takes for a type, and avsc not always. */
function defaultsOf(type: unknown): readonly unknown[] {
  if (Array.isArray(type)) return type.flatMap(defaultsOf)
  const { type: kind = type } = Object(type) as { readonly type?: unknown }
  return defaults[String(kind)] ?? []
}

const defaults: Readonly<Record<string, readonly unknown[]>> = {
  null: [null],
  boolean: [true],
  int: [0, -(2 ** 31)],
  long: [0, 2 ** 53],
  float: ['NaN', '-Infinity', 0, 2 ** 63],
  double: ['NaN', 'Infinity', 0, 2 ** 63],
  bytes: ['', 'ÿ'],
  string: ['', '__proto__'],
  array: [[]],
  map: [{}]
}

/** A chain of records that each hold the next one twice, with defaults that double with each. */
const doubling = (depth: number): unknown =>
  Array.from({ length: depth }, (_, level) => depth - level).reduce<unknown>(
    (inner, level) => ({
      type: 'record',
      name: `L${level}`,
      fields: [
        { name: 'a', type: inner, default: {} },
        { name: 'b', type: `L${level + 1}`, default: {} }
      ]
    }),
    { type: 'record', name: `L${depth + 1}`, fields: [{ name: 'x', type: 'int', default: 0 }] }
  )
const nested = (depth: number): unknown =>
  Array.from({ length: depth }).reduce<unknown>(inner => ({ type: 'array', items: inner }), 'int')
const oddFields: readonly unknown[] = [
  { name: 'doubling', type: doubling(12) },
  { name: 'nested', type: nested(200) },
  {
    name: 'next',
    type: ['null', { type: 'record', name: 'Node', fields: [{ name: 'next', type: ['null', 'Node'] }] }]
  },
  {
    name: 'pair',
    type: {
      type: 'record',
      name: 'Pair',
      fields: [
        { name: 'one', type: { type: 'enum', name: 'E', symbols: ['A'] } },
        { name: 'two', type: { type: 'E' } }
      ]
    }
  }
]

/** What avsc makes of the fields, with values of its own choice. */
function encoderOf(fields: readonly unknown[]): (() => Buffer) | undefined {
  try {
    const type = avsc.Type.forSchema({ type: 'record', name: 'Payload', fields } as avsc.Schema, { wrapUnions: true })
    return () => type.toBuffer(type.random())
  } catch {
    return undefined
  }
}
