import { createRequire } from 'node:module'
import kafkajs from 'kafkajs'
import { expect, test } from 'vitest'
import { allowManyTopics } from '../../../../kafka/kafkajs/patches/many-topics.ts'

interface Cluster {
  findTopicPartitionMetadata(topic: string): unknown
  fetchTopicsOffset(topics: object[]): Promise<{ topic: string }[]>
}
interface BrokerPool {
  refreshMetadataIfNecessary(topics: string[]): Promise<unknown>
}
interface ConsumerGroup {
  readonly topics: readonly string[]
  readonly offsetManager: { readonly memberAssignment: unknown; readonly topics: readonly string[] }
  readonly subscriptionState: { readonly assignedPartitionsByTopic: unknown }
  joinAndSync(): Promise<void>
}
interface Modules {
  readonly ConsumerGroup: new (options: object) => ConsumerGroup
  readonly Cluster: { readonly prototype: Cluster }
  readonly BrokerPool: { readonly prototype: BrokerPool }
  readonly SubscriptionState: new () => { assign(list?: object[]): void; assigned(): unknown }
}

const require = createRequire(import.meta.url)
const load = (): Modules => ({
  ConsumerGroup: require('kafkajs/src/consumer/consumerGroup'),
  Cluster: require('kafkajs/src/cluster'),
  BrokerPool: require('kafkajs/src/cluster/brokerPool'),
  SubscriptionState: require('kafkajs/src/consumer/subscriptionState')
})

allowManyTopics.apply()
const mended = load()
for (const file of Object.keys(require.cache)) if (file.includes('/kafkajs/src/')) delete require.cache[file]
/** Loaded a second time: as kafkajs has it. */
const original = load()

/** Topics with three partitions each; some of their names mean something to JavaScript. */
const topicsOf = (count: number): string[] => [
  ...['__proto__', 'constructor', '7', 'a.b'],
  ...Array.from({ length: count - 4 }, (_, i) => `event.n${i}`)
]
const partitions = [2, 0, 1]
const silence = () => undefined
const logger: object = { namespace: () => logger, debug: silence, info: silence, warn: silence, error: silence }

/** Lets a member join and be given all topics: what it then knows, and how many properties were copied for it. */
async function join({ ConsumerGroup }: Modules, topics: readonly string[]) {
  const assignment = Object.fromEntries(topics.map(topic => [topic, partitions]))
  const memberAssignment = kafkajs.AssignerProtocol.MemberAssignment.encode({
    version: 0,
    assignment,
    userData: Buffer.alloc(0)
  })
  const coordinator = {
    joinGroup: async () => ({ generationId: 1, leaderId: 'other', memberId: 'me', members: [], groupProtocol: 'p' }),
    syncGroup: async () => ({ memberAssignment })
  }
  const told: { payload: Record<string, unknown> }[] = []
  const group = new ConsumerGroup({
    logger,
    topics,
    groupId: 'g',
    assigners: [],
    cluster: {
      findGroupCoordinator: async () => coordinator,
      findTopicPartitionMetadata: () => partitions.map(partitionId => ({ partitionId })),
      committedOffsets: () => ({})
    },
    instrumentationEmitter: { emit: (_: string, payload: Record<string, unknown>) => told.push({ payload }) }
  })
  const copied = await countingCopies(() => group.joinAndSync())
  const { offsetManager, subscriptionState } = group
  const payloads = told.map(({ payload }) => ({ ...payload, duration: 0 }))
  return {
    copied,
    // As text too: it shows the order.
    knows: JSON.stringify([payloads, offsetManager.memberAssignment, subscriptionState.assignedPartitionsByTopic]),
    lists: [group.topics, offsetManager.topics, payloads]
  }
}

/** How many properties went from one object into the next, wherever a list was reduced to an object meanwhile. */
async function countingCopies(action: () => Promise<void>): Promise<number> {
  const { reduce } = Array.prototype
  let copied = 0
  const counting = function (this: unknown[], step: (...all: unknown[]) => unknown, ...initial: [unknown]) {
    const counted = (before: unknown, ...rest: unknown[]): unknown => {
      const after = step(before, ...rest)
      if (after !== before && typeof before === 'object' && before !== null) copied += Object.keys(before).length
      return after
    }
    return reduce.call(this, counted, ...initial)
  }
  Array.prototype.reduce = counting as typeof reduce
  try {
    await action()
  } finally {
    Array.prototype.reduce = reduce
  }
  return copied
}

test('who joins a group knows the same of its topics as with the original', async () => {
  const topics = topicsOf(40)
  const [ours, theirs] = [await join(mended, topics), await join(original, topics)]
  expect(ours.knows).toBe(theirs.knows)
  expect(ours.lists).toEqual(theirs.lists)
})

test('a join copies nothing again for each topic, as the original does', async () => {
  expect((await join(original, topicsOf(100))).copied).toBe(3 * 99 * 49)
  expect((await join(mended, topicsOf(100))).copied).toBe(0)
})

