import { afterAll } from 'vitest'
import { createProducer } from '../../../producers/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { avroType, createRegistry, decodeEnvelope, readSchemaId } from '../../../schemas/index.ts'
import { publisherConformance } from '../../conformance/publisher.ts'
import { testTopics } from '../../support/kafka/topics.ts'
import { testEnvironment } from '../../support/stack.ts'

const environment = await testEnvironment()
const { read } = await testTopics(environment)
const registry = createRegistry({ url: environment.registryUrl })

publisherConformance('the Kafka producer', async () => {
  const producer = createProducer({
    connection: environment.connection,
    topicPrefix: environment.topicPrefix,
    catalogue
  })
  afterAll(() => producer.close())
  return {
    publisher: producer,
    // Read as a stranger would: by the schema that the value names.
    stored: async eventName => {
      const records = (await read(eventName)).flatMap(({ value }) => value ?? [])
      const types = new Map<number, ReturnType<typeof avroType>>()
      for (const id of new Set(records.map(readSchemaId))) types.set(id, avroType(await registry.schemaById(id)))
      return records.map(value => decodeEnvelope(types.get(readSchemaId(value)) as ReturnType<typeof avroType>, value))
    }
  }
})
