import { expect, it } from 'vitest'
import { createConsumerGroup } from '../../../consumers/index.ts'
import { createBus, memoryStore } from '../../../producers/bus/index.ts'
import { createProducer } from '../../../producers/index.ts'
import { catalogue } from '../../../schemas/index.ts'
import { createSink } from '../../../sink/index.ts'

const connection = {
  brokers: ['localhost:9092'],
  registryUrl: 'http://localhost:8081',
  databaseUrl: 'postgres://localhost/trail',
  topicPrefix: 'a.',
  catalogue
}
const group = { group: 'g', handlers: { 'lesson.published': () => undefined } }

/** Callers without types. */
const parts: Readonly<Record<string, (options: object) => unknown>> = {
  createProducer: options => createProducer({ ...connection, ...options }),
  createSink: options => createSink({ ...connection, ...options }),
  createConsumerGroup: options => createConsumerGroup({ ...connection, ...group, ...options }),
  createBus: options => createBus({ store: memoryStore(), ...connection, ...options })
}

it.each(Object.entries(parts))('%s refuses an option that there is not, and says which there are', (_, create) => {
  for (const name of ['topicPrefx', 'toString', '\u001b[2J'])
    expect(() => create({ [name]: 'S3cret' })).toThrow(
      expect.objectContaining({
        code: expect.stringMatching(/^OPTIONS?_INVALID$/),
        message: expect.not.stringContaining('S3cret')
      })
    )
  expect(() => create({ topicPrefx: 'x' })).toThrow(/^Expected `topicPrefx` to be left out: there is n.* only .*\w, \w/)
  expect(() => create({})).not.toThrow()
})

it.each([
  ['retry', { attemps: 3 }],
  ['deadLetters', { retention: 3 }]
])('nor are there others in %s of a group', (name, value) => {
  expect(() => parts.createConsumerGroup?.({ [name]: value })).toThrow(
    new RegExp(`^Expected \`${name}\\.\\w+\` to be left`)
  )
})

it('publish refuses one before anything is stored', async () => {
  const stored: unknown[] = []
  await using bus = createBus({ store: { append: async events => void stored.push(events) } })
  const options = { occuredAt: new Date() } as object
  const badge = {
    badge_id: '0190f8a0-0000-7000-8000-000000000001',
    awarded_to: '0190f8a0-0000-7000-8000-000000000001',
    reason: 'r'
  }
  await expect(bus.publish('badge.awarded', badge.badge_id, badge, options)).rejects.toThrow(
    'badge.awarded: expected `occuredAt` to be left out: there is no option of this name, only id, occurredAt'
  )
  const event = { eventName: 'badge.awarded', aggregateId: badge.badge_id, payload: badge } as const
  await expect(bus.publishAll([{ ...event, ...options }])).rejects.toThrow()
  expect(stored).toEqual([])
  await bus.publishAll([{ ...event, occurredAt: new Date(), actor: 'a' }])
  expect(stored).toHaveLength(1)
})
