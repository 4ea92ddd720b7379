import fc from 'fast-check'
import type { AvroSchema } from '../../../schemas/index.ts'
import { anyText } from '../properties.ts'

/** A schema, and values that fit it as avroType takes them. */
export interface AvroCase {
  readonly schema: AvroSchema
  readonly value: unknown
}

const text = fc.oneof(
  anyText({ maxLength: 20 }),
  fc.constantFrom(
    '',
    '"',
    '\\',
    '\\N',
    '\\.',
    '\t\r\n',
    '\b\f\v\u0000\u001f',
    '\u007f\u2028',
    'é€😀',
    'x'.repeat(100),
    `${'long '.repeat(30)}"`
  )
)
const double = fc.double({ noNaN: true, noDefaultInfinity: true })
let names = 0
const fresh = (kind: string): string => {
  names += 1
  return `${kind}${names}`
}

const leaf: fc.Arbitrary<AvroCase> = fc.oneof(
  fc.constant({ schema: 'null', value: null }),
  fc.boolean().map(value => ({ schema: 'boolean', value })),
  fc.integer().map(value => ({ schema: 'int', value })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(value => ({ schema: 'long', value })),
  fc
    .bigInt({ min: -100n, max: 100n })
    .map(value => ({ schema: { type: 'long', logicalType: 'timestamp-micros' }, value })),
  fc.float({ noNaN: true, noDefaultInfinity: true }).map(value => ({ schema: 'float', value })),
  double.map(value => ({ schema: 'double', value })),
  text.map(value => ({ schema: 'string', value })),
  fc.uuid().map(value => ({ schema: { type: 'string', logicalType: 'uuid' }, value })),
  fc.uint8Array({ maxLength: 20 }).map(value => ({ schema: 'bytes', value: Buffer.from(value) })),
  fc
    .uint8Array({ minLength: 5, maxLength: 5 })
    .map(value => ({ schema: { type: 'fixed', name: fresh('Fixed'), size: 5 }, value: Buffer.from(value) })),
  fc
    .constantFrom('A', 'B_2')
    .map(value => ({ schema: { type: 'enum', name: fresh('Enum'), symbols: ['A', 'B_2'] }, value })),
  fc.bigInt({ min: -(10n ** 19n), max: 10n ** 19n }).map(digits => ({
    schema: { type: 'bytes', logicalType: 'decimal', precision: 20, scale: 3 },
    value: decimal(digits, 3)
  })),
  fc.integer({ min: 0, max: 40_000 }).map(value => ({ schema: { type: 'int', logicalType: 'date' }, value }))
)

function decimal(digits: bigint, scale: number): string {
  const plain = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, '0')
  return `${digits < 0n ? '-' : ''}${plain.slice(0, -scale)}.${plain.slice(-scale)}`
}

// avsc sets keys of an object, which this one does not take.
const mapKey = text.filter(key => key !== '__proto__')
// Names of several lengths, so that fields are not in the order in which they are written.
const prefix = fc.constantFrom('', '_', 'long_', 'Z')

const { any } = fc.letrec<{ any: AvroCase; list: AvroCase; map: AvroCase; record: AvroCase; union: AvroCase }>(tie => ({
  any: fc.oneof({ maxDepth: 4, depthSize: 'small' }, leaf, tie('list'), tie('map'), tie('record'), tie('union')),
  list: fc.tuple(tie('any') as fc.Arbitrary<AvroCase>, fc.integer({ min: 0, max: 4 })).map(([item, length]) => ({
    schema: { type: 'array', items: item.schema },
    value: Array.from({ length }, () => item.value)
  })),
  map: fc.tuple(tie('any') as fc.Arbitrary<AvroCase>, fc.uniqueArray(mapKey, { maxLength: 4 })).map(([item, keys]) => ({
    schema: { type: 'map', values: item.schema },
    value: Object.fromEntries(keys.map(key => [key, item.value]))
  })),
  record: fc.array(fc.tuple(tie('any') as fc.Arbitrary<AvroCase>, prefix), { maxLength: 5 }).map(fields => {
    const named = fields.map(([each, start], i) => ({ ...each, name: `${start}field_${9 - i}` }))
    return {
      schema: {
        type: 'record',
        name: fresh('Record'),
        fields: named.map(({ name, schema }) => ({ name, type: schema }))
      },
      value: Object.fromEntries(named.map(({ name, value }) => [name, value]))
    }
  }),
  // Branches that look alike in JavaScript are wrapped, which the last two are about.
  union: fc.oneof(
    text.map(value => ({ schema: ['null', 'string'], value })),
    fc.constant({ schema: ['null', 'string'] as AvroSchema, value: null }),
    fc.bigInt({ min: -9n, max: 9n }).map(value => ({ schema: ['string', 'boolean', 'long'], value })),
    double.map(value => ({ schema: ['int', 'double'], value: { double: value } })),
    fc.integer().map(value => ({ schema: ['int', 'double'], value: { int: value } }))
  )
}))

/** Schemas of all kinds, nested, each with a value. */
export const anyAvro: fc.Arbitrary<AvroCase> = any

/** Keys of a map: in any order, some of them more than once. */
export const mapKeys: fc.Arbitrary<readonly string[]> = fc.array(
  fc.oneof(mapKey, fc.constantFrom('a', 'b', 'aa', 'é', 'z')),
  { maxLength: 8 }
)

/** A map in Avro, with each entry as it is given: avsc writes no key twice. */
export function mapBytes(entries: readonly (readonly [key: string, value: Buffer])[]): Buffer {
  if (entries.length === 0) return Buffer.of(0)
  const parts = entries.flatMap(([key, value]) => [varint(Buffer.byteLength(key)), Buffer.from(key), value])
  return Buffer.concat([varint(entries.length), ...parts, Buffer.of(0)])
}

function varint(count: number): Buffer {
  const bytes: number[] = []
  let rest = count * 2
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return Buffer.of(...bytes, rest)
}
