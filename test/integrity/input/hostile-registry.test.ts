import { expect, test } from 'vitest'
import { rawBatch, varint } from '../../support/kafka/raw-batch.ts'
import { foreignEnvelope, registerForeign } from '../../support/schemas/foreign.ts'
import { type Good, hostileStage } from '../harness/hostile-stage.ts'

const stage = await hostileStage({ file: 'hostile-registry.test.ts' })
const attacked = 'badge.awarded'

/** What only a writer of the registry can do. */
async function askRegistry(method: string, path: string, body?: object): Promise<void> {
  const subject = encodeURIComponent(`${stage.trail.topicPrefix}${attacked}-value`)
  const answer = await fetch(`${stage.trail.registryUrl}/${path.replace('{subject}', subject)}`, {
    method,
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    ...(body && { body: JSON.stringify(body) })
  })
  expect(answer.status).toBe(200)
}
// A program that registers anything can also have it compared with nothing.
await askRegistry('PUT', 'config/{subject}', { compatibility: 'NONE' })

/** Registers a version of the event as another client does. */
async function register(eventName: string, fields: readonly unknown[]): Promise<number> {
  const { registryUrl, topicPrefix } = stage.trail
  // JavaScript writes the largest long with other digits.
  const text = JSON.stringify(foreignEnvelope(eventName, fields)).replace('9223372036854776000', '9223372036854775807')
  const id = await registerForeign(registryUrl, `${topicPrefix}${eventName}-value`, text)
  if (id === undefined) throw new Error(`the registry does not take what is to be tried on the sink: ${eventName}`)
  return id
}

/** Sends an event of a foreign schema. Without a payload it is none that could be stored. */
async function sendForeign(schemaId: number, eventName: string, bytes: Buffer, payload?: unknown): Promise<void> {
  const event = stage.foreign(schemaId, eventName, bytes, payload)
  const batch = rawBatch({ records: [event.parts] })
  const offset = await stage.send(batch, payload === undefined ? [] : [event], 0, stage.trail.topicPrefix + eventName)
  expect(offset, 'the broker takes it').toBeDefined()
}

async function sendGood(): Promise<void> {
  const events: Good[] = await Promise.all([stage.good(), stage.good()])
  expect(await stage.send(rawBatch({ records: events.map(({ parts }) => parts) }), events)).toBeDefined()
}

/** Records that each hold the next one twice, with defaults that double with each. */
const doubling = Array.from({ length: 20 }).reduce<unknown>(
  (inner, _, level) => ({
    type: 'record',
    name: `L${level}`,
    fields: [
      { name: 'a', type: inner, default: {} },
      { name: 'b', type: level === 0 ? 'Last' : `L${level - 1}`, default: {} }
    ]
  }),
  { type: 'record', name: 'Last', fields: [{ name: 'x', type: 'int', default: 1 }] }
)
const inner = { type: 'record', name: 'Inner', fields: [{ name: 'y', type: 'int' }] }
const empty = { type: 'record', name: 'Empty', fields: [] }

/** What a registry takes and avsc does not: fields, bytes of a payload, and what it is. */
const odd: readonly (readonly [fields: readonly unknown[], bytes: Buffer, payload: object])[] = [
  [[{ name: 'x', type: ['string', 'null'], default: null }], Buffer.of(2), { x: null }],
  [
    [
      { name: 'x', type: inner },
      { name: 'z', type: { type: 'Inner' } }
    ],
    Buffer.of(2, 4),
    { x: { y: 1 }, z: { y: 2 } }
  ],
  [[{ name: 'x', type: 'double', default: 'NaN' }], Buffer.alloc(8), { x: 0 }],
  [[{ name: 'x', type: 'long', default: 2 ** 63 }], Buffer.of(2), { x: 1 }],
  [[{ name: 'größe', type: 'int' }], Buffer.of(2), { größe: 1 }],
  [[{ name: 'x', type: { type: 'enum', name: 'E', symbols: ['A', '__proto__'] } }], Buffer.of(2), { x: '__proto__' }],
  [[{ name: 'x', type: 'int', 'java-class': 'X' }], Buffer.of(2), { x: 1 }]
]

