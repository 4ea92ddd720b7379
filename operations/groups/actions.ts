import { randomBytes } from 'node:crypto'
import {
  type DesiredState,
  isWithin,
  type PauseOrder,
  type Scope,
  withoutRewinds,
  withPause,
  withResume,
  withRewinds
} from '../../control/index.ts'
import { type Logger, pause } from '../../core/index.ts'
import { type KafkaClient, keyOf, type TopicPartition } from '../../kafka/index.ts'
import type { Pool } from '../../postgres/index.ts'
import { act, type Operator } from '../actions/index.ts'
import { OperationsError } from '../errors.ts'
import { type Applied, appliedBy, isDone, type StoppedOn, stoppedBy } from './applied.ts'
import { type GroupLook, type GroupSources, lookAtGroup, membersOf } from './kafka-side.ts'
import type { PartitionLook } from './lag.ts'
import { Orders } from './orders.ts'
import { ordersOf, type RewindStep, type RewindTarget, rewindPlan } from './rewind-plan.ts'

/** Who orders what, and why. */
export interface GroupActionParts extends GroupSources {
  readonly client: KafkaClient
  readonly log: Logger
  readonly pool: Pool
  readonly operator: Operator
  /** As Kafka has it, with the prefix. */
  readonly group: string
  readonly reason: string
  /** ms for which the members are waited for. */
  readonly waitMs: number
  /** Ends the wait. */
  readonly signal: AbortSignal
}

/** A pause or a resume that is ordered. */
export interface PauseResult {
  readonly action: number
  readonly state: DesiredState
  readonly applied: Applied
  /** What a resume lifted. */
  readonly lifted: readonly PauseOrder[]
  /** What members had stopped by themselves, within what was resumed. */
  readonly stopped: readonly StoppedOn[]
  /** Wider pauses that still hold what was to be resumed. */
  readonly left: readonly PauseOrder[]
}

export interface RewindResult<Step = RewindStep> {
  readonly action: number
  /** What is not done yet: it is when a member reads these partitions. */
  readonly waiting: readonly Step[]
  readonly hasMembers: boolean
}

const lookAgainMs = 250

/** Only groups whose members obey. @throws OperationsError `GROUP_UNKNOWN`, `GROUP_FOREIGN` */
export function requireOurs({ group, kind, state, partitions }: GroupLook): void {
  if (state === 'Dead' && partitions.length === 0)
    throw new OperationsError('GROUP_UNKNOWN', `Kafka has no group ${group}: check --group and --prefix`)
  if (kind === 'sink')
    throw new OperationsError('GROUP_FOREIGN', `${group} is the group of a sink: \`eventtrail sink reset\` moves it`)
  if (kind === 'other')
    throw new OperationsError(
      'GROUP_FOREIGN',
      `No member of eventtrail is in group ${group}: stop it, and use kafka-consumer-groups.sh --reset-offsets`
    )
}

/** The scope with the topic as Kafka has it, which may be given without the prefix. @throws OperationsError `SCOPE_UNKNOWN` */
export function scopeIn(look: GroupLook, { topic, partition }: Scope, topicPrefix: string): Scope {
  if (topic === undefined && partition === undefined) return {}
  if (topic === undefined) throw new OperationsError('SCOPE_UNKNOWN', 'A partition is one of a topic: give --topic too')
  const names = [topic, topicPrefix + topic]
  const found = look.partitions.find(each => names.includes(each.topic))?.topic
  const scope = { topic: found ?? topic, ...(partition !== undefined && { partition }) }
  if (look.partitions.some(each => isWithin(scope, each))) return scope
  throw new OperationsError(
    'SCOPE_UNKNOWN',
    `Group ${look.group} reads no ${partition === undefined ? 'topic' : 'partition'} ${topic}${partition === undefined ? '' : `/${partition}`}`
  )
}

/** Orders a pause, and waits until all members have carried it out. @throws OperationsError, KafkaError, SendError */
export function pauseGroup(parts: GroupActionParts, scope: Scope): Promise<PauseResult> {
  return recorded(parts, 'groups pause', { ...scope }, async (orders, action) => {
    const { group, pool, operator, reason } = parts
    const order = { scope, action: String(action), by: operator.actor, reason, at: new Date() }
    const { partitions } = await lookAtGroup(parts, group)
    const state = await orders.change(pool, group, before => withPause(withoutDone(before, partitions), order))
    return { action, state, lifted: [], left: [], stopped: [], applied: await untilApplied(parts, state) }
  })
}

