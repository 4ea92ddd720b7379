import { randomUUID } from 'node:crypto'
import { v7 } from 'uuid'
import { partitionFor } from '../../../kafka/index.ts'
import type { KafkajsClient } from '../../../kafka/kafkajs/index.ts'
import { type EventVersion, encodeEnvelope, type Registered, type Registry } from '../../../schemas/index.ts'
import type { TrailRow } from '../../../trail/index.ts'
import { type Flaw, randomFrom, type Shape } from './shapes.ts'
import { makeTopics } from './topics.ts'

/** Gets every good row besides: the same rows as a file, or as other records. */
export interface RowOutput {
  add(row: TrailRow): void
  /** Called every few thousand rows, and at the end. */
  flush(): Promise<void>
}

/** What is in Kafka. */
export interface Loaded {
  readonly shape: Shape
  /** Put before each event name. */
  readonly prefix: string
  readonly records: number
  readonly expected: {
    readonly rows: number
    readonly duplicates: number
    readonly undecodable: number
    readonly refused: number
  }
  /** Bytes of all values. */
  readonly bytes: number
}

export interface LoadOptions {
  readonly client: KafkajsClient
  readonly registry: Registry
  readonly shape: Shape
  readonly records: number
  readonly prefix?: string
  /** How many different ones there are. Default 20,000. */
  readonly aggregates?: number
  readonly outputs?: readonly RowOutput[]
  readonly signal?: AbortSignal
  readonly onProgress?: (records: number) => void
}

// Where the identity is in an envelope: 5 bytes of wire format, then two strings of 36 with a byte of length each.
const idAt = 6
const aggregateAt = idAt + 36 + 1
const farBehind = 300

/** An event that was encoded once as the SDK does; records get their own identity written over it. */
interface Variant {
  readonly value: Buffer
  readonly json: string
  readonly occurredAt: bigint
}

interface LoadedEvent {
  readonly version: EventVersion
  readonly registered: Registered
  readonly topic: string
  readonly variants: readonly Variant[]
  readonly refused: Variant | undefined
  readonly nextOffsets: number[]
}

interface OutgoingMessage {
  readonly key: string
  readonly value: Buffer
  readonly partition: number
}