/** A block of an array, and the end of the array. */
const items = (count: number, bytes = Buffer.alloc(0)): Buffer => Buffer.concat([varint(count), bytes, varint(0)])
const arraysOf = (type: unknown) => [{ name: 'items', type: { type: 'array', items: type } }]

const rows: [name: string, attack: () => Promise<void>][] = [
  [
    'S6: a subject with defaults that double',
    async () => {
      await register('odd.doubled', [{ name: 'x', type: doubling }])
      await stage.trail.makeTopic('odd.doubled')
    }
  ],
  [
    'S6: records of a schema with defaults that double',
    async () => {
      const id = await register(attacked, [{ name: 'x', type: doubling }])
      for (const length of [0, 1, 1_000]) await sendForeign(id, attacked, Buffer.alloc(length))
      await sendGood()
    }
  ],
  [
    'S13: schemas that the registry takes and avsc does not',
    async () => {
      for (const [fields, bytes, payload] of odd) {
        await sendForeign(await register(attacked, fields), attacked, bytes, payload)
        await sendGood()
      }
    }
  ],
  [
    'S13: subjects of schemas that the registry takes and avsc does not',
    async () => {
      for (const [place, [fields, bytes, payload]] of odd.entries()) {
        const eventName = `odd.sent${place}`
        const id = await register(eventName, fields)
        await stage.trail.makeTopic(eventName)
        await sendForeign(id, eventName, bytes, payload)
      }
    }
  ],
  [
    'S13: more types than are compiled, and more levels',
    async () => {
      const many = Array.from({ length: 10_001 }, (_, index) => ({ name: `f${index}`, type: 'null' }))
      const deep = Array.from({ length: 300 }).reduce<unknown>(type => ({ type: 'array', items: type }), 'int')
      await sendForeign(await register(attacked, many), attacked, Buffer.alloc(0))
      await sendForeign(await register(attacked, [{ name: 'x', type: deep }]), attacked, Buffer.of(0))
      await sendGood()
    }
  ],
  [
    'S18: arrays of items without bytes',
    async () => {
      const nulls = await register(attacked, arraysOf('null'))
      const records = await register(
        attacked,
        arraysOf({ type: 'record', name: 'Outer', fields: [{ name: 'it', type: empty }] })
      )
      const lists = await register(attacked, arraysOf({ type: 'array', items: 'null' }))
      await sendForeign(nulls, attacked, items(65_536), { items: Array.from({ length: 65_536 }, () => null) })
      for (const count of [65_537, 16_777_217, 2 ** 31 - 1, 2 ** 40, 2 ** 53]) {
        await sendForeign(nulls, attacked, items(count))
        await sendForeign(records, attacked, items(count))
      }
      // Six kilobytes: each of the arrays within has as many items as there may be in all.
      const within = Buffer.concat(Array.from({ length: 1_000 }, () => items(65_536)))
      await sendForeign(lists, attacked, items(1_000, within))
      // A block that says its length, by a count below zero, and many blocks.
      await sendForeign(nulls, attacked, Buffer.concat([varint(-(2 ** 31)), varint(0), varint(0)]))
      const blocks = Buffer.concat(Array.from({ length: 2_000 }, () => varint(60_000)))
      await sendForeign(nulls, attacked, Buffer.concat([blocks, varint(0)]))
      await sendGood()
    }
  ],
  [
    'S5: the subject is deleted, and the sink is restarted',
    async () => {
      await sendGood()
      await askRegistry('DELETE', 'subjects/{subject}')
      await sendGood()
      await stage.restart()
      await sendGood()
    }
  ],
  [
    'S5: the subject is gone for good, and the sink is restarted',
    async () => {
      await askRegistry('DELETE', 'subjects/{subject}?permanent=true')
      await sendGood()
      await stage.restart()
      await sendGood()
    }
  ]
]

test.each(rows)('%s: the other topic continues, and nothing stops', { timeout: 600_000 }, async (name, attack) => {
  await attack()
  await stage.othersAreStored(name)
  await stage.settled(name)
  stage.expectLittleMemory()
})

test('after all of it the ledger adds up, and every event that can be stored is', async () => {
  await stage.group.finish()
  await stage.expectClean()
  expect(await stage.sink.stop()).toBe(0)
})
