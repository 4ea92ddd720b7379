import { partitionFor } from '../../../kafka/index.ts'
import { type AvroType, avroType } from '../../../schemas/index.ts'
import type { TrailRow } from '../../../trail/index.ts'
import type { Servers } from '../types.ts'
import type { RowOutput } from './load.ts'
import { makeTopics } from './topics.ts'

/** How a flat record says what its fields are: not at all, or by Debezium's semantic types. */
export type FlatKind = 'plain' | 'typed'

const semantic = {
  id: { 'connect.name': 'io.debezium.data.Uuid' },
  time: { 'connect.name': 'io.debezium.time.ZonedTimestamp' },
  json: { 'connect.name': 'io.debezium.data.Json' },
  small: { 'connect.type': 'int16' }
}

/** The same events as records without an inner one, the payload as JSON text: Debezium's sink takes no other. */
function flatSchema(kind: FlatKind) {
  const as = (type: string, name: keyof typeof semantic) => (kind === 'typed' ? { type, ...semantic[name] } : type)
  return {
    type: 'record',
    name: `Flat${kind}`,
    namespace: 'bench',
    fields: [
      { name: 'id', type: as('string', 'id') },
      { name: 'aggregate_id', type: as('string', 'id') },
      {
        name: 'occurred_at',
        type: kind === 'typed' ? as('string', 'time') : { type: 'long', logicalType: 'timestamp-millis' }
      },
      { name: 'event_name', type: 'string' },
      { name: 'payload', type: as('string', 'json') },
      { name: 'schema_version', type: as('int', 'small') }
    ]
  }
}

export const flatTopic = (kind: FlatKind): string => `bench.flat.${kind}`

type Producer = ReturnType<Servers['client']['kafka']['producer']>

/** Writes the rows as flat records into a topic of their own, with as many partitions as the envelopes have in all. */
export class FlatRecords implements RowOutput {
  readonly #kind: FlatKind
  readonly #type: AvroType
  readonly #schemaId: number
  readonly #partitions: number
  readonly #producer: Producer
  #pending: { key: string; value: Buffer; partition: number }[] = []

  private constructor(kind: FlatKind, type: AvroType, schemaId: number, partitions: number, producer: Producer) {
    this.#kind = kind
    this.#type = type
    this.#schemaId = schemaId
    this.#partitions = partitions
    this.#producer = producer
  }

  static async open(servers: Servers, kind: FlatKind, partitions: number): Promise<FlatRecords> {
    const topic = flatTopic(kind)
    await makeTopics(servers.client, [topic], partitions)
    const schema = flatSchema(kind)
    const { id } = await servers.registry.register(`${topic}-value`, schema)
    const producer = servers.client.kafka.producer({ allowAutoTopicCreation: false, idempotent: true })
    await producer.connect()
    return new FlatRecords(kind, avroType(schema), id, partitions, producer)
  }

  add(row: TrailRow): void {
    const { id, aggregateId, occurredAt, eventName, payload, schemaVersion } = row
    const millis = occurredAt / 1000n
    const body = this.#type.toBuffer({
      id,
      aggregate_id: aggregateId,
      occurred_at: this.#kind === 'typed' ? new Date(Number(millis)).toISOString() : millis,
      event_name: eventName,
      payload,
      schema_version: schemaVersion
    })
    const value = Buffer.allocUnsafe(body.length + 5)
    value[0] = 0
    value.writeUInt32BE(this.#schemaId, 1)
    body.copy(value, 5)
    this.#pending.push({ key: aggregateId, value, partition: partitionFor(aggregateId, this.#partitions) })
  }

  async flush(): Promise<void> {
    const messages = this.#pending
    this.#pending = []
    if (messages.length > 0) await this.#producer.send({ topic: flatTopic(this.#kind), acks: -1, messages })
  }

  async close(): Promise<void> {
    await this.#producer.disconnect()
  }
}
