import { randomUUID } from 'node:crypto'
import { v7 } from 'uuid'
import { expect, test } from 'vitest'
import { createConsumerGroup } from '../../../../consumers/index.ts'
import {
  type AvroRecord,
  type AvroSchema,
  catalogueOf,
  composeEnvelope,
  type EventMap,
  writerType
} from '../../../../schemas/index.ts'
import { createSink } from '../../../../sink/index.ts'
import { wire } from '../../../support/kafka/wire.ts'
import { eventually } from '../../../support/stack.ts'
import { badge, testTrail } from '../../../support/trail.ts'

const trail = await testTrail({ partitions: 1 })
await trail.offer('badge.awarded')

const payloadOf = (...fields: object[]): AvroRecord =>
  ({ type: 'record', name: 'Odd', fields }) as unknown as AvroRecord

/** Registers a schema as any other client does, unchecked by us. @returns its id; undefined where the registry refuses it */
async function registerIfTaken(eventName: string, schema: AvroSchema): Promise<number | undefined> {
  const subject = encodeURIComponent(`${trail.topicPrefix}${eventName}-value`)
  const answer = await fetch(`${trail.registryUrl}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    // JavaScript writes the largest long with other digits.
    body: JSON.stringify({ schema: JSON.stringify(schema).replace('9223372036854776000', '9223372036854775807') })
  })
  return ((await answer.json()) as { id?: number }).id
}

async function registerAnywhere(eventName: string, schema: AvroSchema): Promise<number> {
  const id = await registerIfTaken(eventName, schema)
  if (id === undefined) throw new Error(`the registry does not take ${JSON.stringify(schema).slice(0, 2_000)}`)
  return id
}

let events = 0
/** A topic whose only schema has this payload, and one event of it. */
async function offerOdd(payload: AvroRecord, bytes: Buffer) {
  events += 1
  const eventName = `odd.sent${events}`
  const schemaId = await registerIfTaken(eventName, composeEnvelope(eventName, payload))
  if (schemaId === undefined) return undefined
  await trail.makeTopic(eventName)
  const id = v7()
  const aggregateId = randomUUID()
  // What is around the payload is the same in any schema.
  const plain = writerType(composeEnvelope(eventName, { type: 'record', name: 'Odd', fields: [] }))
  const around = plain.toBuffer({
    id,
    aggregate_id: aggregateId,
    occurred_at: BigInt(Date.now()) * 1_000n,
    event_name: eventName,
    payload: {},
    schema_version: 1
  })
  const version = around.subarray(-1)
  const value = wire(schemaId, Buffer.concat([around.subarray(0, -1), bytes, version]))
  return { eventName, id, record: { eventName, key: aggregateId, value } }
}

const doubling = Array.from({ length: 16 }).reduce<AvroSchema>(
  (inner, _, level) => ({
    type: 'record',
    name: `L${level}`,
    fields: [
      { name: 'a', type: inner, default: {} },
      { name: 'b', type: level === 0 ? 'int' : `L${level - 1}`, default: level === 0 ? 1 : {} }
    ]
  }),
  { type: 'record', name: 'Last', fields: [{ name: 'x', type: 'int', default: 1 }] }
)

const odd: Record<string, { payload: AvroRecord; bytes: Buffer; json?: object }> = {
  'a default of the second branch': {
    payload: payloadOf({ name: 'x', type: ['string', 'null'], default: null }),
    bytes: Buffer.from([2]),
    json: { x: null }
  },
  'a reference in braces': {
    payload: payloadOf(
      { name: 'x', type: { type: 'record', name: 'Inner', fields: [{ name: 'y', type: 'int' }] } },
      { name: 'z', type: { type: 'Inner' } }
    ),
    bytes: Buffer.from([2, 4]),
    json: { x: { y: 1 }, z: { y: 2 } }
  },
  'NaN as a default': {
    payload: payloadOf({ name: 'x', type: 'double', default: 'NaN' }),
    bytes: Buffer.alloc(8),
    json: { x: 0 }
  },
  'the largest long as a default': {
    payload: JSON.parse(
      '{"type":"record","name":"Odd","fields":[{"name":"x","type":"long","default":9223372036854775807}]}'
    ) as AvroRecord,
    bytes: Buffer.from([2]),
    json: { x: 1 }
  },
  'a name beyond ASCII': {
    payload: payloadOf({ name: 'größe', type: 'int' }),
    bytes: Buffer.from([2]),
    json: { größe: 1 }
  },
  'a symbol __proto__': {
    payload: payloadOf({ name: 'x', type: { type: 'enum', name: 'E', symbols: ['A', '__proto__'] } }),
    bytes: Buffer.from([2]),
    json: { x: '__proto__' }
  },
  'fields that every object has': {
    payload: payloadOf({ name: 'constructor', type: 'int' }, { name: 'toString', type: 'int' }),
    bytes: Buffer.from([2, 4]),
    json: { constructor: 1, toString: 2 }
  },
  'attributes of others': {
    payload: {
      ...payloadOf({ name: 'x', type: { type: 'int', 'connect.type': 'int16' }, 'java-class': 'X' }),
      'connect.name': 'com.example.Odd'
    },
    bytes: Buffer.from([2]),
    json: { x: 1 }
  },
  'defaults that double': { payload: payloadOf({ name: 'x', type: doubling }), bytes: Buffer.alloc(0) },
  'more types than are compiled': {
    payload: payloadOf(...Array.from({ length: 10_001 }, (_, index) => ({ name: `f${index}`, type: 'null' }))),
    bytes: Buffer.alloc(0)
  }
}

const newerRegistriesRefuse = ['a reference in braces']

test('a schema that any client registered keeps no event from the trail', { timeout: 120_000 }, async () => {
  const tries = []
  const refused: string[] = []
  for (const [name, { payload, bytes }] of Object.entries(odd)) {
    const offered = await offerOdd(payload, bytes)
    if (offered) tries.push({ name, ...offered })
    else refused.push(name)
  }
  // What the newer Avro library of Apicurio 3.3 refuses, no client can register there.
  expect(newerRegistriesRefuse).toEqual(expect.arrayContaining(refused))
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await trail.send(tries.map(({ record }) => record))
  const [good] = await trail.publish([badge()])
  const stands = () => trail.rows('SELECT 1 FROM event_envelopes WHERE id = $1', [good?.id])
  await eventually(async () => (await stands()).length === 1, { what: 'an event of another topic is stored' })
  await sink.whenCaughtUp()

  const stored = await trail.rows('SELECT event_name, payload FROM event_envelopes')
  const held = await trail.rows('SELECT topic, code FROM sink_quarantine')
  const outcomes = tries.map(({ name, eventName }) => {
    const row = stored.find(each => each.event_name === eventName)
    const quarantined = held.find(each => each.topic === trail.topicPrefix + eventName)
    return [name, row?.payload ?? quarantined?.code]
  })
  expect(Object.fromEntries(outcomes)).toEqual(
    Object.fromEntries(
      Object.entries(odd)
        .filter(([name]) => !refused.includes(name))
        .map(([name, { json }]) => [name, json ?? (name.startsWith('more') ? 'SCHEMA_UNUSABLE' : 'DECODE_FAILED')])
    )
  )
})

test('handlers of our own get events that were written with such schemas', { timeout: 60_000 }, async () => {
  const catalogue = catalogueOf({
    'odd.handled': [payloadOf({ name: 'constructor', type: 'int' }, { name: 'x', type: ['null', 'string'] })]
  })
  const foreign = payloadOf(
    { name: 'constructor', type: 'int', default: 5 },
    { name: 'x', type: ['string', 'null'], default: null, 'connect.name': 'x' },
    { name: 'straße', type: 'string' }
  )
  const schemaId = await registerAnywhere('odd.handled', composeEnvelope('odd.handled', foreign))
  await trail.makeTopic('odd.handled')
  const seen: unknown[] = []
  await using group = createConsumerGroup<EventMap>({
    ...trail.sinkOptions,
    group: 'odd',
    catalogue,
    handlers: { 'odd.handled': ({ payload }) => void seen.push(payload) }
  })
  await group.start()
  const envelope = {
    id: v7(),
    aggregate_id: randomUUID(),
    occurred_at: 1n,
    event_name: 'odd.handled',
    payload: { constructor: 7, x: 'text', straße: 'Hauptstraße' },
    schema_version: 1
  }
  const value = wire(schemaId, writerType(composeEnvelope('odd.handled', foreign)).toBuffer(envelope))
  await trail.send([{ eventName: 'odd.handled', key: envelope.aggregate_id, value }])
  await eventually(() => seen.length > 0, { what: 'the event is handled' })
  expect(seen).toEqual([{ constructor: 7, x: 'text' }])
})

test('an event that nests too deep is put aside, by a sink and by a group, and what follows it is handled', async () => {
  const catalogue = catalogueOf({
    'deep.sent': [payloadOf({ name: 'next', type: ['null', 'Odd'], default: null }, { name: 'x', type: 'int' })]
  })
  await trail.offer('deep.sent', catalogue)
  const nested = (levels: number) =>
    Array.from({ length: levels - 1 }).reduce<object>(next => ({ next, x: 1 }), { next: null, x: 0 })
  const records = await Promise.all(
    [100, 101, 1_000, 1].map(levels =>
      trail.encode({ eventName: 'deep.sent', payload: nested(levels), unchecked: true }, catalogue)
    )
  )
  const seen: string[] = []
  await using group = createConsumerGroup<EventMap>({
    ...trail.sinkOptions,
    group: 'deep',
    catalogue,
    handlers: { 'deep.sent': ({ id }) => void seen.push(id) }
  })
  await using sink = createSink({ ...trail.sinkOptions, eventNames: ['deep.sent'] })
  await Promise.all([group.start(), sink.start()])
  await trail.send(records)
  await eventually(() => seen.length === 2 && group.stats().deadLettered === 2, {
    what: 'all are handled or put aside'
  })
  expect(seen.toSorted()).toEqual([records[0]?.id, records[3]?.id].toSorted())
  await sink.whenCaughtUp()
  const stored = await trail.rows("SELECT id FROM event_envelopes WHERE event_name = 'deep.sent'")
  expect(stored.map(({ id }) => id)).toEqual(expect.arrayContaining(seen))
})