/** Lifts all pauses within a scope, and lets members read again what they have stopped by themselves in there. @throws as {@link pauseGroup} */
export function resumeGroup(parts: GroupActionParts, scope: Scope): Promise<PauseResult> {
  return recorded(parts, 'groups resume', { ...scope }, async (orders, action) => {
    let [lifted, left]: [readonly PauseOrder[], readonly PauseOrder[]] = [[], []]
    const { members, partitions } = await lookAtGroup(parts, parts.group)
    const stopped = stoppedBy(members).filter(({ topic }) => scope.topic === undefined || scope.topic === topic)
    const state = await orders.change(parts.pool, parts.group, desired => {
      const after = withResume(withoutDone(desired, partitions), { scope, action: orderName(action) })
      ;({ lifted, left } = after)
      return after.state
    })
    return { action, state, lifted, left, stopped, applied: await untilApplied(parts, state) }
  })
}

/** What a rewind would do now. @throws OperationsError, KafkaError */
export async function planRewind(
  sources: GroupSources,
  look: GroupLook,
  scope: Scope,
  target: RewindTarget
): Promise<RewindStep[]> {
  // Dead letters that were sent again are not part of what the group reads of others: they are moved by name alone.
  const all = look.partitions.filter(
    ({ topic }) => scope.topic !== undefined || topic !== `${look.group}.dead-letters-redrive`
  )
  const meant = all.filter(each => isWithin(scope, each))
  const offsets = target instanceof Date ? await sources.reader.offsetsAt(meant, target) : undefined
  return rewindPlan(all, scope, target, offsets)
}

/**
 * Orders what a plan says, and waits until the members have done it. What is not done then stays ordered.
 * @throws as {@link pauseGroup}
 */
export function rewindGroup(parts: GroupActionParts, plan: readonly RewindStep[]): Promise<RewindResult> {
  const offsets = Object.fromEntries(plan.map(step => [keyOf(step), { from: step.from ?? null, to: step.to }]))
  return recorded(parts, 'groups rewind', { offsets }, (orders, action) => orderRewind(parts, orders, plan, action))
}

/** The same within an action that is recorded already. */
export async function orderRewind<Step extends TopicPartition & { readonly to: number }>(
  parts: Omit<GroupActionParts, 'operator' | 'reason'>,
  orders: Orders,
  plan: readonly Step[],
  action: number
): Promise<RewindResult<Step>> {
  const wanted = ordersOf(plan, orderName(action))
  const { members } = await parts.admin.describeGroup(parts.group)
  await orders.change(parts.pool, parts.group, before => withRewinds(before, wanted))
  const look = await until(parts, async () => {
    const now = await lookAtGroup(parts, parts.group)
    // A member that dies meanwhile is replaced, or starts again.
    return [members.length === 0 || wanted.every(order => isDone(order, now.partitions)), now]
  })
  await forgetDone(parts, orders, look)
  const done = new Set(wanted.filter(order => isDone(order, look.partitions)).map(keyOf))
  const waiting = plan.filter(step => !done.has(keyOf(step)))
  return { action, waiting, hasMembers: look.members.length > 0 }
}

/** Another database, or one that was made again, has an action of the same number. */
const orderName = (action: number): string => `${action}-${randomBytes(4).toString('hex')}`

/** Without the orders that are carried out: a position whose note someone removes would otherwise be moved again. */
const withoutDone = (state: DesiredState, partitions: readonly PartitionLook[]): DesiredState =>
  withoutRewinds(state, order => isDone(order, partitions))

async function forgetDone(
  { pool, group }: Pick<GroupActionParts, 'pool' | 'group'>,
  orders: Orders,
  look: GroupLook
): Promise<void> {
  await orders.change(pool, group, state => withoutDone(state, look.partitions))
}

function recorded<T>(
  parts: GroupActionParts,
  operation: string,
  target: Readonly<Record<string, unknown>>,
  run: (orders: Orders, action: number) => Promise<T>
): Promise<T> {
  const { pool, operator, group, reason, client, log, topicPrefix, admin } = parts
  return act(pool, operator, { operation, target: { group, ...target }, reason }, async ({ id }) => {
    await using orders = await Orders.open({ client, log, topicPrefix }, admin)
    return await run(orders, id)
  })
}

const untilApplied = (parts: GroupActionParts, state: DesiredState): Promise<Applied> =>
  until(parts, async () => {
    const applied = appliedBy(await membersOf(parts, parts.group), state)
    return [applied.notYet.length === 0, applied]
  })

/** Looks again and again until it is so, or the time is up; resolves to the last look. */
async function until<T>(
  { waitMs, signal }: Pick<GroupActionParts, 'waitMs' | 'signal'>,
  look: () => Promise<readonly [isOver: boolean, seen: T]>
): Promise<T> {
  const began = performance.now()
  for (;;) {
    const [isOver, seen] = await look()
    if (isOver || performance.now() - began > waitMs || !(await pause(lookAgainMs, signal))) return seen
  }
}
