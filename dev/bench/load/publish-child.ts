// Publishes at an even rate: publish-child.ts <sdk|bare> <prefix> <events a second> <seconds> <file>
// Each event carries the time at which it was due; what the publisher is late counts as latency.
// `sdk` is the producer of this project, `bare` the Kafka client with records that are encoded here.
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { v7 } from 'uuid'
import { connectionOf, loadConfig } from '../../../cli/index.ts'
import { partitionFor } from '../../../kafka/index.ts'
import { createKafkaClient } from '../../../kafka/kafkajs/index.ts'
import { createProducer } from '../../../producers/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { createRegistry, type EventVersion, encodeEnvelope } from '../../../schemas/index.ts'
import { wallClock } from '../measure/index.ts'
import { randomFrom, shapes } from './shapes.ts'

interface Due {
  readonly version: EventVersion
  readonly aggregateId: string
  readonly payload: Record<string, unknown>
  readonly occurredAt: bigint
}
interface Sender {
  /** Sends and does not wait; a failure ends this process. */
  send(events: readonly Due[]): void
  close(): Promise<void>
}

const [kind, prefix = '', rateText, secondsText, file = ''] = process.argv.slice(2)
const rate = Number(rateText)
const total = rate * Number(secondsText)
const config = loadConfig()
const brokers = config.require('brokers')
const registryUrl = config.require('registryUrl')

async function sdkSender(): Promise<Sender> {
  const producer = createProducer({ connection: connectionOf(config), topicPrefix: prefix, catalogue, source: 'bench' })
  await producer.start()
  const publish = producer.publish.bind(producer) as (
    name: string,
    aggregateId: string,
    payload: object,
    options: { occurredAt: bigint }
  ) => Promise<unknown>
  return {
    send(events) {
      for (const { version, aggregateId, payload, occurredAt } of events)
        void publish(version.eventName, aggregateId, payload, { occurredAt }).catch(fail)
    },
    close: () => producer.drain()
  }
}

async function bareSender(): Promise<Sender> {
  const producer = createKafkaClient({ brokers, clientId: 'bare' }).kafka.producer({ allowAutoTopicCreation: false })
  await producer.connect()
  const registry = createRegistry({ url: registryUrl })
  const latest = new Map<string, { id: number; version: number }>()
  for (const name of catalogue.eventNames) latest.set(name, await registry.latest(`${prefix}${name}-value`))
  const encode = ({ version, aggregateId, payload, occurredAt }: Due): Buffer => {
    const { id, version: number } = latest.get(version.eventName) ?? { id: 0, version: 0 }
    return encodeEnvelope(
      version,
      id,
      { id: v7(), aggregate_id: aggregateId, occurred_at: occurredAt, payload },
      number
    )
  }
  // One request at a time, with all that became due meanwhile: more of them in flight would only wait in the broker.
  let waiting: Due[] = []
  let sending: Promise<void> | undefined
  const sendAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      const topics = Map.groupBy(waiting, ({ version }) => prefix + version.eventName)
      waiting = []
      const topicMessages = [...topics].map(([topic, group]) => ({
        topic,
        messages: group.map(each => ({
          key: each.aggregateId,
          value: encode(each),
          partition: partitionFor(each.aggregateId, shapes.plain.partitions)
        }))
      }))
      await producer.sendBatch({ acks: -1, topicMessages })
    }
    sending = undefined
  }
  return {
    send(events) {
      waiting.push(...events)
      sending ??= sendAll().catch(fail)
    },
    async close() {
      await sending
      await producer.disconnect()
    }
  }
}

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(1)
}

const random = randomFrom(rate)
const versions = shapes.plain.events.map(all => all.at(-1) as EventVersion)
const prepared = Array.from({ length: 2_000 }, (_, index) => {
  const version = versions[index % versions.length] as EventVersion
  return { version, aggregateId: randomUUID(), payload: shapes.plain.payload(version, random) }
})

const sender = kind === 'sdk' ? await sdkSender() : await bareSender()
const start = wallClock() + 50
for (let sent = 0; sent < total; ) {
  const now = wallClock()
  const due = Math.min(total, Math.floor(((now - start) * rate) / 1_000) + 1)
  const events: Due[] = []
  for (; sent < due; sent += 1) {
    const event = prepared[sent % prepared.length]
    if (event) events.push({ ...event, occurredAt: BigInt(Math.round((start + (sent * 1_000) / rate) * 1_000)) })
  }
  if (events.length > 0) sender.send(events)
  await delay(1)
}
const late = wallClock() - (start + (total * 1_000) / rate)
await sender.close()
writeFileSync(file, JSON.stringify({ start, sent: total, late }))
