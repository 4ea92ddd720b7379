import type { Admin } from 'kafkajs'
import errorModule from 'kafkajs/src/protocol/error.js'
import { KafkaError } from '../../errors.ts'
import { decodeFetchResponse, type FetchedPartition, fetchVersion, PackedRecords } from '../../log/index.ts'
import {
  keyOf,
  type LogPage,
  type LogReader,
  type LogTime,
  type PageOptions,
  type TopicPartition
} from '../../types/index.ts'
import { adminWithCluster, asItIs, type Broker, type Cluster } from '../cluster.ts'
import { tooOld } from '../errors.ts'
import { disconnect } from '../incarnation.ts'
import { topicMetadata } from '../metadata.ts'
import type { KafkajsParts } from '../types.ts'
import { at, brokerOf, Fetch, isolation, offsets } from './requests.ts'

const { createErrorFromCode } = errorModule as { readonly createErrorFromCode: (code: number) => Error }

const fetchKey = 1
const offsetOutOfRange = 1
const topicUnknown = 3
/** ms for which it is taken for granted which broker leads a partition, and which topic has a name. */
const placesKeptMs = 30_000
/** ms past what it may wait after which a request without an answer fails. */
const answerMs = 30_000

interface Connection {
  readonly admin: Admin
  readonly cluster: Cluster
}

/** A topic as last looked up. */
interface Place {
  readonly id: string | undefined
  readonly leaders: ReadonlyMap<number, number>
  readonly staleAt: number
}

/** A reader over a connection of its own: a broker answers the requests of one connection one after the other. */
export class KafkaLogReader implements LogReader {
  readonly #client: KafkajsParts
  readonly #places = new Map<string, Place>()
  #connection: Promise<Connection> | undefined
  #closed = false

  constructor(client: KafkajsParts) {
    this.#client = client
  }

