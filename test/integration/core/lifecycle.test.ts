import { afterAll } from 'vitest'
import { createConsumerGroup } from '../../../consumers/index.ts'
import { createBus, memoryStore } from '../../../producers/bus/index.ts'
import { createProducer } from '../../../producers/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { createSink } from '../../../sink/index.ts'
import { postgresEventStore } from '../../../trail/index.ts'
import { lifecycleConformance } from '../../conformance/lifecycle.ts'
import { rerouted } from '../../support/stack.ts'
import { testTrail } from '../../support/trail.ts'

const { connection, topicPrefix, sinkOptions } = await testTrail()
const nowhere = rerouted(connection, {
  brokers: ['127.0.0.1:1'],
  registryUrl: 'http://127.0.0.1:1',
  databaseUrl: 'postgres://127.0.0.1:1/trail'
})
const store = postgresEventStore(connection)
afterAll(() => store.close())
const handlers = { 'badge.awarded': () => undefined }
const common = { catalogue, topicPrefix }

lifecycleConformance('a producer', () => ({
  make: () => createProducer({ ...common, connection }),
  makeFailing: () => createProducer({ ...common, connection: nowhere })
}))

lifecycleConformance('an in-process bus', () => ({ make: () => createBus({ catalogue, store: memoryStore() }) }))

lifecycleConformance('an in-process bus into Postgres', () => ({ make: () => createBus({ catalogue, store }) }))

lifecycleConformance('a consumer group', () => ({
  make: () => createConsumerGroup({ ...common, connection, group: 'lifecycle', handlers }),
  makeFailing: () => createConsumerGroup({ ...common, connection: nowhere, group: 'lifecycle', handlers })
}))

lifecycleConformance('a sink', () => ({
  make: () => createSink(sinkOptions),
  makeFailing: () => createSink({ ...sinkOptions, connection: nowhere })
}))
