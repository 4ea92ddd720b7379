import { createRequire } from 'node:module'
import type { Admin, Kafka } from 'kafkajs'

const load = createRequire(import.meta.url)
const Encoder = load('kafkajs/src/protocol/encoder') as new () => Encoding
const Decoder = load('kafkajs/src/protocol/decoder') as new (payload: Buffer) => Decoding

/** The version of Metadata that brought ids of topics (KIP-516); brokers know it since 2.8. */
const metadataVersion = 10
const metadataKey = 3
const noId = 'A'.repeat(22)

/** An admin of kafkajs, and the cluster that it asks: kafkajs keeps that to itself. */
export function adminWithCluster(kafka: Kafka): { readonly admin: Admin; readonly cluster: Cluster } {
  const symbol = Object.getOwnPropertySymbols(kafka).find(each => each.description === 'private:Kafka:createCluster')
  const parts = kafka as unknown as Record<symbol, (options: unknown) => Cluster>
  const create = symbol && parts[symbol]
  if (!create) throw new TypeError('this kafkajs has no createCluster')
  let cluster: Cluster | undefined
  parts[symbol] = options => {
    cluster = create(options)
    return cluster
  }
  try {
    const admin = kafka.admin()
    if (!cluster) throw new TypeError('this kafkajs makes an admin without a cluster')
    return { admin, cluster }
  } finally {
    parts[symbol] = create
  }
}

/**
 * The ids of topics; one that is deleted and made anew has another one. Topics that Kafka does not have are left out,
 * and all of them where the broker is older than 2.8.
 */
export async function topicIds(cluster: Cluster, topics: readonly string[]): Promise<Map<string, string>> {
  const broker = await cluster.brokerPool.findConnectedBroker()
  if (topics.length === 0 || (broker.versions?.[metadataKey]?.maxVersion ?? 0) < metadataVersion) return new Map()
  const found = await broker.connectionPool.send({ request: requestOf(topics), response: { decode, parse } })
  return new Map(found.flatMap(({ name, id }) => (id === noId ? [] : [[name, id] as const])))
}

// kafkajs knows no flexible versions (KIP-482): their header ends in tagged fields, which here begin the body.
const requestOf = (topics: readonly string[]): Request => ({
  apiKey: metadataKey,
  apiVersion: metadataVersion,
  apiName: 'Metadata',
  async encode() {
    const body = new Encoder().writeUVarInt(0).writeUVarInt(topics.length + 1)
    for (const topic of topics) body.writeBuffer(Buffer.alloc(16)).writeUVarIntString(topic).writeUVarInt(0)
    const [createTopics, clusterOperations, topicOperations] = [false, false, false]
    return body.writeBoolean(createTopics).writeBoolean(clusterOperations).writeBoolean(topicOperations).writeUVarInt(0)
  }
})

/** Kafka's protocol guide, "Metadata Response (Version: 10)". */
async function decode(payload: Buffer): Promise<TopicId[]> {
  const decoder = new Decoder(payload)
  decoder.readTaggedFields()
  decoder.readInt32()
  decoder.readUVarIntArray(passBroker)
  decoder.readUVarIntString()
  decoder.readInt32()
  return decoder.readUVarIntArray(readTopic) ?? []
}

const parse = async (found: TopicId[]): Promise<TopicId[]> => found

function passBroker(decoder: Decoding): void {
  decoder.readInt32()
  decoder.readUVarIntString()
  decoder.readInt32()
  decoder.readUVarIntString()
  decoder.readTaggedFields()
}

function readTopic(decoder: Decoding): TopicId {
  decoder.readInt16()
  const name = decoder.readUVarIntString() ?? ''
  const id = decoder.readBytes(16).toString('base64url')
  decoder.readBoolean()
  decoder.readUVarIntArray(passPartition)
  decoder.readInt32()
  decoder.readTaggedFields()
  return { name, id }
}

function passPartition(decoder: Decoding): void {
  const passNodes = () => decoder.readUVarIntArray(() => decoder.readInt32())
  decoder.readInt16()
  decoder.readInt32()
  decoder.readInt32()
  decoder.readInt32()
  passNodes()
  passNodes()
  passNodes()
  decoder.readTaggedFields()
}

interface TopicId {
  readonly name: string
  /** As Kafka's own tools write it: 22 letters of base64url. */
  readonly id: string
}

export interface Cluster {
  readonly brokerPool: { findConnectedBroker(): Promise<Broker> }
}

interface Broker {
  readonly versions?: Readonly<Record<number, { readonly maxVersion: number }>>
  readonly connectionPool: {
    send<D, R>(call: {
      request: Request
      response: { decode(payload: Buffer): Promise<D>; parse(decoded: D): Promise<R> }
    }): Promise<R>
  }
}

interface Request {
  readonly apiKey: number
  readonly apiVersion: number
  readonly apiName: string
  encode(): Promise<Encoding>
}

interface Encoding {
  writeUVarInt(value: number): this
  writeUVarIntString(value: string): this
  writeBuffer(value: Buffer): this
  writeBoolean(value: boolean): this
}

interface Decoding {
  readInt16(): number
  readInt32(): number
  readBoolean(): boolean
  readBytes(length: number): Buffer
  readUVarIntString(): string | null
  readUVarIntArray<T>(read: (decoder: Decoding) => T): T[] | null
  readTaggedFields(): unknown
}
