import { describe, expect, it } from 'vitest'
import { createConsumerGroup } from '../../../../consumers/index.ts'
import { OptionsError } from '../../../../core/index.ts'
import { createBus, memoryStore } from '../../../../producers/bus/index.ts'
import { createProducer } from '../../../../producers/index.ts'
import { catalogue } from '../../../../schemas/catalogue/index.ts'
import { createSink } from '../../../../sink/index.ts'
import { postgresEventStore } from '../../../../trail/index.ts'

const connection = {
  kafka: { brokers: ['localhost:9092'] },
  registry: { url: 'http://localhost:8081' },
  postgres: { url: 'postgres://localhost/trail' }
}
const common = { connection, topicPrefix: 'a.', catalogue }
const handlers = { 'lesson.published': () => undefined }

/** Callers without types. */
const programs: Readonly<Record<string, (options: object) => unknown>> = {
  createProducer: options => createProducer({ ...common, ...options }),
  createConsumerGroup: options => createConsumerGroup({ ...common, group: 'g', handlers, ...options }),
  createSink: options => createSink({ ...common, ...options })
}

function refusal(create: () => unknown): unknown {
  try {
    create()
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error
    const { name, code, message, option, retryable, misconfigured } = error
    return { name, code, message, option, retryable, misconfigured }
  }
  return 'taken'
}

describe('producer, group and sink', () => {
  it.each<[string, object]>([
    ['connection', { connection: undefined }],
    ['connection', { connection: 'localhost:9092' }],
    ['connection.kafka', { connection: { ...connection, kafka: undefined } }],
    ['connection.kafka.brokers', { connection: { ...connection, kafka: {} } }],
    ['connection.kafka.brokers', { connection: { ...connection, kafka: { brokers: [] } } }],
    ['connection.kafka.brokers', { connection: { ...connection, kafka: { brokers: ['localhost'] } } }],
    ['connection.kafka.brokers', { connection: { ...connection, kafka: { brokers: 'localhost:9092' } } }],
    ['connection.kafka.broker', { connection: { ...connection, kafka: { broker: [], brokers: ['a:1'] } } }],
    ['connection.kafka.tls', { connection: { ...connection, kafka: { brokers: ['a:1'], tls: 'yes' } } }],
    ['connection.kafka.sasl.mechanism', { connection: { ...connection, kafka: { brokers: ['a:1'], sasl: {} } } }],
    ['connection.registry', { connection: { ...connection, registry: undefined } }],
    ['connection.registry.url', { connection: { ...connection, registry: { url: 'localhost:8081' } } }],
    ['connection.postgres.url', { connection: { ...connection, postgres: { url: 'localhost/trail' } } }],
    ['topicPrefix', { topicPrefix: 'a b' }],
    ['topicPrefix', { topicPrefix: 5 }],
    ['batch.lingerMs', { batch: { lingerMs: -1 } }]
  ])('refuse a wrong `%s` with the same error: %j', (option, wrong) => {
    const { createConsumerGroup: group, ...publishing } = programs
    const writers = option.startsWith('batch') ? publishing : { ...publishing, group }
    const answers = Object.values(writers).map(create => refusal(() => create?.(wrong)))
    expect(answers[0]).toMatchObject({ name: 'OptionsError', code: 'OPTIONS_INVALID', option, misconfigured: true })
    for (const answer of answers) expect(answer).toEqual(answers[0])
  })

  it('repeat nothing of an address, a name or a password', () => {
    const secrets = {
      kafka: { brokers: ['secret@host:1'], sasl: { mechanism: 'plain', username: 'secret', password: '' } },
      registry: { url: 'ftp://secret@host' },
      postgres: { url: 'http://secret@host' }
    }
    for (const create of Object.values(programs))
      for (const [name, value] of Object.entries(secrets))
        expect(JSON.stringify(refusal(() => create({ connection: { ...connection, [name]: value } })))).not.toContain(
          'secret'
        )
  })
})

describe('a catalogue', () => {
  it.each([undefined, {}, 'events', { eventNames: [] }])('must be given: %j', wrong => {
    const creators = [
      () => programs.createProducer?.({ catalogue: wrong }),
      () => programs.createConsumerGroup?.({ catalogue: wrong }),
      () => createBus({ store: memoryStore(), catalogue: wrong as never })
    ]
    const answers = creators.map(refusal)
    expect(answers[0]).toMatchObject({ option: 'catalogue' })
    for (const answer of answers) expect(answer).toEqual(answers[0])
  })
})

it('a sink and an event store need Postgres', () => {
  const { postgres: _, ...without } = connection
  expect(refusal(() => createSink({ connection: without as never }))).toMatchObject({ option: 'connection.postgres' })
  expect(refusal(() => postgresEventStore(without as never))).toMatchObject({ option: 'postgres' })
})