test.each([
  [undefined],
  [[]],
  [[{ topic: 'a' }, { topic: 'b', partitions: [1, 0] }, { topic: 'a', partitions: [3] }]]
])('an assignment of %j is the same as with the original', list => {
  const [ours, theirs] = [mended, original].map(({ SubscriptionState }) => {
    const state = new SubscriptionState()
    state.assign(list?.map(each => ({ ...each })))
    return state.assigned()
  })
  expect(ours).toEqual(theirs)
})

/** Metadata of topics, and how often the name of one was looked at. */
function countingMetadata(names: readonly string[]) {
  const counter = { compared: 0 }
  const topicMetadata = names.map((name, place) => ({
    get topic() {
      counter.compared += 1
      return name
    },
    partitionMetadata: [{ partitionId: 0, leader: place % 2 }]
  }))
  return { counter, metadata: { topicMetadata } }
}

test('the partitions of a topic are found without comparing its name with all others', () => {
  const names = [...topicsOf(1_000), 'a.b']
  const cost = ({ Cluster: { prototype } }: Modules) => {
    const { counter, metadata } = countingMetadata(names)
    const cluster = Object.assign(Object.create(prototype) as Cluster, { brokerPool: { metadata } })
    return { found: [...names, 'absent'].map(topic => cluster.findTopicPartitionMetadata(topic)), ...counter }
  }
  const [ours, theirs] = [cost(mended), cost(original)]
  expect(ours.found).toEqual(theirs.found)
  expect(theirs.compared).toBeGreaterThan(400_000)
  expect(ours.compared).toBe(1_001)
})

test('what metadata is asked for again is the same as with the original, without comparing all names', async () => {
  const names = topicsOf(1_000)
  const cost = async ({ BrokerPool: { prototype } }: Modules, topics: string[], expiresInMs: number) => {
    const { counter, metadata } = countingMetadata(names)
    const asked: unknown[] = []
    const metadataExpireAt = Date.now() + expiresInMs
    const refreshMetadata = async (all: string[]) => void asked.push(Array.from(all))
    const pool = Object.assign(Object.create(prototype) as BrokerPool, { metadata, metadataExpireAt, refreshMetadata })
    await pool.refreshMetadataIfNecessary(topics)
    return { asked, ...counter }
  }
  for (const [topics, expiresInMs, isAsked] of [
    [names, 60_000, false],
    [names, -60_000, true],
    [[...names, 'new'], 60_000, true],
    [[], 60_000, false]
  ] as const) {
    const [ours, theirs] = [
      await cost(mended, [...topics], expiresInMs),
      await cost(original, [...topics], expiresInMs)
    ]
    expect(ours.asked).toEqual(theirs.asked)
    expect(ours.asked).toEqual(isAsked ? [topics] : [])
    expect(ours.compared).toBeLessThanOrEqual(1_000)
  }
})

test('offsets are asked for in parts, and come together as with the original', async () => {
  const names = topicsOf(304).slice(4)
  const cost = async ({ Cluster: { prototype } }: Modules) => {
    const { metadata } = countingMetadata(names)
    let questions = 0
    const listOffsets = async ({ topics }: { topics: { topic: string; partitions: { partition: number }[] }[] }) => {
      questions += 1
      const answer = (topic: string, partition: number) => ({ partition, offset: `${topic}/${partition}` })
      const responses = topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition }) => answer(topic, partition))
      }))
      return { responses }
    }
    const findBroker = async () => ({ listOffsets })
    const cluster = Object.assign(Object.create(prototype) as Cluster, { brokerPool: { metadata }, findBroker })
    const topics = names.map(topic => ({ topic, partitions: [{ partition: 0 }], fromBeginning: true }))
    let found: { topic: string }[] = []
    const copied = await countingCopies(async () => {
      found = await cluster.fetchTopicsOffset(topics)
    })
    return { found: Object.fromEntries(found.map(each => [each.topic, each])), questions, copied }
  }
  const [ours, theirs] = [await cost(mended), await cost(original)]
  expect(ours.found).toEqual(theirs.found)
  expect(theirs.copied).toBe((300 * 299) / 2)
  expect(ours.copied).toBe((3 * 100 * 99) / 2)
  expect([ours.questions, theirs.questions]).toEqual([6, 2])
})

test.each([[undefined], [null], [{}]])('metadata of %j is an error, as with the original', metadata => {
  const [ours, theirs] = [mended, original].map(({ Cluster: { prototype } }) => {
    const cluster = Object.assign(Object.create(prototype) as Cluster, { brokerPool: { metadata } })
    try {
      return cluster.findTopicPartitionMetadata('a')
    } catch (error) {
      return String(error)
    }
  })
  expect(ours).toBe(theirs)
  expect(ours).toMatch(/not loaded/)
})
