import type { Admin, Kafka } from 'kafkajs'
import decoderModule from 'kafkajs/src/protocol/decoder.js'
import encoderModule from 'kafkajs/src/protocol/encoder.js'
import requestsModule from 'kafkajs/src/protocol/requests/index.js'
import type { PartitionDescription } from '../types/index.ts'

const Encoder = encoderModule as new () => Encoding
const Decoder = decoderModule as new (payload: Buffer) => Decoding
const { Metadata } = (requestsModule as { readonly requests: { readonly Metadata: KafkajsMetadata } }).requests

/** The version of Metadata that brought ids of topics (KIP-516); brokers know it since 2.8. */
const metadataVersion = 10
const metadataKey = 3
const noId = 'A'.repeat(22)
/** The highest one that kafkajs knows; asked of brokers that do not know ours. */
const kafkajsMetadataVersion = 6

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
  const found = await topicMetadata(cluster, topics)
  return new Map(found.flatMap(({ name, id }) => (id === undefined || id === noId ? [] : [[name, id] as const])))
}

/**
 * What Kafka says of topics, or of all that it has, each with the error that it has: kafkajs fails at all of them for
 * one, also where no broker leads a single partition.
 * @param highestVersion of the Metadata request, for tests
 */
export async function topicMetadata(
  cluster: Cluster,
  topics: readonly string[] | 'all',
  highestVersion = metadataVersion
): Promise<readonly TopicMetadata[]> {
  if (topics.length === 0) return []
  return (await clusterMetadata(cluster, topics, highestVersion)).topics
}

/** The same, with how many brokers there are. Of no topic it is asked to see whether the cluster answers. */
export async function clusterMetadata(
  cluster: Cluster,
  topics: readonly string[] | 'all',
  highestVersion = metadataVersion
): Promise<ClusterMetadata> {
  const broker = await cluster.brokerPool.findConnectedBroker()
  const version = Math.min(highestVersion, broker.versions?.[metadataKey]?.maxVersion ?? 0)
  if (version >= metadataVersion)
    return broker.connectionPool.send({ request: requestOf(topics), response: { decode, parse: asItIs } })
  const { request, response } = Metadata.protocol({ version: Math.min(version, kafkajsMetadataVersion) })({
    // kafkajs asks for all of them where there is none.
    topics: topics === 'all' ? [] : topics,
    allowAutoTopicCreation: false
  })
  const { brokers, topicMetadata: found } = await broker.connectionPool.send({
    request,
    response: { decode: payload => response.decode(payload), parse: asItIs }
  })
  return {
    brokers: brokers.length,
    topics: found.map(({ topicErrorCode, topic, partitionMetadata }) => ({
      name: topic,
      error: topicErrorCode,
      partitions: partitionMetadata.map(({ partitionErrorCode, partitionId, leader, replicas, isr }) => ({
        partition: partitionId,
        error: partitionErrorCode,
        leader,
        replicas: replicas.length,
        inSync: isr.length
      }))
    }))
  }
}

// kafkajs knows no flexible versions (KIP-482): their header ends in tagged fields, which here begin the body.
const requestOf = (topics: readonly string[] | 'all'): Request => ({
  apiKey: metadataKey,
  apiVersion: metadataVersion,
  apiName: 'Metadata',
  async encode() {
    const names = topics === 'all' ? [] : topics
    // Null in place of a list: all of them.
    const body = new Encoder().writeUVarInt(0).writeUVarInt(topics === 'all' ? 0 : names.length + 1)
    for (const topic of names) body.writeBuffer(Buffer.alloc(16)).writeUVarIntString(topic).writeUVarInt(0)
    const [createTopics, clusterOperations, topicOperations] = [false, false, false]
    return body.writeBoolean(createTopics).writeBoolean(clusterOperations).writeBoolean(topicOperations).writeUVarInt(0)
  }
})

/** Kafka's protocol guide, "Metadata Response (Version: 10)". */
async function decode(payload: Buffer): Promise<ClusterMetadata> {
  const decoder = new Decoder(payload)
  decoder.readTaggedFields()
  decoder.readInt32()
  const brokers = decoder.readUVarIntArray(passBroker)?.length ?? 0
  decoder.readUVarIntString()
  decoder.readInt32()
  return { brokers, topics: decoder.readUVarIntArray(readTopic) ?? [] }
}

/** In place of kafkajs's `parse`, which throws for the error of any topic or partition. */
export const asItIs = async <T>(found: T): Promise<T> => found

function passBroker(decoder: Decoding): void {
  decoder.readInt32()
  decoder.readUVarIntString()
  decoder.readInt32()
  decoder.readUVarIntString()
  decoder.readTaggedFields()
}

function readTopic(decoder: Decoding): TopicMetadata {
  const error = decoder.readInt16()
  const name = decoder.readUVarIntString() ?? ''
  const id = decoder.readBytes(16).toString('base64url')
  decoder.readBoolean()
  const partitions = decoder.readUVarIntArray(readPartition) ?? []
  decoder.readInt32()
  decoder.readTaggedFields()
  return { name, error, id, partitions }
}

function readPartition(decoder: Decoding): PartitionDescription {
  const nodes = () => decoder.readUVarIntArray(() => decoder.readInt32())?.length ?? 0
  const error = decoder.readInt16()
  const partition = decoder.readInt32()
  const leader = decoder.readInt32()
  decoder.readInt32()
  const replicas = nodes()
  const inSync = nodes()
  nodes()
  decoder.readTaggedFields()
  return { partition, error, leader, replicas, inSync }
}

export interface ClusterMetadata {
  readonly brokers: number
  readonly topics: readonly TopicMetadata[]
}

export interface TopicMetadata {
  readonly name: string
  /** Kafka's protocol guide, "Error Codes"; 0: none. */
  readonly error: number
  /** As Kafka's own tools write it: 22 letters of base64url. Brokers older than 2.8 have none. */
  readonly id?: string
  readonly partitions: readonly PartitionDescription[]
}

export interface Cluster {
  readonly brokerPool: {
    findConnectedBroker(): Promise<Broker>
    /** Fails for a broker that no metadata has named yet. */
    findBroker(which: { readonly nodeId: number }): Promise<Broker>
    refreshMetadata(topics: readonly string[]): Promise<unknown>
  }
}

export interface Broker {
  describeConfigs(question: {
    readonly includeSynonyms: boolean
    readonly resources: readonly {
      readonly type: number
      readonly name: string
      readonly configNames: readonly string[]
    }[]
  }): Promise<{
    readonly resources: readonly {
      readonly resourceName: string
      readonly configEntries: readonly { readonly configName: string; readonly configValue: string }[]
    }[]
  }>
  readonly versions?: Readonly<Record<number, { readonly maxVersion: number }>>
  readonly connectionPool: {
    send<D, R>(call: {
      request: Request
      response: { decode(payload: Buffer): Promise<D>; parse(decoded: D): Promise<R> }
    }): Promise<R>
  }
}

interface KafkajsMetadata {
  protocol(which: { version: number }): (options: { topics: readonly string[]; allowAutoTopicCreation: false }) => {
    readonly request: Request
    readonly response: {
      decode(payload: Buffer): Promise<{ brokers: readonly unknown[]; topicMetadata: readonly KafkajsTopic[] }>
    }
  }
}

interface KafkajsTopic {
  readonly topicErrorCode: number
  readonly topic: string
  readonly partitionMetadata: readonly {
    readonly partitionErrorCode: number
    readonly partitionId: number
    readonly leader: number
    readonly replicas: readonly number[]
    readonly isr: readonly number[]
  }[]
}

export interface Request {
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
