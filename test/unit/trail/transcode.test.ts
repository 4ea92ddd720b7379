import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AvroSchema, avroType } from '../../../schemas/index.ts'
import { BadRecordError } from '../../../trail/errors.ts'
import { CopyBuffer } from '../../../trail/rows/copy-buffer.ts'
import { AvroCursor, compileTranscode } from '../../../trail/rows/transcode.ts'
import { anyText, runs } from '../../support/properties.ts'
import { compileJson } from '../../support/trail/plain-rows.ts'

/** A schema, and values that fit it as avroType takes them. */
interface Case {
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

const leaf: fc.Arbitrary<Case> = fc.oneof(
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

// A key that reads as a whole number would change its place in a JavaScript object, and so in the plain writer.
const mapKey = text.filter(key => !/^\d+$/.test(key) && key !== '__proto__')

const { any } = fc.letrec<{ any: Case; list: Case; map: Case; record: Case; union: Case }>(tie => ({
  any: fc.oneof({ maxDepth: 4, depthSize: 'small' }, leaf, tie('list'), tie('map'), tie('record'), tie('union')),
  list: fc.tuple(tie('any') as fc.Arbitrary<Case>, fc.integer({ min: 0, max: 4 })).map(([item, length]) => ({
    schema: { type: 'array', items: item.schema },
    value: Array.from({ length }, () => item.value)
  })),
  map: fc.tuple(tie('any') as fc.Arbitrary<Case>, fc.uniqueArray(mapKey, { maxLength: 4 })).map(([item, keys]) => ({
    schema: { type: 'map', values: item.schema },
    value: Object.fromEntries(keys.map(key => [key, item.value]))
  })),
  record: fc.array(tie('any') as fc.Arbitrary<Case>, { maxLength: 5 }).map(fields => ({
    schema: {
      type: 'record',
      name: fresh('Record'),
      fields: fields.map(({ schema }, i) => ({ name: `field_${i}`, type: schema }))
    },
    value: Object.fromEntries(fields.map(({ value }, i) => [`field_${i}`, value]))
  })),
  // Branches that look alike in JavaScript are wrapped, which the last two are about.
  union: fc.oneof(
    text.map(value => ({ schema: ['null', 'string'], value })),
    fc.constant({ schema: ['null', 'string'] as AvroSchema, value: null }),
    fc.bigInt({ min: -9n, max: 9n }).map(value => ({ schema: ['string', 'boolean', 'long'], value })),
    double.map(value => ({ schema: ['int', 'double'], value: { double: value } })),
    fc.integer().map(value => ({ schema: ['int', 'double'], value: { int: value } }))
  )
}))

// A value is within a larger buffer: what is around it must not matter.
const before = Buffer.from([0, 2, 0xff])
const behind = Buffer.alloc(64, 2)

function transcode({ schema, value }: Case): string {
  const type = avroType(schema)
  const bytes = type.toBuffer(value)
  const cursor = new AvroCursor()
  cursor.set(Buffer.concat([before, bytes, behind]), before.length, before.length + bytes.length)
  const out = new CopyBuffer(8)
  compileTranscode(type)(cursor, out)
  expect(cursor.at).toBe(cursor.end)
  return out.bytes.toString('utf8', 0, out.at)
}

/** The plain way: decode, JSON. */
function plainly({ schema, value }: Case): string {
  const type = avroType(schema)
  return compileJson(type.node)(type.fromBuffer(type.toBuffer(value)))
}

test('writes the same bytes as the plain way, for any type and value', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(any, each => {
      expect(transcode(each)).toBe(plainly(each))
    }),
    { numRuns: runs(10_000) }
  )
})

test('refuses bytes that are cut short anywhere, and never reads past the end', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(any, fc.double({ min: 0, max: 1, noNaN: true }), (each, share) => {
      const type = avroType(each.schema)
      const bytes = type.toBuffer(each.value)
      if (bytes.length === 0) return
      const cursor = new AvroCursor()
      const length = Math.floor(share * (bytes.length - 1))
      cursor.set(Buffer.concat([bytes, behind]), 0, length)
      expect(() => compileTranscode(type)(cursor, new CopyBuffer())).toThrow()
      expect(cursor.at).toBeLessThanOrEqual(cursor.end)
    }),
    { numRuns: runs(3_000) }
  )
})

describe('what cannot be JSON', () => {
  const write = (schema: AvroSchema, bytes: Buffer) => {
    const cursor = new AvroCursor()
    cursor.set(bytes, 0, bytes.length)
    compileTranscode(avroType(schema))(cursor, new CopyBuffer())
  }
  test.each([
    ['NaN', 'double', avroType('double').toBuffer(Number.NaN), 'NUMBER_NOT_FINITE'],
    ['Infinity', 'float', avroType('float').toBuffer(Number.POSITIVE_INFINITY), 'NUMBER_NOT_FINITE'],
    ['a lone surrogate', 'string', Buffer.from([6, 0xed, 0xa0, 0x80]), 'DECODE_FAILED'],
    ['a boolean of 2', 'boolean', Buffer.from([2]), 'DECODE_FAILED'],
    ['an int of 33 bits', 'int', Buffer.from([0x80, 0x80, 0x80, 0x80, 0x20]), 'DECODE_FAILED'],
    ['a long of 65 bits', 'long', Buffer.from([255, 255, 255, 255, 255, 255, 255, 255, 255, 3]), 'DECODE_FAILED'],
    ['a branch that is none', ['null', 'string'], Buffer.from([8]), 'DECODE_FAILED'],
    ['a negative length', 'string', Buffer.from([1]), 'DECODE_FAILED'],
    [
      'more items than bytes',
      { type: 'array', items: 'null' },
      Buffer.from([0x80, 0x80, 0x80, 0x80, 0x40]),
      'DECODE_FAILED'
    ]
  ])('%s is refused', (_, schema, bytes, code) => {
    expect(() => write(schema as AvroSchema, bytes)).toThrow(
      expect.objectContaining({ fault: expect.objectContaining({ code }) })
    )
    expect(() => write(schema as AvroSchema, bytes)).toThrow(BadRecordError)
  })
})
