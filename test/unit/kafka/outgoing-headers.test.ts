import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { headersForKafkajs } from '../../../kafka/kafkajs/outgoing-headers.ts'
import type { HeaderList } from '../../../kafka/types/sender.ts'
import { rawRecord } from '../../support/kafka/raw-batch.ts'

const require = createRequire(import.meta.url)
const Long = require('kafkajs/src/utils/long') as { fromNumber(value: number): unknown }
const encodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => { buffer: Buffer }

/** The record that kafkajs puts on the wire. */
const written = (headers: HeaderList): Buffer =>
  encodeRecord({
    offsetDelta: 0,
    timestampDelta: Long.fromNumber(0),
    key: Buffer.from('key'),
    value: Buffer.from('value'),
    headers: headersForKafkajs(headers)
  }).buffer

const names = fc.oneof(
  fc.constantFrom('', '__proto__', 'constructor', '1', 'traceparent'),
  fc.string({ unit: 'grapheme', maxLength: 20 })
)
const values = fc.oneof(
  fc.constant(null),
  fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes)),
  fc.string({ maxLength: 20 })
)

test('any headers come out on the wire as they are, in their order: null, empty, repeated, named __proto__', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(names, values), { maxLength: 12 }), headers => {
      expect(written(headers).equals(rawRecord({ key: 'key', value: 'value', headers }))).toBe(true)
    })
  )
})

test('the same list can be written again: a batch that failed goes once more', () => {
  const headers = headersForKafkajs([['gone', null]])
  const record = { offsetDelta: 0, timestampDelta: Long.fromNumber(0), key: null, value: null, headers }
  expect(encodeRecord(record).buffer).toEqual(encodeRecord(record).buffer)
  expect(encodeRecord(record).buffer.equals(rawRecord({ headers: [['gone', null]] }))).toBe(true)
})
