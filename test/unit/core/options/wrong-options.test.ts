import { describe, expect, it } from 'vitest'
import { createConnection } from '../../../../connection/index.ts'
import { createConsumerGroup } from '../../../../consumers/index.ts'
import { createIndexer, postgresIndex } from '../../../../consumers/indexer/index.ts'
import {
  createDeliverer,
  createMailer,
  createNotifier,
  postgresDeliveries,
  postgresDirectory
} from '../../../../consumers/notifier/index.ts'
import { OptionsError } from '../../../../core/index.ts'
import { createPrometheusMeter, createStatusServer } from '../../../../observability/prometheus/index.ts'
import { createBus, memoryStore } from '../../../../producers/bus/index.ts'
import { createProducer } from '../../../../producers/index.ts'
import { catalogue } from '../../../../schemas/catalogue/index.ts'
import { catalogueOf, createRegistry, generateTypes, loadCatalogue } from '../../../../schemas/index.ts'
import { createSink, sinkMetrics } from '../../../../sink/index.ts'
import { postgresEventStore } from '../../../../trail/index.ts'

const servers = {
  kafka: { brokers: ['localhost:9092'] },
  registry: { url: 'http://localhost:8081' },
  postgres: { url: 'postgres://localhost/trail' }
}
const common = { connection: servers, catalogue }
const nothing = () => undefined

/** Callers without types: each function with options that it takes. */
const all: Readonly<Record<string, readonly [create: (options: never) => unknown, right: object]>> = {
  createProducer: [createProducer, common],
  createConsumerGroup: [createConsumerGroup, { ...common, group: 'g', handlers: { 'lesson.published': nothing } }],
  createSink: [createSink, { connection: servers }],
  createBus: [createBus, { catalogue, store: memoryStore() }],
  createIndexer: [createIndexer, { ...common, documents: { 'lesson.published': nothing }, index: { put: nothing } }],
  createNotifier: [
    createNotifier,
    {
      ...common,
      mails: { 'lesson.published': { to: nothing, content: nothing } },
      deliveries: { queue: nothing, subscriptions: nothing },
      recipients: { find: nothing }
    }
  ],
  createDeliverer: [
    createDeliverer,
    { deliveries: { claim: nothing, record: nothing }, mailer: { send: nothing }, recipients: { find: nothing } }
  ],
  createMailer: [createMailer, { url: 'smtp://localhost:25', from: 'a@b.example' }],
  createRegistry: [createRegistry, { url: 'http://localhost:8081' }],
  createConnection: [createConnection, servers],
  createPrometheusMeter: [createPrometheusMeter, { metrics: sinkMetrics }],
  createStatusServer: [createStatusServer, { port: 0, host: '127.0.0.1', health: nothing, metrics: nothing }],
  postgresEventStore: [postgresEventStore, servers],
  postgresIndex: [postgresIndex, servers],
  postgresDirectory: [postgresDirectory, servers],
  postgresDeliveries: [postgresDeliveries, servers]
}

const withoutLog = ['createBus', 'createMailer', 'createConnection', 'createPrometheusMeter', 'createStatusServer']

/** The OptionsError that a call ends with; anything else fails the test. */
async function refusal(call: () => unknown): Promise<OptionsError> {
  try {
    await call()
  } catch (error) {
    if (error instanceof OptionsError) return error
    throw error
  }
  throw new Error('not refused')
}

describe.each(Object.entries(all))('%s', (name, [create, right]) => {
  const with_ = (wrong: object) => create({ ...right, ...wrong } as never)

  it.each([undefined, null, 5, 'text', []])('refuses %j in place of options', async wrong => {
    const { message, option } = await refusal(() => create(wrong as never))
    expect(message).toMatch(/^Expected `\w+` to be an object/)
    expect(option).toBe(name === 'createConnection' ? 'connection' : 'options')
  })

  it.each(['foo', 'x', 'clientId', 'unknownOption'])('refuses the option %s, which there is not', async wrong => {
    const { message } = await refusal(() => with_({ [wrong]: 1 }))
    expect(message).toMatch(new RegExp(`\`(connection\\.)?${wrong}\` to be left out: there is no option of this name`))
  })

  it.each(['log', 'meter'])('refuses a %s that is none, if it has one', async option => {
    for (const wrong of [null, {}, 5, 'text'])
      if (name.startsWith('create') && !withoutLog.includes(name)) {
        if (name === 'createRegistry' && option === 'meter') continue
        expect(await refusal(() => with_({ [option]: wrong }))).toMatchObject({ option })
      }
  })
})

