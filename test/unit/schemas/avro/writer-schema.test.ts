import { describe, expect, it, test } from 'vitest'
import { schemaLimits } from '../../../../schemas/avro/limits.ts'
import { type AvroSchema, AvroType, avroType, SchemaError, writerType } from '../../../../schemas/index.ts'
import { AvroCursor } from '../../../../trail/rows/avro-cursor.ts'
import { CopyBuffer } from '../../../../trail/rows/copy-buffer.ts'
import { compileTranscode } from '../../../../trail/rows/transcode.ts'
import { reprinted } from '../../../support/trail/jsonb-text.ts'

const record = (name: string, ...types: AvroSchema[]) => ({
  type: 'record',
  name,
  fields: types.map((type, index) => ({ name: `f${index}`, type }))
})
const field = (name: string, type: AvroSchema, rest: object = {}) => ({
  type: 'record',
  name: 'R',
  fields: [{ name, type, ...rest }]
})

/** What the trail holds of bytes that were written with a schema. */
function stored(schema: AvroSchema, bytes: Buffer): string {
  const cursor = new AvroCursor()
  cursor.set(bytes, 0, bytes.length)
  const out = new CopyBuffer()
  compileTranscode(writerType(schema))(cursor, out)
  expect(cursor.at).toBe(cursor.end)
  return out.bytes.toString('utf8', 0, out.at)
}

function refusal(schema: unknown): SchemaError {
  try {
    writerType(schema as AvroSchema)
  } catch (error) {
    if (error instanceof SchemaError) return error
    throw error
  }
  throw new Error('it was taken')
}

describe('what others write is read, whatever else their schemas hold', () => {
  it.each<[string, AvroSchema, Buffer, string]>([
    [
      'a default of the second branch',
      field('x', ['string', 'null'], { default: null }),
      Buffer.from([2]),
      '{"x":null}'
    ],
    [
      'a reference in braces',
      record('R', record('N', 'int'), { type: 'N' }),
      Buffer.from([2, 4]),
      '{"f0":{"f0":1},"f1":{"f0":2}}'
    ],
    ['a type in braces twice', field('x', { type: { type: 'string' } }), Buffer.from([2, 97]), '{"x":"a"}'],
    ['NaN as a default', field('x', 'double', { default: 'NaN' }), Buffer.alloc(8), '{"x":0}'],
    ['the largest long as a default', field('x', 'long', { default: 2 ** 63 }), Buffer.from([2]), '{"x":1}'],
    ['a default of any nonsense', field('x', 'int', { default: { a: [] } }), Buffer.from([2]), '{"x":1}'],
    ['a name beyond ASCII', field('größe', 'int'), Buffer.from([2]), '{"größe":1}'],
    ['a name with quotes', field('a"b\\c\n', 'int'), Buffer.from([2]), '{"a\\"b\\\\c\\n":1}'],
    ['an empty name', field('', 'int'), Buffer.from([2]), '{"":1}'],
    [
      'a symbol __proto__',
      field('x', { type: 'enum', name: 'E', symbols: ['__proto__', 'é'] }),
      Buffer.from([2]),
      '{"x":"é"}'
    ],
    [
      'attributes of Kafka Connect',
      field('x', { type: 'int', 'connect.type': 'int16', 'connect.default': 5 }),
      Buffer.from([2]),
      '{"x":1}'
    ],
    [
      'attributes of Java',
      field('x', { type: 'string', 'avro.java.string': 'String' }),
      Buffer.from([2, 97]),
      '{"x":"a"}'
    ],
    ['aliases that are none', { ...field('x', 'int'), aliases: 'R1', order: 'sideways' }, Buffer.from([2]), '{"x":1}'],
    ['an error', { ...field('x', 'int'), type: 'error' }, Buffer.from([2]), '{"x":1}'],
    [
      'a name of another namespace',
      { ...record('a.R', record('b.N', 'int'), 'b.N'), namespace: 'c' },
      Buffer.from([2, 4]),
      '{"f0":{"f0":1},"f1":{"f0":2}}'
    ],
    [
      'a name without one',
      record('a.R', { type: 'record', name: 'N', namespace: '', fields: [] }, 'N'),
      Buffer.alloc(0),
      '{"f0":{},"f1":{}}'
    ],
    [
      'a decimal without digits',
      field('x', { type: 'bytes', logicalType: 'decimal' }),
      Buffer.from([2, 97]),
      '{"x":"YQ=="}'
    ],
    [
      'a decimal of a billion digits',
      field('x', { type: 'bytes', logicalType: 'decimal', precision: 1e9, scale: 1e9 }),
      Buffer.from([2, 97]),
      '{"x":"YQ=="}'
    ],
    [
      'an enum that has no symbols',
      field('x', ['int', { type: 'enum', name: 'E', symbols: [] }]),
      Buffer.from([0, 2]),
      '{"x":1}'
    ]
  ])('%s', (_, schema, bytes, json) => {
    expect(stored(schema, bytes)).toBe(reprinted(JSON.parse(json)))
    // Groups read the same.
    expect(
      JSON.stringify(writerType(schema).fromBuffer(bytes), (_, value) =>
        typeof value === 'bigint' ? Number(value) : value
      )
    ).toBe(json.replace('"YQ=="', '{"type":"Buffer","data":[97]}'))
  })

  it('our own schema is read as it is written', () => {
    const schema = record('R', 'long', { type: 'long', logicalType: 'timestamp-micros' }, ['null', 'R'])
    const value = { f0: 1n, f1: 2n, f2: { f0: 3n, f1: 4n, f2: null } }
    expect(writerType(schema).fromBuffer(avroType(schema).toBuffer(value))).toEqual(value)
  })
})

