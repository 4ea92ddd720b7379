import decoderModule from 'kafkajs/src/protocol/decoder.js'
import encoderModule from 'kafkajs/src/protocol/encoder.js'
import requestsModule from 'kafkajs/src/protocol/requests/index.js'
import type { PartitionDescription } from '../types/index.ts'
import { asItIs, type Cluster, type Encoding, type Request } from './cluster.ts'

const Encoder = encoderModule as new () => Encoding
const Decoder = decoderModule as new (payload: Buffer) => Decoding
const { Metadata } = (requestsModule as { readonly requests: { readonly Metadata: KafkajsMetadata } }).requests

/** The version of Metadata that brought ids of topics (KIP-516); brokers know it since 2.8. */
const metadataVersion = 10
const metadataKey = 3
const noId = 'A'.repeat(22)
/** The highest one that kafkajs knows; asked of brokers that do not know ours. */
const kafkajsMetadataVersion = 6

/**
 * The ids of topics; one that is deleted and recreated has another one. Topics that Kafka does not have are left out,
 * and all of them where the broker is older than 2.8.
 */
export async function topicIds(cluster: Cluster, topics: readonly string[]): Promise<Map<string, string>> {
  const found = await topicMetadata(cluster, topics)
  return new Map(found.flatMap(({ name, id }) => (id === undefined || id === noId ? [] : [[name, id] as const])))
}

export interface MetadataOptions {
  /** Of the Metadata request, for tests. */
  readonly highestVersion?: number
  /** Whether to ask which operations this client is allowed on each topic. Default false. */
  readonly withOperations?: boolean
}

/**
 * What Kafka says of topics, or of all that it has, each with the error that it has: kafkajs fails at all of them for
 * one, also where no broker leads a single partition.
 */
export async function topicMetadata(
  cluster: Cluster,
  topics: readonly string[] | 'all',
  options: MetadataOptions = {}
): Promise<readonly TopicMetadata[]> {
  if (topics.length === 0) return []
  return (await clusterMetadata(cluster, topics, options)).topics
}

/** The same, with how many brokers there are. Of no topic it is asked to see whether the cluster answers. */
export async function clusterMetadata(
  cluster: Cluster,
  topics: readonly string[] | 'all',
  { highestVersion = metadataVersion, withOperations = false }: MetadataOptions = {}
): Promise<ClusterMetadata> {
  const broker = await cluster.brokerPool.findConnectedBroker()
  const version = Math.min(highestVersion, broker.versions?.[metadataKey]?.maxVersion ?? 0)
  if (version >= metadataVersion)
    return broker.connectionPool.send({
      request: requestOf(topics, withOperations),
      response: { decode, parse: asItIs }
    })
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
const requestOf = (topics: readonly string[] | 'all', topicOperations: boolean): Request => ({
  apiKey: metadataKey,
  apiVersion: metadataVersion,
  apiName: 'Metadata',
  async encode() {
    const names = topics === 'all' ? [] : topics
    // Null in place of a list: all of them.
    const body = new Encoder().writeUVarInt(0).writeUVarInt(topics === 'all' ? 0 : names.length + 1)
    for (const topic of names) body.writeBuffer(Buffer.alloc(16)).writeUVarIntString(topic).writeUVarInt(0)
    const [createTopics, clusterOperations] = [false, false]
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
  const operations = decoder.readInt32()
  decoder.readTaggedFields()
  return { name, error, id, partitions, operations }
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
  /** The operations that this client is allowed on it, a bit for each; undefined as the id is. Not asked by default. */
  readonly operations?: number
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

interface Decoding {
  readInt16(): number
  readInt32(): number
  readBoolean(): boolean
  readBytes(length: number): Buffer
  readUVarIntString(): string | null
  readUVarIntArray<T>(read: (decoder: Decoding) => T): T[] | null
  readTaggedFields(): unknown
}
