import { describe, expect, it } from 'vitest'
import { type AvroSchema, catalogueOf, completePayload, SchemaError, validatePayload } from '../../../schemas/index.ts'
import { catalogue as shop } from './fixtures/shop-events.ts'

const uuid = '0190F0A0-AAAA-7000-8000-00000000000B'
const order = shop.version('order.placed')
const valid = {
  order_id: uuid,
  note: 'a note',
  items: [{ sku: 's', price: '1.5' }],
  status: 'NEW',
  weight: 1.5,
  ratio: 0.1,
  total_ticks: 5,
  placed_at: 7n,
  due_on: 20_000,
  amount: 1,
  hash: new Uint8Array([1, 2, 3, 4])
}

function refusal(payload: unknown, version = order): SchemaError {
  try {
    validatePayload(version, payload)
  } catch (error) {
    if (error instanceof SchemaError) return error
    throw error
  }
  throw new Error('it was accepted')
}

describe('completePayload', () => {
  it('fills in defaults and brings values into the form that readers get', () => {
    expect(completePayload(order, { ...valid, weight: -0 })).toEqual({
      ...valid,
      order_id: uuid.toLowerCase(),
      items: [{ sku: 's', count: 1, price: '1.50', parts: [] }],
      total_ticks: 5n,
      hash: Buffer.from([1, 2, 3, 4]),
      weight: 0,
      gift: false,
      coupon: null,
      contact: null,
      labels: {},
      photo: Buffer.from([255, 1]),
      shipping: 'PAID'
    })
  })

  it('gives exactly what a reader decodes', () => {
    const payload = completePayload(order, {
      ...valid,
      ratio: 0.30000000000000004,
      amount: 2 ** 40,
      coupon: 'c',
      contact: { 'eventtrail.order.placed.Phone': { number: '1' } },
      labels: { a: 1, b: 2n ** 62n },
      items: [{ sku: 's', price: '1', parts: [{ sku: 't', price: '2' }] }]
    })
    expect(payload).toMatchObject({ ratio: 0.3, amount: 2n ** 40n })
    const envelope = {
      id: uuid,
      aggregate_id: uuid,
      occurred_at: 0n,
      event_name: 'order.placed',
      payload,
      schema_version: 1
    }
    expect(order.type.fromBuffer(order.type.toBuffer(envelope))).toEqual(envelope)
  })

  it('does not share default values, nor change what it was given', () => {
    const given = Object.freeze({ ...valid })
    const [one, other] = [completePayload(order, given), completePayload(order, given)]
    expect(one.labels).not.toBe(other.labels)
    expect(given.order_id).toBe(uuid)
  })
})

