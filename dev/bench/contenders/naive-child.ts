// What one writes first: consume, decode, INSERT. naive-child.ts <row|batch> <group> <topic>…
// `row`: one statement and one commit per record. `batch`: one for all that is there, the bare loop of `bench latency`;
// it waits for nothing and would lose what it holds when it falls.
import pg from 'pg'
import { createLogger, loadConfig } from '../../../cli/index.ts'
import { createKafkaClient } from '../../../kafka/kafkajs/index.ts'
import {
  type AvroType,
  avroType,
  createRegistry,
  decodeEnvelope,
  type Envelope,
  readSchemaId
} from '../../../schemas/index.ts'

const [mode, group = '', ...topics] = process.argv.slice(2)
const config = loadConfig()
const { kafka } = createKafkaClient({
  brokers: config.require('brokers'),
  clientId: 'naive',
  log: createLogger({ level: config.get('logLevel') })
})
const registry = createRegistry({ url: config.require('registryUrl') })
const database = new pg.Client({ connectionString: config.require('databaseUrl') })
await database.connect()

const types = new Map<number, AvroType>()
async function decode(value: Buffer): Promise<Envelope> {
  const id = readSchemaId(value)
  const known = types.get(id)
  if (known) return decodeEnvelope(known, value)
  types.set(id, avroType(await registry.schemaById(id)))
  return decode(value)
}

const columns = (envelopes: readonly Envelope[]) => [
  envelopes.map(({ id }) => id),
  envelopes.map(({ aggregate_id }) => aggregate_id),
  envelopes.map(({ occurred_at }) => new Date(Number(occurred_at) / 1_000).toISOString()),
  envelopes.map(({ event_name }) => event_name),
  envelopes.map(({ payload }) => JSON.stringify(payload)),
  envelopes.map(({ schema_version }) => schema_version)
]
const names = 'id, aggregate_id, occurred_at, event_name, payload, schema_version'

// With an older idea of the topics it would miss partitions that were made a moment ago.
const consumer = kafka.consumer({ groupId: group, metadataMaxAge: 2_000 })
await consumer.connect()
await consumer.subscribe({ topics, fromBeginning: true })
if (mode === 'row') {
  await consumer.run({
    eachMessage: async ({ message }) => {
      if (!message.value) return
      await database.query({
        name: 'insert',
        text: `INSERT INTO event_envelopes (${names}) VALUES ($1, $2, $3, $4, $5, $6)`,
        values: columns([await decode(message.value)]).map(([value]) => value)
      })
    }
  })
} else {
  // One statement at a time, with all that arrived meanwhile, whatever partition it is of.
  let waiting: Envelope[] = []
  let writing = false
  const write = async (): Promise<void> => {
    writing = true
    while (waiting.length > 0) {
      const envelopes = waiting
      waiting = []
      await database.query({
        name: 'insert many',
        text: `INSERT INTO event_envelopes (${names})
          SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::jsonb[], $6::smallint[])
          ON CONFLICT DO NOTHING`,
        values: columns(envelopes)
      })
    }
    writing = false
  }
  // By default kafkajs commits offsets after the batch of each partition, and waits for that.
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      const envelopes: Envelope[] = []
      for (const { value } of batch.messages) if (value) envelopes.push(await decode(value))
      waiting.push(...envelopes)
      if (!writing) void write()
    }
  })
}

process.once('SIGTERM', async () => {
  await consumer.disconnect()
  await database.end()
})
