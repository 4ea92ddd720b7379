import { describe, expect, it } from 'vitest'
import {
  type AvroRecord,
  avroType,
  composeEnvelope,
  createRegistry,
  eventNameOf,
  RegistryError
} from '../../../schemas/index.ts'
import { testEnvironment } from '../../support/stack.ts'

const { registryUrl, topicPrefix } = await testEnvironment()
const registry = createRegistry({ url: registryUrl })

const doc = 'Words.'
const money: AvroRecord = {
  type: 'record',
  name: 'Money',
  namespace: 'shop.base',
  fields: [
    { name: 'cents', type: 'long' },
    { name: 'currency', type: { type: 'enum', name: 'Currency', symbols: ['EUR', 'USD'] } }
  ]
}
const line: AvroRecord = {
  type: 'record',
  name: 'Line',
  namespace: 'shop.order',
  fields: [
    { name: 'price', type: 'shop.base.Money' },
    { name: 'paid_in', type: ['null', 'shop.base.Currency'], default: null }
  ]
}

/** Registers as a client of another make would. */
async function register(subject: string, schema: unknown, references: unknown[] = [], schemaType = 'AVRO') {
  const answer = await fetch(`${registryUrl}/subjects/${topicPrefix}${subject}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      schema: typeof schema === 'string' ? schema : JSON.stringify(schema),
      references,
      schemaType
    })
  })
  return ((await answer.json()) as { id: number }).id
}
const reference = (name: string, subject: string) => ({ name, subject: topicPrefix + subject, version: 1 })

describe('a schema that refers to others', () => {
  it('is given whole: each where it is named first, and by its name from then on', async () => {
    await register('money', money)
    await register('line', line, [reference('shop.base.Money', 'money')])
    const envelope = composeEnvelope('order.placed', {
      type: 'record',
      name: 'OrderPlaced',
      doc,
      fields: [
        { name: 'lines', type: { type: 'array', items: 'shop.order.Line' }, doc },
        { name: 'total', type: 'shop.base.Money', doc },
        { name: 'by_currency', type: { type: 'map', values: 'shop.base.Money' }, doc }
      ]
    })
    const id = await register('order.placed-value', envelope, [reference('shop.order.Line', 'line')])

    const whole = await registry.schemaById(id)
    expect(eventNameOf(whole)).toBe('order.placed')
    expect((await registry.latest(`${topicPrefix}order.placed-value`)).schema).toEqual(whole)
    const total = { cents: 5n, currency: 'EUR' }
    const value = {
      id: 'a',
      aggregate_id: 'b',
      occurred_at: 1n,
      event_name: 'order.placed',
      payload: {
        lines: [{ price: total, paid_in: 'USD' }],
        total,
        by_currency: { EUR: total }
      },
      schema_version: 1
    }
    const type = avroType(whole)
    const { payload } = type.fromBuffer(type.toBuffer(value)) as { payload: unknown }
    expect(JSON.parse(JSON.stringify(payload, (_, each) => (typeof each === 'bigint' ? Number(each) : each)))).toEqual({
      lines: [{ price: { cents: 5, currency: 'EUR' }, paid_in: 'USD' }],
      total: { cents: 5, currency: 'EUR' },
      by_currency: { EUR: { cents: 5, currency: 'EUR' } }
    })
    expect(JSON.stringify(whole).match(/"name":"Money"/g)).toHaveLength(1)
  })

  it('is given whole as long as what it refers to is there, deleted or not', async () => {
    await register('away', { type: 'record', name: 'Away', fields: [] })
    const id = await register('to-away', { type: 'record', name: 'To', fields: [{ name: 'a', type: 'Away' }] }, [
      reference('Away', 'away')
    ])
    await fetch(`${registryUrl}/subjects/${topicPrefix}away`, { method: 'DELETE' })
    expect(await registry.schemaById(id)).toMatchObject({ fields: [{ type: { name: 'Away' } }] })
  })
})

describe('what is no Avro', () => {
  const others: readonly [string, string, string][] = [
    ['JSON', '{"$schema":"http://json-schema.org/draft-07/schema#"}', 'is of the type JSON, and events are Avro'],
    ['PROTOBUF', 'syntax = "proto3"; message A { int32 a = 1; }', 'is of the type PROTOBUF, and events are Avro']
  ]
  it.each(others)('%s is refused with this reason', async (schemaType, schema, reason) => {
    const subject = `other-${schemaType}`
    const id = await register(subject, schema, [], schemaType)
    for (const ask of [() => registry.schemaById(id), () => registry.latest(topicPrefix + subject)]) {
      const error = await ask().catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(RegistryError)
      expect(error).toMatchObject({ code: 'SCHEMA_UNSUPPORTED', retryable: false })
      expect((error as Error).message).toContain(reason)
    }
  })
})
