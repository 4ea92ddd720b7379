import { expect, test } from 'vitest'
import {
  type AvroRecord,
  type AvroSchema,
  avroType,
  catalogueOf,
  encodeEnvelope,
  envelopeReader
} from '../../../schemas/index.ts'
import { checkHandled } from '../../support/schemas/handled.ts'

// `npm run integrity` makes 20,000 of them.
test('what is published is what is handled and stored, for any schema', { timeout: 1_800_000 }, () => {
  checkHandled(Number(process.env.EVENTTRAIL_SCHEMA_PAIRS ?? 1_000))
})

const uuid = '0190f0a0-aaaa-7000-8000-00000000000b'

/** What a handler gets of a field. */
function handled(type: AvroSchema, value: unknown, readAs: AvroSchema = type): unknown {
  const versionOf = (each: AvroSchema) =>
    catalogueOf({ 'a.b': [{ type: 'record', name: 'B', fields: [{ name: 'x', type: each }] }] }).version('a.b')
  const [writer, reader] = [versionOf(type), versionOf(readAs)]
  const bytes = encodeEnvelope(writer, 1, { id: uuid, aggregate_id: uuid, occurred_at: 1n, payload: { x: value } }, 1)
  return (envelopeReader(reader, writer.envelope)(bytes).payload as { x: unknown }).x
}

const long = 9_007_199_254_740_993n
const decimal = { type: 'bytes', logicalType: 'decimal', precision: 6, scale: 2 }

test.each<[AvroSchema, unknown]>([
  [['double', 'long'], long],
  [['double', 'long'], 0.5],
  [['string', 'bytes'], Buffer.from([0xff])],
  [['bytes', 'string'], 'text'],
  [['long', 'int'], 5],
  [['long', 'int'], long],
  [['string', decimal], { bytes: '12.50' }],
  [['bytes', { ...decimal, type: 'fixed', name: 'F', size: 4 }], '12.50'],
  [['null', 'float', 'long'], long],
  [['float', 'int'], { int: 16_777_217 }],
  [['double', 'int', 'float'], { float: 87.3 }],
  [{ type: 'array', items: ['double', 'long'] }, [long, 0.5]],
  [
    { type: 'map', values: ['null', 'float', 'long'] },
    { constructor: long, toString: null }
  ],
  [{ type: 'enum', name: 'E', symbols: ['constructor', 'toString'] }, 'toString']
])('of %j a handler gets what was published: %o', (type, value) => {
  expect(handled(type, value)).toEqual(value)
  // Also where another version has the branches in another order.
  if (Array.isArray(type)) expect(handled(type, value, type.toReversed())).toEqual(value)
})

test.each<[AvroSchema, unknown, AvroSchema, unknown]>([
  ['int', 5, ['string', 'double', 'long'], 5],
  ['int', 5, ['string', 'long'], 5n],
  ['long', long, 'double', 9_007_199_254_740_992],
  ['float', 87.3, 'double', 87.3],
  ['string', 'text', 'bytes', Buffer.from('text')],
  ['bytes', Buffer.from('text'), ['null', 'string'], 'text'],
  [['null', 'string'], 'text', 'string', 'text']
])('%j is promoted only where its type is not there: %o as %j', (type, value, readAs, expected) => {
  expect(handled(type, value, readAs)).toEqual(expected)
})

test('a branch that a reader does not know is a fault of the value that has it', () => {
  expect(handled(['null', 'string'], 'text', 'string')).toBe('text')
  expect(() => handled(['null', 'string'], null, 'string')).toThrow(expect.objectContaining({ code: 'DECODE_FAILED' }))
})

test('fields are called as they like', () => {
  const names = ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'prototype', 'valueOf']
  const type = avroType({ type: 'record', name: 'R', fields: names.map(name => ({ name, type: 'int' })) })
  const value = JSON.parse(`{${names.map((name, index) => `"${name}":${index}`).join(',')}}`) as unknown
  const read = type.fromBuffer(type.toBuffer(value))
  expect(JSON.stringify(read)).toBe(JSON.stringify(value))
  expect(Object.getPrototypeOf(read)).toBe(Object.prototype)
  // And as they are published.
  const payload: AvroRecord = { type: 'record', name: 'R', fields: names.map(name => ({ name, type: 'int' })) }
  const version = catalogueOf({ 'a.b': [payload] }).version('a.b')
  const bytes = encodeEnvelope(version, 1, { id: uuid, aggregate_id: uuid, occurred_at: 1n, payload: value }, 1)
  expect(JSON.stringify(envelopeReader(version, version.envelope)(bytes).payload)).toBe(JSON.stringify(value))
})
