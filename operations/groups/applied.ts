import type { DesiredState, MemberIdentity, MemberReport, RewindOrder, StoppedTopic } from '../../control/index.ts'
import { keyOf, type TopicPartition } from '../../kafka/index.ts'
import type { PartitionLook } from './lag.ts'

/** A member of a group, with what it says of itself. */
export interface SeenMember {
  readonly clientId: string
  /** As the broker sees its connection. */
  readonly address: string
  /** Undefined where it is no member of eventtrail, or one of an older version. */
  readonly identity: MemberIdentity | undefined
  readonly partitions: readonly TopicPartition[]
  /** The latest report; undefined where there is none of the last minutes. */
  readonly report: MemberReport | undefined
}

/** Who has carried out a revision. */
export interface Applied {
  readonly by: readonly SeenMember[]
  readonly notYet: readonly SeenMember[]
}

export const appliedBy = (members: readonly SeenMember[], { revision }: Pick<DesiredState, 'revision'>): Applied => {
  const has = ({ report }: SeenMember) => (report?.applied ?? -1) >= revision
  return { by: members.filter(has), notYet: members.filter(member => !has(member)) }
}

/** A topic that a member has stopped by itself. */
export interface StoppedOn extends StoppedTopic {
  readonly member: SeenMember
}

/** What members have stopped by themselves, as they report it. */
export const stoppedBy = (members: readonly SeenMember[]): StoppedOn[] =>
  members.flatMap(member => (member.report?.stopped ?? []).map(each => ({ ...each, member })))

/** Whether a member reads the orders to its group; undefined where it reports nothing. */
export const takesOrders = ({ report }: SeenMember): boolean | undefined => report && report.applied !== undefined

/** `host:pid`, or what the broker knows of it. */
export const nameOf = ({ identity, clientId, address }: SeenMember): string =>
  identity ? `${identity.host}:${identity.pid}` : `${clientId} at ${address}`

const notePrefix = 'rewind:'

/** What a member notes with a position that an action has set. */
export const noteOf = (action: string): string => notePrefix + action

/** Whether the position of a partition was set by that order, or by a later one. */
export const isDone = (order: RewindOrder, looks: readonly PartitionLook[]): boolean =>
  looks.find(look => keyOf(look) === keyOf(order))?.note === noteOf(order.action)
