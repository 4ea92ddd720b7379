import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isWrapped } from '../../../schemas/avro/codec/union.ts'
import { type AvroSchema, avroType, shortestFloat } from '../../../schemas/index.ts'
import { BadRecordError } from '../../../trail/errors.ts'
import { anyText, runs } from '../../support/properties.ts'
import { digitsText, objectText, reprinted } from '../../support/trail/jsonb-text.ts'
import { compileJson } from '../../support/trail/plain-rows.ts'

/** A schema, a value of it, and the JSON that must come of it, made without the code under test. */
interface Case {
  readonly schema: AvroSchema
  /** Name of the schema as a branch of a union. */
  readonly branch: string
  readonly value: unknown
  readonly json: string
}

const written = (schema: AvroSchema, value: unknown): string => {
  const type = avroType(schema)
  return compileJson(type.node)(type.fromBuffer(type.toBuffer(value)))
}

const text = anyText()
const finite = fc.double({ noNaN: true, noDefaultInfinity: true })

const plain = <T>(branch: string, values: fc.Arbitrary<T>, json: (value: T) => string): fc.Arbitrary<Case> =>
  values.map(value => ({ schema: branch, branch, value, json: json(value) }))

const primitives = [
  plain('null', fc.constant(null), () => 'null'),
  plain('boolean', fc.boolean(), String),
  plain('int', fc.integer(), String),
  plain('long', fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), String),
  plain('float', fc.float({ noNaN: true, noDefaultInfinity: true }), value => digitsText(shortestFloat(value))),
  plain('double', finite, digitsText),
  plain('string', text, JSON.stringify),
  plain(
    'bytes',
    fc.uint8Array().map(bytes => Buffer.from(bytes)),
    value => `"${value.toString('base64')}"`
  )
]

const decimals = fc.tuple(fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), fc.nat(6)).map(([unscaled, scale]) => {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  const whole = digits.slice(0, digits.length - scale)
  const json = `${unscaled < 0n ? '-' : ''}${whole}${scale > 0 ? `.${digits.slice(-scale)}` : ''}`
  const schema = { type: 'bytes', logicalType: 'decimal', precision: 20, scale }
  return { schema, branch: 'bytes', value: json, json }
})

const leaf = (name: string): fc.Arbitrary<Case> =>
  fc.oneof(
    ...primitives,
    decimals,
    fc.constantFrom('A', 'B').map(value => ({
      schema: { type: 'enum', name: `Enum${name}`, symbols: ['A', 'B'] },
      branch: `Enum${name}`,
      value,
      json: `"${value}"`
    })),
    fc.uint8Array({ minLength: 3, maxLength: 3 }).map(bytes => ({
      schema: { type: 'fixed', name: `Fixed${name}`, size: 3 },
      branch: `Fixed${name}`,
      value: Buffer.from(bytes),
      json: `"${Buffer.from(bytes).toString('base64')}"`
    })),
    fc.bigInt({ min: 0n, max: 2n ** 60n }).map(value => ({
      schema: { type: 'long', logicalType: 'timestamp-micros' },
      branch: 'long',
      value,
      json: String(value)
    }))
  )

const nothing: Case = { schema: 'null', branch: 'null', value: null, json: 'null' }

/** Names are made from the path, so that no two types of one schema share one. */
function anyCase(depth: number, name: string): fc.Arbitrary<Case> {
  if (depth === 0) return leaf(name)
  const inner = (index: number) => anyCase(depth - 1, `${name}_${index}`)
  const record = fc.tuple(inner(0), inner(1), inner(2)).map(fields => ({
    schema: {
      type: 'record',
      name: `Record${name}`,
      fields: fields.map(({ schema }, index) => ({ name: `f${index}`, type: schema }))
    },
    branch: `Record${name}`,
    value: Object.fromEntries(fields.map(({ value }, index) => [`f${index}`, value])),
    json: objectText(fields.map(({ json }, index) => [`f${index}`, json]))
  }))
  // One case gives the type of the items; as many copies of its value as there are items.
  const array = fc.tuple(inner(0), fc.nat(3)).map(([{ schema, value, json }, length]) => ({
    schema: { type: 'array', items: schema },
    branch: 'array',
    value: Array(length).fill(value),
    json: `[${Array(length).fill(json).join(', ')}]`
  }))
  const map = fc.tuple(inner(0), fc.uniqueArray(text, { maxLength: 3 })).map(([{ schema, value, json }, keys]) => {
    const entries = Object.fromEntries(keys.map(key => [key, value]))
    return {
      schema: { type: 'map', values: schema },
      branch: 'map',
      value: entries,
      json: objectText(Object.keys(entries).map(key => [key, json]))
    }
  })
  const union = fc.tuple(inner(3), inner(4), inner(5), fc.nat()).map(([one, two, three, pick]) => {
    // A union has no union in it, and one branch of a kind.
    const kinds = new Map([one, two, three].filter(({ branch }) => branch !== 'union').map(each => [each.branch, each]))
    const branches = kinds.size > 0 ? [...kinds.values()] : [nothing]
    const chosen = branches[pick % branches.length] as Case
    const schema = branches.map(branch => branch.schema)
    const { node } = avroType(schema)
    const wrapped = node.kind === 'union' && isWrapped(node)
    const value = wrapped && chosen.value !== null ? { [chosen.branch]: chosen.value } : chosen.value
    return { schema, branch: 'union', value, json: chosen.json }
  })
  return fc.oneof(leaf(name), record, array, map, union)
}