/** Makes the topics, registers the schemas and writes the records, as fast as one Kafka client takes them. */
export async function load(options: LoadOptions): Promise<Loaded> {
  const { client, shape, records, prefix = `${shape.name}.`, outputs = [], signal } = options
  const random = randomFrom(records)
  const events = await prepare(options, prefix, random)
  const aggregates = Array.from({ length: options.aggregates ?? 20_000 }, () => randomUUID())
  const counts = { rows: 0, duplicates: 0, undecodable: 0, refused: 0 }
  const earlier: { event: LoadedEvent; message: OutgoingMessage }[] = []
  let bytes = 0
  // Idempotent: what is sent again on partitions that were just made must not be there twice.
  const producer = client.kafka.producer({ allowAutoTopicCreation: false, idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  try {
    const perSend = Math.max(6_000, events.length * shape.partitions * 20)
    let sending: Promise<unknown> = Promise.resolve()
    for (let index = 0; index < records && !signal?.aborted; ) {
      const messages = new Map<string, OutgoingMessage[]>()
      const put = (event: LoadedEvent, message: OutgoingMessage): number => {
        const list = messages.get(event.topic)
        if (list) list.push(message)
        else messages.set(event.topic, [message])
        bytes += message.value.length
        const offset = event.nextOffsets[message.partition] ?? 0
        event.nextOffsets[message.partition] = offset + 1
        return offset
      }
      for (const until = Math.min(records, index + perSend); index < until; index += 1) {
        const flaw = shape.flaw?.(index)
        if (flaw === 'duplicate') {
          const again = index % 200 < 100 ? earlier.at(-1) : earlier.shift()
          if (again) {
            put(again.event, again.message)
            counts.duplicates += 1
            continue
          }
        }
        const event = eventFor(events, index, flaw)
        const variant = chosen(event, flaw, random)
        const id = v7()
        const aggregateId = aggregates[Math.floor(random() * aggregates.length)] as string
        const message = {
          key: aggregateId,
          value: withIdentity(variant.value, id, aggregateId, flaw),
          partition: partitionFor(aggregateId, shape.partitions)
        }
        const offset = put(event, message)
        if (shape.flaw && index % 100 === 50) earlier.push({ event, message })
        if (earlier.length > farBehind) earlier.shift()
        if (flaw === 'undecodable' || flaw === 'refused') {
          counts[flaw] += 1
          continue
        }
        counts.rows += 1
        if (outputs.length === 0) continue
        const row: TrailRow = {
          id,
          aggregateId,
          occurredAt: variant.occurredAt,
          eventName: event.version.eventName,
          payload: variant.json,
          schemaVersion: event.registered.version,
          ...{ source: null, actor: null, traceparent: null },
          partition: message.partition,
          offset
        }
        for (const output of outputs) output.add(row)
      }
      // One request is on its way while the next is made.
      await sending
      sending = producer.sendBatch({
        acks: -1,
        topicMessages: [...messages].map(([topic, list]) => ({ topic, messages: list }))
      })
      sending.catch(() => undefined)
      for (const output of outputs) await output.flush()
      options.onProgress?.(index)
    }
    await sending
  } finally {
    await producer.disconnect()
  }
  return { shape, prefix, records, expected: counts, bytes }
}

async function prepare({ client, registry, shape }: LoadOptions, prefix: string, random: () => number) {
  const names = shape.events.flatMap(versions => versions.slice(0, 1).map(({ eventName }) => prefix + eventName))
  await makeTopics(client, names, shape.partitions)
  const variants = Math.max(20, Math.ceil(1_500 / shape.events.length))
  const events: LoadedEvent[] = []
  for (const versions of shape.events) {
    const version = versions.at(-1)
    if (!version) continue
    const topic = prefix + version.eventName
    let registered: Registered = { id: 0, version: 0 }
    for (const each of versions) registered = await registry.register(`${topic}-value`, each.envelope)
    const make = (payload: Record<string, unknown>, encode = encodeEnvelope): Variant => {
      const occurredAt = BigInt(Date.now()) * 1000n
      const envelope = { id: v7(), aggregate_id: randomUUID(), occurred_at: occurredAt, payload }
      return {
        value: encode(version, registered.id, envelope, registered.version),
        json: JSON.stringify(payload),
        occurredAt
      }
    }
    const refused = shape.flaw && refusedPayload(shape.payload(version, random))
    events.push({
      version,
      registered,
      topic,
      variants: Array.from({ length: variants }, () => make(shape.payload(version, random))),
      refused: refused && make(refused, encodeUnchecked),
      nextOffsets: []
    })
  }
  return events
}

/** As a producer does that does not check: the SDK would refuse U+0000. */
const encodeUnchecked: typeof encodeEnvelope = (version, schemaId, envelope, schemaVersion) => {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(schemaId, 1)
  const body = version.type.toBuffer({ ...envelope, event_name: version.eventName, schema_version: schemaVersion })
  return Buffer.concat([head, body])
}

/** The same with U+0000 in a text: right in Avro and in JSON, and refused by JSONB. Undefined where there is no text. */
function refusedPayload(payload: Record<string, unknown>): Record<string, unknown> | undefined {
  const name = ['title', 'reason', 'text'].find(each => typeof payload[each] === 'string')
  return name === undefined ? undefined : { ...payload, [name]: `${String(payload[name])}\u0000` }
}

function eventFor(events: readonly LoadedEvent[], index: number, flaw: Flaw | undefined): LoadedEvent {
  const usual = events[index % events.length] as LoadedEvent
  return flaw === 'refused' && !usual.refused ? (events.find(event => event.refused) ?? usual) : usual
}

function chosen(event: LoadedEvent, flaw: Flaw | undefined, random: () => number): Variant {
  const usual = event.variants[Math.floor(random() * event.variants.length)] as Variant
  return flaw === 'refused' ? (event.refused ?? usual) : usual
}

function withIdentity(variant: Buffer, id: string, aggregateId: string, flaw: Flaw | undefined): Buffer {
  const value = Buffer.from(variant)
  value.write(id, idAt, 'latin1')
  value.write(aggregateId, aggregateAt, 'latin1')
  return flaw === 'undecodable' ? value.subarray(0, value.length - 7) : value
}