describe('validatePayload', () => {
  it.each([
    ['order_id', { order_id: 'not-a-uuid' }, 'must be a UUID'],
    ['order_id', { order_id: `${uuid}\n` }, 'must be a UUID'],
    ['order_id', { order_id: undefined }, 'is missing'],
    ['order_id', { order_id: null }, 'must be a UUID'],
    ['note', { note: 5 }, 'must be a string'],
    ['note', { note: 'a\u0000b' }, 'U+0000'],
    ['note', { note: '\ud800' }, 'surrogate'],
    ['gift', { gift: 'yes' }, 'true or false'],
    ['items', { items: {} }, 'must be an array'],
    ['items[0]', { items: [null] }, 'must be an object'],
    [
      'items[1].sku',
      {
        items: [
          { sku: 's', price: '1' },
          { sku: 3, price: '1' }
        ]
      },
      'must be a string'
    ],
    ['items[0].sku', { items: [{ price: '1' }] }, 'is missing'],
    ['items[0].count', { items: [{ sku: 's', price: '1', count: 2 ** 31 }] }, '32 bits'],
    ['items[0].count', { items: [{ sku: 's', price: '1', count: 1.5 }] }, '32 bits'],
    ['items[0].price', { items: [{ sku: 's', price: 1.5 }] }, 'decimal'],
    ['items[0].price', { items: [{ sku: 's', price: '1.234' }] }, '2 of them after the point'],
    ['items[0].parts[0].sku', { items: [{ sku: 's', price: '1', parts: [{}] }] }, 'is missing'],
    ['items[0].size', { items: [{ sku: 's', price: '1', size: 1 }] }, 'is no field'],
    ['status', { status: 'GONE' }, 'must be one of NEW, PAID'],
    ['weight', { weight: Number.NaN }, 'finite'],
    ['weight', { weight: Number.POSITIVE_INFINITY }, 'finite'],
    ['weight', { weight: 5n }, 'finite'],
    ['ratio', { ratio: Number.NEGATIVE_INFINITY }, 'finite'],
    ['ratio', { ratio: 1e39 }, '32 bits'],
    ['ratio', { ratio: '1' }, 'finite'],
    ['total_ticks', { total_ticks: 2 ** 53 }, '64 bits'],
    ['total_ticks', { total_ticks: 1.5 }, '64 bits'],
    ['total_ticks', { total_ticks: 2n ** 63n }, '64 bits'],
    ['coupon', { coupon: 5 }, 'must be one of null, string'],
    ['amount', { amount: 1.5 }, '32 bits'],
    ['amount', { amount: '1' }, 'must be one of int, long'],
    ['contact', { contact: { address: 'x' } }, 'given as { "<type>": value }'],
    ['contact', { contact: 'me' }, 'must be one of null, eventtrail.order.placed.Mail'],
    ['contact.eventtrail.order.placed.Mail.address', { contact: { 'eventtrail.order.placed.Mail': {} } }, 'is missing'],
    ['labels', { labels: [] }, 'must be an object'],
    ['labels{}', { labels: { secret: 'x' } }, '64 bits'],
    ['labels{}', { labels: { 'se\u0000cret': 1 } }, 'U+0000'],
    ['photo', { photo: [1, 2] }, 'must be bytes'],
    ['hash', { hash: new Uint8Array(5) }, 'exactly 4 bytes'],
    ['unknown', { unknown: 1 }, 'is no field of the schema']
  ])('names %s', (field, change, expected) => {
    const error = refusal({ ...valid, ...change })
    expect(error).toMatchObject({ code: 'PAYLOAD_INVALID', retryable: false, field })
    expect(error.message).toContain(expected)
    expect(error.message).toContain('order.placed version 1')
  })

  it.each([
    [null],
    [undefined],
    ['text'],
    [[]],
    [new Date()],
    [new Map()],
    [5n]
  ])('refuses %s as a payload', payload => {
    expect(refusal(payload)).toMatchObject({
      field: '',
      message: expect.stringContaining('the payload must be an object')
    })
  })

  it('never shows a value or a key of a map', () => {
    const secret = 'canary-4711'
    const cases = [
      { order_id: secret },
      { status: secret },
      { weight: secret },
      { coupon: { secret } },
      { labels: { [secret]: secret } },
      { items: [secret] },
      { note: `${secret}\u0000` },
      { contact: { [secret]: 1 } }
    ]
    for (const change of cases) {
      const error = refusal({ ...valid, ...change })
      expect(JSON.stringify([error.message, error.field, String(error.cause)])).not.toContain(secret)
    }
  })

  it('does not take inherited properties for fields', () => {
    const { version } = catalogueOf({
      'thing.done': [{ type: 'record', name: 'T', fields: [{ name: 'constructor', type: 'string' }] }]
    })
    expect(refusal({}, version('thing.done'))).toMatchObject({
      field: 'constructor',
      message: expect.stringContaining('missing')
    })
  })

  it.each([
    [['int', 'long'] as AvroSchema, 2 ** 31, 2n ** 31n],
    [['int', 'long'] as AvroSchema, 7, 7],
    [['int', 'long'] as AvroSchema, 7n, 7n],
    [['null', 'long'] as AvroSchema, 7, 7n],
    [['null', 'double'] as AvroSchema, 7.5, 7.5],
    [['long', 'double'] as AvroSchema, 7, 7],
    ['double', 5, 5],
    [['float', 'double'] as AvroSchema, { float: 87.3 }, { float: 87.3 }]
  ])('completes a field of type %j', (type, given, completed) => {
    const { version } = catalogueOf({ 'thing.done': [{ type: 'record', name: 'T', fields: [{ name: 'f', type }] }] })
    expect(completePayload(version('thing.done'), { f: given })).toEqual({ f: completed })
  })
})
