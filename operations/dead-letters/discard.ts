import { aggregateOf, endMarker } from '../../consumers/index.ts'
import type { KafkaClient, Sender } from '../../kafka/index.ts'
import { act, type Operator, type RunningAction, resumeAction } from '../actions/index.ts'
import { OperationsError } from '../errors.ts'
import { type CatalogueParts, type LetterTopic, readCatalogue } from './catalogue.ts'
import { LetterPages } from './letter-pages.ts'
import { exclusiveOf, type GroupName, groupTopics } from './names.ts'
import { portionsOf } from './plan.ts'
import { ParkedTable, requireNew, sendInOrder } from './redrive/index.ts'
import {
  actionOfPlan,
  addDiscarded,
  type DrainedAggregate,
  drainedBy,
  type FrozenPlan,
  findPlan,
  planOffsets
} from './store/index.ts'

export interface DiscardParts extends CatalogueParts {
  readonly client: KafkaClient
  /** Asked for where an aggregate is parked and has no other letter: the group then releases it. */
  readonly sender: () => Promise<Sender>
}

export interface DiscardRequest extends GroupName {
  readonly plan: number
  readonly reason: string
  readonly signal: AbortSignal
}

export interface DiscardOutcome {
  readonly action: number
  readonly discarded: number
  /** Parked aggregates that the group is asked to release: their last letter is given up. */
  readonly released: number
}

/**
 * Gives up the letters of a plan. They stay in their topic, and their state says that no one wants them any more. Where
 * an aggregate is parked and this was its last letter, the group is asked to resume it.
 * @throws OperationsError as `redrive`
 */
export async function discard(
  parts: DiscardParts,
  operator: Operator,
  request: DiscardRequest
): Promise<DiscardOutcome> {
  const { pool } = parts
  const { groupId } = groupTopics(request)
  const topic = await readCatalogue(parts, request)
  const plan = await findPlan(pool, groupId, request.plan, 'discard')
  const exclusive = exclusiveOf(groupId)
  const run = (action: RunningAction) => discardAll(parts, request, topic, plan, action)
  const counts = ({ action: _, ...rest }: DiscardOutcome) => rest
  const begun = await actionOfPlan(pool, plan.id)
  if (begun?.status === 'interrupted') return resumeAction(pool, operator, { id: begun.id, exclusive }, run, counts)
  return act(
    pool,
    operator,
    {
      operation: 'dead-letters discard',
      target: { group: groupId, plan: plan.id, letters: plan.count, aggregates: plan.aggregates },
      reason: request.reason,
      exclusive,
      resumable: true,
      check: () => requireNew(parts, plan)
    },
    run,
    counts
  )
}

async function discardAll(
  parts: DiscardParts,
  request: DiscardRequest,
  topic: LetterTopic,
  plan: FrozenPlan,
  action: RunningAction
): Promise<DiscardOutcome> {
  const offsets = await planOffsets(parts.pool, plan.id)
  const log = { groupId: plan.groupId, topicId: plan.topicId }
  const discarded = await addDiscarded(parts.pool, log, action.id, offsets)
  const drained = await drainedBy(parts.pool, log, offsets)
  return { action: action.id, discarded, released: await release(parts, request, topic, drained, action) }
}

/** The same end marker that a redrive ends with: the group knows whether it has parked anything since. */
async function release(
  parts: DiscardParts,
  request: DiscardRequest,
  topic: LetterTopic,
  drained: readonly DrainedAggregate[],
  action: RunningAction
): Promise<number> {
  if (drained.length === 0) return 0
  const { redrive, parked } = groupTopics(request)
  if (topic.redriveTopicId === undefined)
    throw new OperationsError(
      'TOPIC_CHANGED',
      `Kafka has no topic ${redrive}: the group makes it when it starts. The letters are discarded, and their aggregates stay parked`
    )
  const sender = await parts.sender()
  const partitions = await sender.partitionsOf(redrive)
  await using table = await ParkedTable.open(parts.client, parked)
  const keys = await keysOf(parts, topic, table, drained)
  let released = 0
  for (const portion of portionsOf(drained, { letters: 100, bytes: Number.POSITIVE_INFINITY })) {
    await action.requireHeld()
    const markers = portion.flatMap(({ offset, topic: source, partition, through }) => {
      const key = keys.get(offset)
      if (!key) return []
      return [endMarker({ group: topic.groupId, topic: source, partition, key, through }, action.id)]
    })
    await sendInOrder(sender, redrive, partitions, markers, request.signal)
    released += markers.length
  }
  return released
}

/**
 * The keys of aggregates that are parked, by the offsets of their last letters: as the group has written them down, for
 * letters may be gone from their topic. Where that cannot be read, those of the letters.
 */
async function keysOf(
  parts: DiscardParts,
  topic: LetterTopic,
  table: ParkedTable | undefined,
  drained: readonly DrainedAggregate[]
): Promise<ReadonlyMap<number, Buffer | null>> {
  if (!table) {
    const records = await new LetterPages(parts.reader, topic.topic).read(drained.map(({ offset }) => offset))
    return new Map([...records].map(([offset, { key }]) => [offset, key]))
  }
  const parked = await table.read()
  return new Map(
    drained.flatMap(({ topic: source, partition, aggregate, offset }) => {
      const found = parked.get(aggregateOf({ source: { topic: source, partition, offset }, aggregate }))
      return found ? [[offset, Buffer.from(found.row.key, 'base64')] as const] : []
    })
  )
}
