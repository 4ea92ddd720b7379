import { expect, it } from 'vitest'
import { createConsumerGroup } from '../../../../consumers/index.ts'
import { createBus, memoryStore } from '../../../../producers/bus/index.ts'
import { createProducer } from '../../../../producers/index.ts'
import { catalogue } from '../../../../schemas/catalogue/index.ts'
import { createSink } from '../../../../sink/index.ts'

const connection = {
  connection: {
    kafka: { brokers: ['localhost:9092'] },
    registry: { url: 'http://localhost:8081' },
    postgres: { url: 'postgres://localhost/trail' }
  },
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

it.each(Object.entries(parts))('%s refuses an option that is misspelt, and says which one is meant', (_, create) => {
  for (const name of ['topicPrefx', 'topic_prefix', 'topicPrefix\u0007'])
    expect(() => create({ [name]: 'S3cret' })).toThrow(
      expect.objectContaining({
        code: 'OPTIONS_INVALID',
        message: expect.not.stringContaining('S3cret')
      })
    )
  expect(() => create({ topicPrefx: 'x' })).toThrow(
    /^Expected `topicPrefx` to be left out: .*did you mean `topicPrefix`\?/
  )
  for (const name of ['env', 'mailer', 'lineNumber', 'x'])
    expect(() => create({ [name]: 1 })).toThrow(new RegExp(`^Expected \`${name}\` to be left out: .*the options are`))
})

it.each([
  ['retry', { attemps: 3 }],
  ['deadLetters', { retention_ms: 3 }]
])('and so in %s of a group', (name, value) => {
  expect(() => parts.createConsumerGroup?.({ [name]: value })).toThrow(
    new RegExp(`^Expected \`${name}\\.\\w+\` to be left`)
  )
})

it('publish refuses one before anything is stored', async () => {
  const stored: unknown[] = []
  await using bus = createBus({ catalogue, store: { append: async events => void stored.push(events) } })
  const options = { occuredAt: new Date() } as object
  const badge = {
    badge_id: '0190f8a0-0000-7000-8000-000000000001',
    awarded_to: '0190f8a0-0000-7000-8000-000000000001',
    reason: 'r'
  }
  await expect(bus.publish('badge.awarded', badge.badge_id, badge, options)).rejects.toThrow(
    'badge.awarded: expected `occuredAt` to be left out: there is no option of this name, did you mean `occurredAt`?'
  )
  const event = { eventName: 'badge.awarded', aggregateId: badge.badge_id, payload: badge } as const
  await expect(bus.publishAll([{ ...event, ...options }])).rejects.toThrow()
  expect(stored).toEqual([])
  await bus.publishAll([{ ...event, occurredAt: new Date(), actor: 'a', lineNumber: 1 } as typeof event])
  expect(stored).toHaveLength(1)
})
