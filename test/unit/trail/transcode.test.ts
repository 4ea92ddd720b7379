import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AvroSchema, avroType } from '../../../schemas/index.ts'
import { BadRecordError } from '../../../trail/errors.ts'
import { AvroCursor } from '../../../trail/rows/avro-cursor.ts'
import { CopyBuffer } from '../../../trail/rows/copy-buffer.ts'
import { compileTranscode } from '../../../trail/rows/transcode.ts'
import { runs } from '../../support/properties.ts'
import { type AvroCase, anyAvro, mapBytes, mapKeys } from '../../support/schemas/any-avro.ts'
import { compileJson } from '../../support/trail/plain-rows.ts'

// A value is within a larger buffer: what is around it must not matter.
const before = Buffer.from([0, 2, 0xff])
const behind = Buffer.alloc(64, 2)

const transcode = ({ schema, value }: AvroCase): string => transcodeBytes(schema, avroType(schema).toBuffer(value))

function transcodeBytes(schema: AvroSchema, bytes: Buffer): string {
  const type = avroType(schema)
  const cursor = new AvroCursor()
  cursor.set(Buffer.concat([before, bytes, behind]), before.length, before.length + bytes.length)
  const out = new CopyBuffer(8)
  compileTranscode(type)(cursor, out)
  expect(cursor.at).toBe(cursor.end)
  return out.bytes.toString('utf8', 0, out.at)
}

/** The plain way: decode, JSON. */
const plainly = ({ schema, value }: AvroCase): string => plainlyBytes(schema, avroType(schema).toBuffer(value))

function plainlyBytes(schema: AvroSchema, bytes: Buffer): string {
  const type = avroType(schema)
  return compileJson(type.node)(type.fromBuffer(bytes))
}

test('writes the same bytes as the plain way, for any type and value', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(anyAvro, each => {
      expect(transcode(each)).toBe(plainly(each))
    }),
    { numRuns: runs(10_000) }
  )
})

test('writes the entries of a map in order, and of equal keys the last, as the plain way', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(anyAvro, mapKeys, (each, keys) => {
      const item = avroType(each.schema).toBuffer(each.value)
      const schema: AvroSchema = {
        type: 'map',
        values: {
          type: 'record',
          name: 'Entry',
          fields: [
            { name: 'number', type: 'int' },
            { name: 'item', type: each.schema }
          ]
        }
      }
      const bytes = mapBytes(keys.map((key, index) => [key, Buffer.concat([Buffer.of(2 * index), item])]))
      expect(transcodeBytes(schema, bytes)).toBe(plainlyBytes(schema, bytes))
    }),
    { numRuns: runs(2_000) }
  )
})

test('passes over a record within a hundred others once, not once for each of them', () => {
  const type = avroType({
    type: 'record',
    name: 'Node',
    fields: [
      { name: 'longer', type: ['null', 'Node'] },
      { name: 'all', type: { type: 'array', items: 'int' } }
    ]
  })
  interface Node {
    readonly longer: Node | null
    readonly all: readonly number[]
  }
  let node: Node = { longer: null, all: Array.from({ length: 1_000 }, (_, index) => index % 60) }
  for (let level = 1; level < 99; level += 1) node = { longer: node, all: [] }
  const bytes = type.toBuffer(node)
  let reads = 0
  const cursor = new (class extends AvroCursor {
    override small(): number | undefined {
      reads += 1
      return super.small()
    }
  })()
  cursor.set(bytes, 0, bytes.length)
  const out = new CopyBuffer()
  compileTranscode(type)(cursor, out)
  expect(JSON.parse(out.bytes.toString('utf8', 0, out.at))).toEqual(node)
  expect(reads).toBeLessThan(3 * bytes.length)
})

test('refuses bytes that are cut short anywhere, and never reads past the end', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(anyAvro, fc.double({ min: 0, max: 1, noNaN: true }), (each, share) => {
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