describe('the JSON of an Avro value', () => {
  it('is what it must be, for values of any schema', () => {
    fc.assert(
      fc.property(anyCase(3, ''), ({ schema, value, json }) => {
        expect(written(schema, value)).toBe(json)
        expect(() => JSON.parse(json)).not.toThrow()
      }),
      { numRuns: runs(500) }
    )
  })

  it('is made of recursive types, to any depth', () => {
    const tree: AvroSchema = {
      type: 'record',
      name: 'Tree',
      fields: [
        { name: 'label', type: 'string' },
        { name: 'children', type: { type: 'array', items: 'Tree' } },
        { name: 'next', type: ['null', 'Tree'] },
        { name: 'byName', type: { type: 'map', values: 'Tree' } }
      ]
    }
    interface Tree {
      label: string
      children: Tree[]
      next: Tree | null
      byName: Record<string, Tree>
    }
    const node = (depth: number): fc.Arbitrary<Tree> => {
      const below = depth > 0 ? node(depth - 1) : undefined
      const plain = { noNullPrototype: true }
      return fc.record(
        {
          label: text,
          children: below ? fc.array(below, { maxLength: 2 }) : fc.constant([]),
          next: below ? fc.option(below) : fc.constant(null),
          byName: below ? fc.dictionary(text, below, { maxKeys: 1, ...plain }) : fc.constant({})
        },
        plain
      )
    }
    fc.assert(
      fc.property(node(4), value => {
        expect(written(tree, value)).toBe(reprinted(value))
      })
    )
  })

  it('is of the value alone where the branches of a union had to be wrapped', () => {
    const schema: AvroSchema = ['null', 'int', 'double', 'string', { type: 'enum', name: 'E', symbols: ['A'] }]
    expect(written(schema, { double: 1.5 })).toBe('1.5')
    expect(written(schema, { int: 7 })).toBe('7')
    expect(written(schema, { E: 'A' })).toBe('"A"')
    expect(written(schema, null)).toBe('null')
  })

  it('takes bytes in a union for bytes, and not for a map of numbers', () => {
    const schema: AvroSchema = [{ type: 'map', values: 'int' }, 'bytes']
    expect(written(schema, Buffer.from([1, 2]))).toBe('"AQI="')
    expect(written(schema, { 0: 1 })).toBe('{"0": 1}')
  })

  it('keeps the digits of long and decimal that a number would lose', () => {
    expect(written('long', 9_223_372_036_854_775_807n)).toBe('9223372036854775807')
    const decimal = { type: 'bytes', logicalType: 'decimal', precision: 30, scale: 2 }
    expect(written(decimal, '12345678901234567890.10')).toBe('12345678901234567890.10')
    expect(written('float', 87.3)).toBe('87.3')
  })

  it.each(['float', 'double'])('does not exist of a %s that is no number: never null', schema => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(() => written(schema, value)).toThrow(BadRecordError)
      expect(() => written(['null', schema], value)).toThrow(BadRecordError)
      expect(() => written({ type: 'array', items: schema }, [1, value])).toThrow(
        expect.objectContaining({ fault: expect.objectContaining({ code: 'NUMBER_NOT_FINITE' }) })
      )
    }
    expect(written(schema, -0)).toBe('0')
  })
})
