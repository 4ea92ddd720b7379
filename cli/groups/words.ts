import { isWithin, type PauseOrder, type Scope } from '../../control/index.ts'
import { few, table } from '../../core/index.ts'
import { keyOf } from '../../kafka/index.ts'
import {
  appliedBy,
  type GroupLook,
  type ListedGroup,
  type Loss,
  nameOf,
  type Pace,
  type PartitionLook,
  type PauseResult,
  type RewindStep,
  type SeenMember,
  type StoppedOn,
  stoppedBy,
  takesOrders
} from '../../operations/index.ts'

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000]
] as const

/** `6 d 21 h`, `41 s`: the two largest units. */
export function duration(ms: number): string {
  const first = units.findIndex(([, length]) => ms >= length)
  if (first < 0) return 'under 1 s'
  let left = ms
  const parts = units.slice(first, first + 2).flatMap(([name, length]) => {
    const count = Math.floor(left / length)
    left -= count * length
    return count > 0 ? [`${count} ${name}`] : []
  })
  return parts.join(' ')
}

/** What is paused. */
export const scopeInWords = ({ topic, partition }: Scope): string =>
  topic === undefined ? 'all topics' : partition === undefined ? topic : `${topic}/${partition}`

/** How far a group is, in one line. */
export function paceInWords({ group, state, members, partitions }: GroupLook, pace: Pace): string {
  const lag = partitions.reduce((sum, each) => sum + each.lag, 0)
  const ends = {
    none: 'nothing waits',
    steady: `${lag} wait, and neither more nor fewer`,
    growing: `${lag} wait, and growing`,
    falling: `${lag} wait, clear in about ${duration(pace.clearMs ?? 0)}`
  }
  const rate = (perSecond: number) => `${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)}/s`
  return `${group}: ${state}, ${count(members.length, 'member')}; ${ends[pace.trend]}; handled ${rate(pace.handled)}, published ${rate(pace.published)}`
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`

export function listInLines(groups: readonly ListedGroup[]): string[] {
  const kinds = { handlers: 'group', sink: 'sink', other: 'other program' }
  const rows = groups.map(({ group, kind, state, members, lag, lost, pauses }) => [
    ...[group, kinds[kind], state, String(members), String(lag), String(lost)],
    pauses.length === 0 ? '' : few(pauses.map(({ scope }) => scopeInWords(scope)))
  ])
  return table([['GROUP', 'OF', 'STATE', 'MEMBERS', 'WAITING', 'LOST', 'PAUSED'], ...rows])
}

/** A line for each partition. */
export function partitionsInLines(look: GroupLook, pauses: readonly PauseOrder[], loss: Loss): string[] {
  const owners = new Map(
    look.members.flatMap(member => member.partitions.map(source => [keyOf(source), nameOf(member)] as const))
  )
  const stopped = new Set(
    stoppedBy(look.members).flatMap(({ topic, member }) =>
      member.partitions.filter(source => source.topic === topic).map(keyOf)
    )
  )
  const rows = look.partitions.map(each => {
    const lossMs = loss.inMs.get(keyOf(each))
    return [
      ...[keyOf(each), owners.get(keyOf(each)) ?? 'none', each.committed === undefined ? '' : String(each.committed)],
      ...[String(each.end), String(each.lag), lossMs === undefined ? '' : lossMs === 0 ? 'due' : duration(lossMs)],
      stateOf(each, pauses, stopped.has(keyOf(each)))
    ]
  })
  return table([['PARTITION', 'MEMBER', 'COMMITTED', 'END', 'WAITING', 'LOSS IN', ''], ...rows])
}

function stateOf(look: PartitionLook, pauses: readonly PauseOrder[], isStopped: boolean): string {
  const paused = pauses.some(({ scope }) => isWithin(scope, look))
  return [paused ? 'paused' : '', isStopped ? 'stopped' : '', look.lost > 0 ? `${look.lost} lost` : '']
    .filter(Boolean)
    .join(', ')
}

/** A line for each member. */
export function membersInLines(members: readonly SeenMember[]): string[] {
  const rows = members.map(member => {
    const { identity, address, partitions, report } = member
    return [
      ...[nameOf(member), address, identity?.version ?? '', identity?.since.toISOString() ?? ''],
      String(partitions.length),
      report ? few(report.notReady, 2) || 'ready' : 'no report',
      takesOrders(member) === false ? 'cannot read orders' : ''
    ]
  })
  return table([['MEMBER', 'ADDRESS', 'VERSION', 'SINCE', 'PARTITIONS', 'HEALTH', ''], ...rows])
}

export function pausesInLines(
  pauses: readonly PauseOrder[],
  revision: number,
  members: readonly SeenMember[]
): string[] {
  const { by } = appliedBy(members, { revision })
  return pauses.map(
    ({ scope, by: who, reason, at }) =>
      `paused: ${scopeInWords(scope)} by ${who} at ${at.toISOString()}: ${reason}; carried out by ${by.length} of ${members.length}`
  )
}

/** A line for each topic that a member has stopped by itself. */
export const stoppedInLines = (stopped: readonly StoppedOn[]): string[] =>
  stopped.map(
    ({ topic, messages, failed, member }) =>
      `stopped: ${topic} on ${nameOf(member)}: ${failed} of its latest ${messages} messages became dead letters; single messages are tried, and \`eventtrail groups resume\` reads all again`
  )

const mostRunning = 10

/** What runs for longest, of all members. */
export function runningInLines(members: readonly SeenMember[]): string[] {
  const all = members.flatMap(member =>
    (member.report?.longest ?? []).map(message => ({ ...message, on: nameOf(member) }))
  )
  return all
    .toSorted((one, other) => other.forMs - one.forMs)
    .slice(0, mostRunning)
    .map(message => `running: ${keyOf(message)}@${message.offset} for ${duration(message.forMs)} on ${message.on}`)
}

/** A line for each partition that is moved, and their sum. */
export function planInLines(plan: readonly RewindStep[]): string[] {
  const rows = plan.map(({ topic, partition, from, to, again, skipped }) => [
    ...[`${topic}/${partition}`, from === undefined ? '' : String(from), String(to), String(again), String(skipped)]
  ])
  const sum = (of: 'again' | 'skipped') => plan.reduce((total, step) => total + step[of], 0)
  return [
    ...table([['PARTITION', 'IS AT', 'READS ON AT', 'COME AGAIN', 'ARE SKIPPED'], ...rows]),
    `${count(plan.length, 'partition')}: handlers get ${count(sum('again'), 'offset')} again and never get ${sum('skipped')}`
  ]
}

/** Who has carried out an order, and who has not. */
export function appliedInWords({ applied: { by, notYet } }: PauseResult): string {
  const all = by.length + notYet.length
  if (all === 0) return 'no member runs: it holds for those that start'
  if (notYet.length === 0) return `carried out by ${by.length} of ${all}`
  return `carried out by ${by.length} of ${all}; not reported by ${few(notYet.map(nameOf))}`
}
