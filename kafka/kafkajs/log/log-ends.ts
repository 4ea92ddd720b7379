import { retry } from '../../../core/index.ts'
import { KafkaError } from '../../errors.ts'
import type { HeldBack, LogEnds, TopicPartition } from '../../types/index.ts'
import { asItIs, type Cluster } from '../cluster.ts'
import { topicMetadata } from '../metadata.ts'
import { at, brokerOf, Fetch, isolation, offsets } from './requests.ts'

/** A broker may not have heard of a new topic, or of a new leader, and it soon will. */
const patienceMs = 1_000

/**
 * The ends of the logs of topics, with a few requests to each broker however many topics there are. What the brokers do
 * not have, or no broker leads, after a second is left out.
 * @throws whatever kafkajs throws
 */
export async function logEnds(cluster: Cluster, topics: readonly string[]): Promise<LogEnds[]> {
  const found = new Map<string, LogEnds>()
  const look = async () => {
    const missing = topics.filter(topic => !found.has(topic))
    const known = await topicMetadata(cluster, missing)
    const led = known.flatMap(({ name: topic, partitions }) =>
      partitions.filter(({ leader }) => leader >= 0).map(each => ({ topic, ...each }))
    )
    const byLeader = Map.groupBy(led, ({ leader }) => leader)
    await Promise.all([...byLeader].map(([nodeId, partitions]) => endsOf(cluster, nodeId, partitions, found)))
    const wanted = known.flatMap(({ name, partitions }) => partitions.map(({ partition }) => `${name}/${partition}`))
    const complete = known.every(({ error }) => error === 0) && wanted.every(key => found.has(key))
    if (!complete) throw new KafkaError('KAFKA_UNAVAILABLE', 'some partitions have no leader yet')
  }
  await retry(look, { initialMs: 50, maxMs: 300, deadlineMs: patienceMs }).catch(error => {
    if (!(error instanceof KafkaError)) throw error
  })
  return [...found.values()]
}

async function endsOf(
  cluster: Cluster,
  nodeId: number,
  partitions: readonly TopicPartition[],
  found: Map<string, LogEnds>
): Promise<void> {
  const broker = await brokerOf(cluster, nodeId, partitions)
  // The high watermark first: what comes in between must not look as if a transaction held it back.
  const high = await offsets(broker, partitions, at.latest, isolation.uncommitted)
  const starts = await offsets(broker, partitions, at.earliest, isolation.committed)
  const stable = await offsets(broker, partitions, at.latest, isolation.committed)
  for (const { topic, partition } of partitions) {
    const key = `${topic}/${partition}`
    const [start, end, highWatermark] = [starts.get(key), stable.get(key), high.get(key)]
    if (start === undefined || end === undefined || highWatermark === undefined) continue
    found.set(key, { topic, partition, start, end, highWatermark: Math.max(end, highWatermark) })
  }
}

/** What is held back by open transactions, and since when. @throws whatever kafkajs throws */
export async function heldBack(cluster: Cluster, ends: readonly LogEnds[]): Promise<HeldBack[]> {
  const held = ends.filter(({ end, highWatermark }) => highWatermark > end)
  const metadata = await topicMetadata(cluster, [...new Set(held.map(({ topic }) => topic))])
  const leaders = new Map(
    metadata.flatMap(({ name, partitions }) =>
      partitions.map(({ partition, leader }) => [`${name}/${partition}`, leader] as const)
    )
  )
  return Promise.all(
    held.map(async ({ topic, partition, end: from, highWatermark }) => {
      const nodeId = leaders.get(`${topic}/${partition}`) ?? -1
      const since = nodeId < 0 ? undefined : await timeOf(cluster, nodeId, { topic, partition, offset: from })
      return { topic, partition, from, offsets: highWatermark - from, since }
    })
  )
}

/** The time in the head of the batch at an offset; its records are not read. */
async function timeOf(
  cluster: Cluster,
  nodeId: number,
  { topic, partition, offset }: TopicPartition & { readonly offset: number }
): Promise<Date | undefined> {
  const broker = await brokerOf(cluster, nodeId, [{ topic, partition }])
  const { request } = Fetch.protocol({ version: 4 })({
    replicaId: -1,
    isolationLevel: isolation.uncommitted,
    maxWaitTime: 0,
    minBytes: 1,
    maxBytes: 1,
    topics: [{ topic, partitions: [{ partition, fetchOffset: offset, maxBytes: 1 }] }]
  })
  const decode = async (payload: Buffer) => payload
  return firstTimeOf(await broker.connectionPool.send({ request, response: { decode, parse: asItIs } }))
}

const logAppendTime = 0x08
const headLength = 61
const year10000 = Date.UTC(10_000, 0)

/**
 * The time of the first batch in a Fetch response of one partition (version 4, "Fetch API" and "Record Batch" in
 * Kafka's documentation); undefined where there is none, or none that a clock could have said.
 */
export function firstTimeOf(response: Buffer): Date | undefined {
  // Throttle time, one topic and its name, one partition: number, error, high watermark, stable offset, aborted ones.
  const afterTopic = 4 + 4 + 2 + response.readInt16BE(8)
  const afterStable = afterTopic + 4 + 4 + 2 + 8 + 8
  const aborted = Math.max(0, response.readInt32BE(afterStable))
  const start = afterStable + 4 + aborted * 16 + 4
  if (response.length < start + headLength) return undefined
  const appended = (response.readInt16BE(start + 21) & logAppendTime) !== 0
  const ms = Number(response.readBigInt64BE(start + (appended ? 35 : 27)))
  return ms > 0 && ms < year10000 ? new Date(ms) : undefined
}
