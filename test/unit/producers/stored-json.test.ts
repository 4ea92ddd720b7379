import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseLine } from '../../../cli/publish/line-event.ts'
import {
  type AvroSchema,
  catalogueOf,
  type EventVersion,
  encodeEnvelope,
  payloadFromJson
} from '../../../schemas/index.ts'
import { AvroCursor } from '../../../trail/rows/avro-cursor.ts'
import { CopyBuffer } from '../../../trail/rows/copy-buffer.ts'
import { compileTranscode } from '../../../trail/rows/transcode.ts'
import { runs } from '../../support/properties.ts'
import { payloads } from '../../support/schemas/schema-shapes.ts'

const id = '0190f8a0-0000-7000-8000-000000000001'

/** The payload's JSON as the sink stores it. */
function storedJson(version: EventVersion, payload: unknown): string {
  const value = encodeEnvelope(version, 1, { id, aggregate_id: id, occurred_at: 0n, payload }, 1)
  const cursor = new AvroCursor()
  cursor.set(value, 5, value.length)
  const out = new CopyBuffer()
  compileTranscode(version.type)(cursor, out)
  return payloadText(out.bytes.toString('utf8', 0, out.at))
}

const payloadText = (envelope: string): string =>
  /"payload": (.*), "event_name": "thing.done", /s.exec(envelope)?.[1] as string

/** The payload of a line that holds the JSON. */
const published = (version: EventVersion, json: string): unknown =>
  payloadFromJson(version, parseLine(Buffer.from(`{"aggregate_id":"${id}","payload":${json}}`)).payload)

const versionOf = (...types: AvroSchema[]): EventVersion =>
  catalogueOf({
    'thing.done': [{ type: 'record', name: 'T', fields: types.map((type, index) => ({ name: `f${index}`, type })) }]
  }).version('thing.done')

describe('a payload as it is stored', () => {
  it('can be published from a line, and is stored as the same JSON again', () => {
    fc.assert(
      fc.property(
        payloads().chain(({ schema, value }) => fc.tuple(fc.constant(schema), value)),
        ([schema, value]) => {
          const version = catalogueOf({ 'thing.done': [schema] }).version('thing.done')
          const stored = storedJson(version, value)
          expect(storedJson(version, published(version, stored))).toBe(stored)
        }
      ),
      { numRuns: runs(500) }
    )
  }, 120_000)

  const record = (name: string, ...fields: object[]) => ({ type: 'record', name, fields })
  const decimal = { type: 'bytes', logicalType: 'decimal', precision: 30, scale: 2 }
  it.each<[AvroSchema, string, unknown]>([
    ['double', '100000000000000000000', 1e20],
    ['double', '0.0000001', 1e-7],
    ['float', '340282350000000000000000000000000000000', 3.4028235e38],
    ['long', '9223372036854775807', 9_223_372_036_854_775_807n],
    ['long', '9007199254740993', 9_007_199_254_740_993n],
    ['long', '1e3', 1_000n],
    ['bytes', '"AP8="', Buffer.from([0, 255])],
    [{ type: 'fixed', name: 'F', size: 2 }, '"AP8="', Buffer.from([0, 255])],
    [decimal, '12345678901234567890.12', '12345678901234567890.12'],
    [decimal, '"12345678901234567890.12"', '12345678901234567890.12'],
    [decimal, '1.5e3', '1500.00'],
    [decimal, '12.500', '12.50'],
    [['double', decimal], '12.50', '12.50'],
    [['double', decimal], '12.5', 12.5],
    [[decimal, 'int'], '0', 0],
    ['int', '7.0', 7],
    [['float', 'double'], '0.30000000000000004', { double: 0.30000000000000004 }],
    [['float', 'double'], '0.5', { float: 0.5 }],
    [['long', 'double'], '1e20', 1e20],
    [['double', 'long'], '9007199254740993', 9_007_199_254_740_993n],
    [['bytes', 'string'], '"words"', 'words'],
    [['null', 'string', 'bytes'], '"AP8="', 'AP8='],
    [['null', 'string', decimal], '7', { bytes: '7.00' }],
    [
      [
        record('A', { name: 'x', type: 'int' }, { name: 'y', type: 'int', default: 0 }),
        record('B', { name: 'x', type: 'int' })
      ],
      '{"x":1}',
      { 'eventtrail.thing.done.B': { x: 1 } }
    ],
    [
      [record('A', { name: 'x', type: 'int' }), record('B', { name: 'x', type: 'int' })],
      '{"eventtrail.thing.done.B":{"x":1}}',
      { 'eventtrail.thing.done.B': { x: 1 } }
    ]
  ])('of the type %j takes %s', (type, json, value) => {
    expect(published(versionOf(type), `{"f0":${json}}`)).toEqual({ f0: value })
  })

  it.each<[AvroSchema, string, string]>([
    ['bytes', '"AP8"', '`f0` must be base64 text'],
    ['bytes', '[0,255]', '`f0` must be base64 text'],
    [{ type: 'fixed', name: 'F', size: 3 }, '"AP8="', '`f0` must be 3 bytes as base64 text'],
    ['long', '9223372036854775808', '`f0` must be a whole number of 64 bits'],
    ['long', '1.5', '`f0` must be a whole number of 64 bits'],
    ['long', '"1"', '`f0` must be a whole number of 64 bits'],
    ['double', '1e400', '`f0` must be a finite number'],
    [decimal, '12.345', '`f0` must be a decimal, as a number or text, of at most 30 digits, 2 of them after the point'],
    [decimal, '1.0000000000000000e999999999', '`f0` must be a decimal'],
    ['int', '2147483648', '`f0` must be a whole number of 32 bits'],
    [['null', 'int'], '"1"', '`f0` must be one of null, int'],
    [['null', { type: 'array', items: 'int' }], '[1,"x"]', '`f0[1]` must be a whole number']
  ])('of the type %j refuses %s', (type, json, message) => {
    expect(() => published(versionOf(type), `{"f0":${json}}`)).toThrow(`thing.done version 1: ${message}`)
  })

  it('is found among records that hold each other in no time worth naming', () => {
    const next = { name: 'next', type: ['null', 'A', 'B'], default: null }
    const union = [
      { type: 'record', name: 'A', fields: [] as unknown[] },
      { type: 'record', name: 'B', fields: [next] }
    ]
    union[0]?.fields.push({ name: 'next', type: 'null', default: null }, { name: 'a', type: 'int', default: 0 })
    const version = versionOf(union)
    let json = '{"next":null}'
    for (let level = 0; level < 80; level += 1) json = `{"next":${json}}`
    expect(published(version, `{"f0":${json}}`)).toBeDefined()
  })
})