describe.each(
  Object.entries(all).filter(([, [, right]]) => 'connection' in right || 'kafka' in right)
)('the connection of %s', (_, [create, right]) => {
  const isConnection = 'kafka' in right
  const reach = (change: object) =>
    refusal(() =>
      create((isConnection ? { ...right, ...change } : { ...right, connection: { ...servers, ...change } }) as never)
    )

  it.each<[string, object, RegExp]>([
    ['kafka.ssl', { kafka: { brokers: ['a:1'], ssl: true } }, /did you mean `tls`/],
    ['kafka.tsl', { kafka: { brokers: ['a:1'], tsl: true } }, /there is no option of this name/],
    ['kafka.clientId', { kafka: { brokers: ['a:1'], clientId: 'a' } }, /the options are brokers, tls, sasl/],
    ['kafka.log', { kafka: { brokers: ['a:1'], log: {} } }, /there is no option of this name/],
    ['registry.uri', { registry: { url: 'http://a', uri: 'http://a' } }, /did you mean `url`/],
    ['registry.urls', { registry: { url: 'http://a', urls: [] } }, /did you mean `url`/],
    ['registry.ssl', { registry: { url: 'http://a', ssl: true } }, /did you mean `tls`/],
    ['postgres.ssl', { postgres: { url: 'postgres://a/b', ssl: true } }, /the options are url/],
    ['kafka.brokers', { kafka: { brokers: 'localhost:9092' } }, /a list of host:port, such as .*, got one text/],
    ['postgres.url', { postgres: { url: 'postgres://a/b?foo=1' } }, /to be a URL with no parameters after its \? but/]
  ])('is refused for a wrong `%s`', async (option, change, words) => {
    const error = await reach(change)
    expect(error.message).toMatch(words)
    expect(error.option).toMatch(new RegExp(`^(connection\\.)?${option}$`))
  })
})

it('shared connections and instances of classes are taken as options', async () => {
  await using connection = createConnection(servers)
  class Settings {
    readonly connection = connection
    readonly catalogue = catalogue
    readonly source = 'orders'
    readonly more = 'of its own'
  }
  await using producer = createProducer(new Settings())
  expect(producer.state).toBe('new')
  for (const name of ['ssl', 'topic_prefix', 'logger'])
    await refusal(() => createProducer(Object.assign(new Settings(), { [name]: true })))
})

it.each<[string, object, RegExp]>([
  ['createProducer', { prefix: 'a.' }, /did you mean `topicPrefix`/],
  ['createProducer', { logger: {} }, /did you mean `log`/],
  ['createSink', { maxRecords: 5 }, /did you mean `batch`/],
  ['createSink', { eventNames: [] }, /`eventNames` to be a list of at least one event name/],
  ['createConsumerGroup', { retries: 3 }, /did you mean `retry`/],
  ['createConsumerGroup', { deadLetters: { x: 1 } }, /`deadLetters\.x` to be left out/],
  ['createConsumerGroup', { handlers: {} }, /`handlers`/],
  [
    'createConsumerGroup',
    { handlers: { 'lesson.published': 3 } },
    /`handlers\['lesson\.published'\]` to be a function/
  ],
  ['createConsumerGroup', { handlers: { 'lesson.published': undefined } }, /to be a function/],
  ['createConsumerGroup', { handlers: { 'order.placed': nothing } }, /`handlers` to be for events of the catalogue/],
  ['createBus', { store: {} }, /`store`/],
  ['createIndexer', { documnts: {} }, /did you mean `documents`/],
  ['createIndexer', { documents: undefined }, /`documents`/],
  ['createIndexer', { index: {} }, /`index`/],
  ['createNotifier', { deliveries: {} }, /`deliveries`/],
  ['createNotifier', { events: 'order.placed' }, /`events` to be a list/],
  ['createDeliverer', { mailer: null }, /`mailer`/],
  ['createDeliverer', { mailer: undefined }, /`mailer` to be given, or `webhooks`/],
  ['createDeliverer', { webhooks: { key: 'c2hvcnQ=' } }, /`webhooks.key` to be 32 random bytes/],
  [
    'createDeliverer',
    { webhooks: { key: 'c2hvcnQ=', allowedNetworks: ['10.0.0.0/99'] } },
    /`webhooks.allowedNetworks`/
  ],
  ['createRegistry', { url: 'localhost:8081' }, /`url` to be a URL that begins with http/],
  ['createRegistry', { url: 'ftp://localhost' }, /`url` to be a URL that begins with http/]
])('%s refuses %j', async (name, wrong, words) => {
  const [create, right] = all[name] as (typeof all)[string]
  expect((await refusal(() => create({ ...right, ...wrong } as never))).message).toMatch(words)
})

it('drain, whenCaughtUp and subscribe refuse what is no option of theirs', async () => {
  await using bus = createBus({ catalogue, store: memoryStore() })
  await refusal(() => bus.subscribe('a', { buffer: 5 } as never))
  await refusal(() => bus.subscribe('a', null as never))
  await refusal(() => bus.subscribe('a', { eventNames: 'lesson.published' } as never))
  await refusal(() => bus.drain({ timeout: 5 } as never))
  await refusal(() => bus.drain(5 as never))
  const [create, right] = all.createConsumerGroup as (typeof all)[string]
  const group = create(right as never) as ReturnType<typeof createConsumerGroup>
  await refusal(() => group.whenCaughtUp({ timeout: 5 } as never))
  await group.close()
})

it('the functions of catalogues refuse what is none', async () => {
  for (const wrong of [undefined, null, 5, { 'lesson.published': 3 }]) {
    await refusal(() => catalogueOf(wrong as never))
    await refusal(() => generateTypes(wrong as never))
    await refusal(() => loadCatalogue(wrong as never))
  }
})
