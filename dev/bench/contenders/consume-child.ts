// Consumes a number of events and reports how fast: consume-child.ts <raw|group|batch> <group> <prefix> <json of Work> <file>
// `raw` is what one writes first: `eachBatch` of kafkajs as it comes, each value decoded as the group does it. `group` has a handler of
// one event, `batch` one of many.
import { writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import { createConsumerGroup } from '../../../consumers/index.ts'
import { catalogue, type Events } from '../../../schemas/catalogue/index.ts'
import { createRegistry, type Envelope, envelopeReader, readSchemaId } from '../../../schemas/index.ts'
import type { ConsumeReport, ConsumeWork } from './consume.ts'

const [who, group = '', prefix = '', workText = '', file = ''] = process.argv.slice(2)
const { eventNames, events, handlerMs, concurrency, maxEvents } = JSON.parse(workText) as ConsumeWork
// As a service has it: with the command line all its commands would be in memory too.
const { KAFKA_BROKERS: brokers = '', SCHEMA_REGISTRY_URL: registryUrl = '' } = process.env

let handled = 0
let first = 0
let cpu = process.cpuUsage()

/** Counts what was handled; with the last of it the report is written. */
function count(more: number): void {
  if (handled === 0) {
    first = performance.now()
    cpu = process.cpuUsage()
  }
  handled += more
  if (handled < events || handled - more >= events) return
  const { user, system } = process.cpuUsage(cpu)
  const report: ConsumeReport = {
    events: handled,
    seconds: (performance.now() - first) / 1_000,
    processor: (user + system) / 1e6,
    peakMemory: process.resourceUsage().maxRSS * 1024
  }
  writeFileSync(file, JSON.stringify(report))
}

const stop = who === 'raw' ? await startRaw() : await startGroup()
process.once('SIGTERM', () => void stop())

async function startGroup(): Promise<() => Promise<void>> {
  const onEvent = handlerMs > 0 ? () => delay(handlerMs).then(() => count(1)) : () => count(1)
  const onBatch = async (batch: readonly Envelope[]): Promise<void> => {
    if (handlerMs > 0) await delay(handlerMs)
    count(batch.length)
  }
  const member = createConsumerGroup<Events>({
    connection: { kafka: { brokers: [brokers] }, registry: { url: registryUrl } },
    group,
    topicPrefix: prefix,
    catalogue,
    ...(concurrency !== undefined && { concurrency }),
    handlers: Object.fromEntries(
      eventNames.map(name => [name, who === 'batch' ? { onBatch, ...(maxEvents && { maxEvents }) } : onEvent])
    )
  })
  await member.start()
  return () => member.close()
}

async function startRaw(): Promise<() => Promise<void>> {
  const kafka = new kafkajs.Kafka({
    brokers: [brokers],
    clientId: 'raw',
    logLevel: kafkajs.logLevel.ERROR
  })
  const registry = createRegistry({ url: registryUrl })
  const readers = new Map<string, (value: Buffer) => Envelope>()
  const readerOf = async (name: string, value: Buffer) => {
    const key = `${readSchemaId(value)} ${name}`
    const known = readers.get(key)
    if (known) return known
    const reader = envelopeReader(catalogue.version(name), await registry.schemaById(readSchemaId(value)))
    readers.set(key, reader)
    return reader
  }
  // With an older idea of the topics it would miss partitions that were made a moment ago.
  const consumer = kafka.consumer({ groupId: prefix + group, metadataMaxAge: 2_000 })
  await consumer.connect()
  await consumer.subscribe({ topics: eventNames.map(name => prefix + name), fromBeginning: true })
  await consumer.run({
    autoCommitInterval: 1_000,
    eachBatch: async ({ batch }) => {
      const name = batch.topic.slice(prefix.length)
      for (const { value } of batch.messages) {
        if (!value) continue
        const reader = readers.get(`${readSchemaId(value)} ${name}`) ?? (await readerOf(name, value))
        reader(value)
        count(1)
      }
    }
  })
  return () => consumer.disconnect()
}