  page(source: TopicPartition, offset: number, options: PageOptions = {}): Promise<LogPage> {
    return this.#ask(`reading ${keyOf(source)}`, source.topic, async cluster => {
      const { leader, id } = await this.#placeOf(cluster, source)
      const broker = await brokerOf(cluster, leader, [source])
      const found = await fetchFrom(broker, source, offset, options)
      if (found.errorCode === offsetOutOfRange) {
        this.#places.delete(source.topic)
        throw outOfRange(source, offset)
      }
      if (found.errorCode !== 0) throw createErrorFromCode(found.errorCode)
      return { ...pageOf(found, offset, options), topicId: id }
    })
  }

  offsetsAt(sources: readonly TopicPartition[], time: LogTime): Promise<Map<string, number>> {
    const [first] = sources
    if (!first) return Promise.resolve(new Map())
    const timestamp = time === 'start' ? at.earliest : time === 'end' ? at.latest : String(time.getTime())
    return this.#ask('looking for offsets', first.topic, async cluster => {
      const found = await this.#offsets(cluster, sources, timestamp)
      const newer = sources.filter(source => (found.get(keyOf(source)) ?? -1) < 0)
      return newer.length === 0 ? found : new Map([...found, ...(await this.#offsets(cluster, newer, at.latest))])
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    const connection = this.#connection
    this.#connection = undefined
    if (connection !== undefined) await hangUp(connection)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #offsets(
    cluster: Cluster,
    sources: readonly TopicPartition[],
    timestamp: string
  ): Promise<Map<string, number>> {
    const led: (TopicPartition & { readonly leader: number })[] = []
    for (const source of sources) led.push({ ...source, leader: (await this.#placeOf(cluster, source)).leader })
    const byLeader = Map.groupBy(led, ({ leader }) => leader)
    const answers = await Promise.all(
      [...byLeader].map(async ([leader, partitions]) =>
        offsets(await brokerOf(cluster, leader, partitions), partitions, timestamp, isolation.committed)
      )
    )
    const found = new Map(answers.flatMap(answer => [...answer]))
    const missing = sources.find(source => !found.has(keyOf(source)))
    if (missing) throw new KafkaError('KAFKA_UNAVAILABLE', `the leader of ${keyOf(missing)} has no offset for it yet`)
    return found
  }

  async #placeOf(cluster: Cluster, source: TopicPartition): Promise<{ leader: number; id: string | undefined }> {
    const { topic, partition } = source
    let place = this.#places.get(topic)
    if (!place || performance.now() >= place.staleAt) {
      const [found] = await topicMetadata(cluster, [topic])
      if (found?.error !== 0) throw createErrorFromCode(found?.error ?? topicUnknown)
      const leaders = new Map(found.partitions.map(each => [each.partition, each.leader]))
      place = { id: found.id, leaders, staleAt: performance.now() + placesKeptMs }
      this.#places.set(topic, place)
    }
    const leader = place.leaders.get(partition)
    if (leader === undefined) throw createErrorFromCode(topicUnknown)
    if (leader < 0) throw new KafkaError('KAFKA_UNAVAILABLE', `no broker leads ${keyOf(source)}`)
    return { leader, id: place.id }
  }

  /** After an error nothing that was known before counts, and after one of the connection it is made again. */
  async #ask<T>(doing: string, topic: string, question: (cluster: Cluster) => Promise<T>): Promise<T> {
    if (this.#closed) throw new KafkaError('KAFKA_UNAVAILABLE', `${doing}: the connection was closed`)
    this.#connection ??= this.#connect()
    const connection = this.#connection
    try {
      const answer = await question((await connection).cluster)
      this.#client.explaining.answered()
      return answer
    } catch (thrown) {
      this.#places.clear()
      const right = { operation: 'READ', resource: 'topic', name: topic, principal: this.#client.principal } as const
      const error = await this.#client.explaining.explain(thrown, doing, [right])
      if (error.retryable && this.#connection === connection) {
        this.#connection = undefined
        void hangUp(connection)
      }
      throw error
    }
  }

  async #connect(): Promise<Connection> {
    const connection = adminWithCluster(this.#client.kafka)
    try {
      await connection.admin.connect()
      return connection
    } catch (error) {
      await disconnect(connection.admin)
      throw error
    }
  }
}

const outOfRange = (source: TopicPartition, offset: number): KafkaError =>
  new KafkaError(
    'OFFSET_OUT_OF_RANGE',
    `the log of ${keyOf(source)} does not have offset ${offset}: it was removed, or the topic was made again`
  )

/** kafkajs waits for the answers that are owed, and the broker owes that to a wait. */
async function hangUp(connection: Promise<Connection>): Promise<void> {
  const open = await connection.catch(() => undefined)
  if (!open) return
  const cutOff = new KafkaError('KAFKA_UNAVAILABLE', 'the connection was closed')
  const { brokers, seedBroker } = open.cluster.brokerPool
  for (const { connectionPool } of new Set([...Object.values(brokers ?? {}), ...(seedBroker ? [seedBroker] : [])]))
    for (const each of connectionPool.pool) each.rejectRequests(cutOff)
  await disconnect(open.admin)
}

async function fetchFrom(
  { versions, connectionPool }: Broker,
  { topic, partition }: TopicPartition,
  offset: number,
  { maxBytes = 1024 * 1024, maxWaitMs = 0 }: PageOptions
): Promise<FetchedPartition> {
  if ((versions?.[fetchKey]?.maxVersion ?? 0) < fetchVersion) throw tooOld()
  const { request } = Fetch.protocol({ version: fetchVersion })({
    replicaId: -1,
    isolationLevel: isolation.committed,
    maxWaitTime: maxWaitMs,
    minBytes: 1,
    maxBytes,
    topics: [{ topic, partitions: [{ partition, fetchOffset: offset, maxBytes }] }]
  })
  const decode = async (payload: Buffer) => payload
  const payload = await connectionPool.send({
    request,
    response: { decode, parse: asItIs },
    requestTimeout: maxWaitMs + answerMs
  })
  let broken: KafkaError | undefined
  const { errorCode, responses } = decodeFetchResponse(payload, ({ error }) => {
    broken = error
  })
  if (errorCode !== 0) throw createErrorFromCode(errorCode)
  if (broken) throw broken
  const found = responses[0]?.partitions[0]
  if (!found) throw new KafkaError('KAFKA_UNAVAILABLE', `a broker says nothing of ${topic}/${partition}`)
  return found
}

function pageOf(found: FetchedPartition, offset: number, { maxRecords }: PageOptions): Omit<LogPage, 'topicId'> {
  const ends = { start: Number(found.lastStartOffset), end: Number(found.lastStableOffset) }
  const [fetched] = found.messages
  if (!fetched) return { records: [], unreadable: [], next: offset, ...ends }
  const packed = new PackedRecords(fetched.batches, offset)
  const { messages, unreadable, lastOffset, rest } = packed.read({ ...(maxRecords && { maxRecords }) })
  const last = rest ? lastOffset : Number(fetched.offset)
  return { records: messages, unreadable, next: Math.max(offset, last + 1), ...ends }
}