describe('with what nothing can be read', () => {
  it.each<[string, unknown]>([
    ['nothing', null],
    ['a number', 5],
    ['no type', {}],
    ['a type that is not defined', 'Unknown'],
    ['a record without fields', { type: 'record', name: 'R' }],
    ['a record without a name', { type: 'record', fields: [] }],
    ['a field without a type', { type: 'record', name: 'R', fields: [{ name: 'x' }] }],
    ['a field that is none', { type: 'record', name: 'R', fields: [null] }],
    [
      'two fields of one name',
      {
        type: 'record',
        name: 'R',
        fields: [
          { name: 'x', type: 'int' },
          { name: 'x', type: 'int' }
        ]
      }
    ],
    ['two types of one name', record('R', record('N'), record('N'))],
    ['a name that no JSON of Postgres holds', field('a\u0000b', 'int')],
    ['half a surrogate pair as a symbol', { type: 'enum', name: 'E', symbols: ['\ud800'] }],
    ['a union in a union', ['null', ['int']]],
    ['a union of one type twice', ['int', 'int']],
    ['an array without items', { type: 'array' }],
    ['a fixed of no size', { type: 'fixed', name: 'F' }],
    ['the name of what every object has', 'constructor'],
    ['a type that refers to itself for ever', { type: { type: { type: 'toString' } } }]
  ])('%s is SCHEMA_UNUSABLE', (_, schema) => {
    expect(refusal(schema).code).toBe('SCHEMA_UNUSABLE')
  })

  const deep = (levels: number) =>
    Array.from({ length: levels }).reduce<AvroSchema>(items => ({ type: 'array', items }), 'int')
  const chain = (length: number) =>
    record('Chain', ...Array.from({ length }, (_, i) => record(`C${i}`, i === 0 ? 'int' : `C${i - 1}`)))

  it.each<[string, unknown]>([
    ['text', { ...record('R', 'int'), doc: 'x'.repeat(schemaLimits.text) }],
    ['types', record('R', ...Array.from({ length: schemaLimits.types }, () => 'int'))],
    ['nesting', deep(schemaLimits.nesting + 1)],
    ['nesting of a default', field('x', 'int', { default: JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)) })],
    ['types within each other', chain(schemaLimits.path + 1)]
  ])('more %s than there may be is SCHEMA_UNUSABLE', (_, schema) => {
    expect(refusal(schema)).toMatchObject({
      code: 'SCHEMA_UNUSABLE',
      message: expect.stringContaining('Nothing can be read')
    })
  })

  it('names nothing of the schema', () => {
    expect(refusal(field('x', 'Secret')).message).not.toMatch(/Secret|x/)
  })
})

// Each is a way to make a compiler work for minutes (the first took more than 130 s) or to fill its stack.
describe('the largest schemas that are taken are compiled in moments', () => {
  const doubling = Array.from({ length: 60 }).reduce<AvroSchema>(
    (inner, _, level) => ({
      type: 'record',
      name: `L${level}`,
      fields: [
        { name: 'a', type: inner, default: {} },
        { name: 'b', type: level === 0 ? 'int' : `L${level - 1}`, default: {} }
      ]
    }),
    { type: 'record', name: 'Last', fields: [{ name: 'x', type: 'int', default: 1 }] }
  )
  const symbols = (count: number) => Array.from({ length: count }, (_, i) => `S${i}`)
  const entangled = (count: number) =>
    record(
      'All',
      ...Array.from({ length: count }, (_, i) => record(`T${i}`, ...(i > 0 ? [`T${i - 1}`, ['null', 'All']] : [])))
    )

  test.each<[string, AvroSchema]>([
    ['doubling defaults', doubling],
    ['9,000 fields', record('R', ...Array.from({ length: 9_000 }, () => 'string'))],
    ['3,000 records in a union', Array.from({ length: 3_000 }, (_, i) => record(`B${i}`, 'int'))],
    ['90,000 symbols', { type: 'enum', name: 'E', symbols: symbols(90_000) }],
    ['records that all refer to each other', entangled(480)]
  ])('%s', { timeout: 20_000 }, (_, schema) => {
    const type = writerType(schema)
    compileTranscode(type)
    // The same on the way to a handler.
    new AvroType(type.node).decoderOf(writerType(schema))
  })
})
