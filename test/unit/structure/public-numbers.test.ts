import { expect, test } from 'vitest'
import { createConsumerGroup } from '../../../consumers/index.ts'
import { createMailer } from '../../../consumers/notifier/index.ts'
import type { ConsumerGroupOptions } from '../../../consumers/options.ts'
import { createPrometheusMeter, createStatusServer } from '../../../observability/prometheus/index.ts'
import { createBus, memoryStore } from '../../../producers/bus/index.ts'
import { createProducer, type ProducerOptions } from '../../../producers/index.ts'
import { catalogue, type Events } from '../../../schemas/catalogue/index.ts'
import { createRegistry } from '../../../schemas/index.ts'
import { createSink, type SinkOptions } from '../../../sink/index.ts'

/** What JavaScript and a setting that was read wrongly give for a number. */
const noNumbers = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, 0.5, '5', '', {}, 5n]

const servers = {
  connection: {
    kafka: { brokers: ['localhost:9092'] },
    registry: { url: 'http://localhost:8081' },
    postgres: { url: 'postgres://localhost/trail' }
  },
  catalogue
}
const handlers = { 'lesson.published': () => undefined }
const sinkOptions = { connection: servers.connection }
const groupOf = (options: object) =>
  createConsumerGroup<Events>({ ...servers, group: 'g', handlers, ...options } as ConsumerGroupOptions<Events>)

type Given = (value: never) => unknown
const sinkNumbers: Record<keyof PickNumbers<SinkOptions>, true> = {
  connections: true,
  sessionTimeoutMs: true,
  topicRefreshMs: true,
  blockedAfterMs: true,
  breakerRecords: true,
  maxBatchBytes: true,
  monthsAhead: true
}
const producerNumbers: Record<keyof PickNumbers<ProducerOptions>, true> = {
  deliveryTimeoutMs: true,
  requestTimeoutMs: true,
  maxMessageBytes: true
}
const groupNumbers: Record<keyof PickNumbers<ConsumerGroupOptions<Events>>, true> = {
  concurrency: true,
  maxUncommitted: true,
  maxBytesHeld: true,
  hangAfterMs: true,
  sessionTimeoutMs: true,
  commitIntervalMs: true,
  topicRefreshMs: true,
  maxBatchBytes: true,
  timeoutMs: true
}
type PickNumbers<T> = { [Key in keyof T as Required<T>[Key] extends number ? Key : never]: T[Key] }

const numbers: readonly (readonly [string, Given])[] = [
  ...Object.keys(sinkNumbers).map(
    name => [`createSink ${name}`, (value: never) => createSink({ ...sinkOptions, [name]: value })] as const
  ),
  ...Object.keys(producerNumbers).map(
    name => [`createProducer ${name}`, (value: never) => createProducer({ ...servers, [name]: value })] as const
  ),
  ...Object.keys(groupNumbers).map(
    name => [`createConsumerGroup ${name}`, (value: never) => groupOf({ [name]: value })] as const
  ),
  ...['attempts', 'initialMs', 'maxMs'].map(
    name => [`createConsumerGroup retry.${name}`, (value: never) => groupOf({ retry: { [name]: value } })] as const
  ),
  ...['maxRecords', 'maxBytes', 'lingerMs'].flatMap(name => [
    [`createSink batch.${name}`, (value: never) => createSink({ ...sinkOptions, batch: { [name]: value } })] as const,
    [
      `createProducer batch.${name}`,
      (value: never) => createProducer({ ...servers, batch: { [name]: value } })
    ] as const
  ]),
  ...['maxRecords', 'maxBytes'].map(
    name =>
      [
        `createProducer buffer.${name}`,
        (value: never) => createProducer({ ...servers, buffer: { [name]: value } })
      ] as const
  ),
  ['createConsumerGroup deadLetters.retentionMs', value => groupOf({ deadLetters: { retentionMs: value } })],
  ['whenCaughtUp of a sink', value => createSink(sinkOptions).whenCaughtUp({ timeoutMs: value })],
  ['drain of a sink', value => createSink(sinkOptions).drain({ timeoutMs: value })],
  ['drain of a group', value => groupOf({}).drain({ timeoutMs: value })],
  ['drain of a producer', value => createProducer(servers).drain({ timeoutMs: value })],
  ['drain of a bus', value => createBus({ catalogue, store: memoryStore() }).drain({ timeoutMs: value })],
  ['whenCaughtUp of a group', value => groupOf({}).whenCaughtUp({ timeoutMs: value })],
  ['createBus bufferSize', value => createBus({ catalogue, store: memoryStore(), bufferSize: value })],
  [
    'subscribe bufferSize',
    value => createBus({ catalogue, store: memoryStore() }).subscribe('s', { bufferSize: value })
  ],
  ['createRegistry timeoutMs', value => createRegistry({ url: 'http://localhost', timeoutMs: value })],
  ['createPrometheusMeter maxSeries', value => createPrometheusMeter({ metrics: {}, maxSeries: value })],
  ['createMailer connections', value => createMailer({ url: 'smtp://localhost', from: 'a@b.c', connections: value })],
  [
    'createStatusServer port',
    value =>
      createStatusServer({
        port: value,
        host: '127.0.0.1',
        health: () => ({ notReady: [], dead: [] }),
        metrics: async () => ({ contentType: '', body: '' })
      })
  ]
]

// One that is taken for "no bound" waits indefinitely, and one that is taken for 0 not at all.
test.each(numbers)('%s is a number, or refused at once with an error of this package', async (name, given) => {
  for (const value of noNumbers) {
    // What Node itself reads as a port.
    if (name.endsWith('port') && value === '5') continue
    const refusal = await Promise.resolve()
      .then(() => given(value as never))
      .then(
        () => undefined,
        (error: unknown) => error
      )
    expect(refusal, `${name}: ${String(value)}`).toMatchObject({
      code: expect.stringMatching(/^(OPTIONS?_INVALID|CONFIG_INVALID)$/),
      retryable: false
    })
  }
})
