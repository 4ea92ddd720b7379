import { keyOf, type TopicPartition } from '../kafka/index.ts'
import { asDate, asListOf, asRecord, asShortText, asWhole } from './fields.ts'

/** Partitions that are meant together: one, those of a topic, or all of the group where nothing is given. */
export interface Scope {
  readonly topic?: string
  /** With a topic only. */
  readonly partition?: number
}

/** Nothing of these partitions is to begin. */
export interface PauseOrder {
  readonly scope: Scope
  /** The number of the operator's action. */
  readonly action: string
  /** Who ordered it and why, for those who look. */
  readonly by: string
  readonly reason: string
  readonly at: Date
}

/** The group is to read on at an offset; done once. */
export interface RewindOrder extends TopicPartition {
  readonly offset: number
  readonly action: string
}

/** Members shall read topics again that they have stopped because most of their latest messages became dead letters; done once. */
export interface ResumeOrder {
  readonly scope: Scope
  readonly action: string
}

/**
 * What the members of a group shall do. Each state replaces the one before: a member that joins later reads the same as
 * one that was there. Revisions grow by one.
 */
export interface DesiredState {
  readonly revision: number
  readonly pauses: readonly PauseOrder[]
  /** One of each partition at most: the latest. */
  readonly rewinds: readonly RewindOrder[]
  /** One of each scope at most: the latest. They stay, and mean nothing to a member that starts later. */
  readonly resumes: readonly ResumeOrder[]
}

export const nothingDesired: DesiredState = { revision: 0, pauses: [], rewinds: [], resumes: [] }

/** The format; a reader passes over fields that it does not know. */
const format = 1

export function encodeDesired({ revision, pauses, rewinds, resumes }: DesiredState): Buffer {
  const flat = ({ scope, ...order }: PauseOrder | ResumeOrder) => ({ ...scope, ...order })
  return Buffer.from(
    JSON.stringify({ v: format, revision, pauses: pauses.map(flat), rewinds, resumes: resumes.map(flat) })
  )
}

/** Undefined where it cannot be read: a member then keeps to what it knew. */
export function parseDesired(bytes: Buffer): DesiredState | undefined {
  const fields = asRecord(bytes)
  const revision = asWhole(fields?.revision)
  if (!fields || fields.v !== format || revision === undefined) return undefined
  return {
    revision,
    pauses: asListOf(fields.pauses, asPause),
    rewinds: asListOf(fields.rewinds, asRewind),
    resumes: asListOf(fields.resumes, asResume)
  }
}

type Fields = Readonly<Record<string, unknown>>

function asScope(entry: Fields): Scope | undefined {
  const topic = asShortText(entry.topic)
  const partition = asWhole(entry.partition)
  // Of a scope that is not understood nothing is left out: it would be paused more than was ordered.
  if ((entry.topic !== undefined && topic === undefined) || (entry.partition !== undefined && partition === undefined))
    return undefined
  if (partition !== undefined && topic === undefined) return undefined
  return { ...(topic !== undefined && { topic }), ...(partition !== undefined && { partition }) }
}

function asPause(entry: Fields): PauseOrder | undefined {
  const scope = asScope(entry)
  return (
    scope && {
      scope,
      action: asShortText(entry.action) ?? '',
      by: asShortText(entry.by) ?? '',
      reason: asShortText(entry.reason) ?? '',
      at: asDate(entry.at) ?? new Date(0)
    }
  )
}

function asResume(entry: Fields): ResumeOrder | undefined {
  const [scope, action] = [asScope(entry), asShortText(entry.action)]
  return scope && action ? { scope, action } : undefined
}

function asRewind(entry: Fields): RewindOrder | undefined {
  const [topic, partition, offset] = [asShortText(entry.topic), asWhole(entry.partition), asWhole(entry.offset)]
  const action = asShortText(entry.action)
  if (topic === undefined || partition === undefined || offset === undefined || !action) return undefined
  return { topic, partition, offset, action }
}

/** Whether all that `inner` means is meant by `outer` too. */
export const isWithin = (outer: Scope, inner: Scope): boolean =>
  (outer.topic === undefined || outer.topic === inner.topic) &&
  (outer.partition === undefined || outer.partition === inner.partition)

/** The pauses that hold a partition, widest first. */
export const pausesOf = ({ pauses }: DesiredState, source: TopicPartition): readonly PauseOrder[] =>
  pauses.filter(({ scope }) => isWithin(scope, source))

/** With a further pause. One of the same scope is replaced; narrower ones stay, to hold when it is lifted. */
export function withPause(state: DesiredState, order: PauseOrder): DesiredState {
  const others = state.pauses.filter(({ scope }) => !isSame(scope, order.scope))
  return { ...state, revision: state.revision + 1, pauses: [...others, order].toSorted(byWidth) }
}

/**
 * Without the pauses of a scope and of all within it. A wider pause cannot be lifted in part.
 * @returns what was lifted, and the wider pauses that still hold the scope
 */
export function withoutPauses(
  state: DesiredState,
  scope: Scope
): { readonly state: DesiredState; readonly lifted: readonly PauseOrder[]; readonly left: readonly PauseOrder[] } {
  const lifted = state.pauses.filter(each => isWithin(scope, each.scope))
  const pauses = state.pauses.filter(each => !lifted.includes(each))
  const left = pauses.filter(each => isWithin(each.scope, scope))
  return { state: { ...state, revision: state.revision + 1, pauses }, lifted, left }
}

/** The same, and with the order to read again what members have stopped within the scope by themselves. */
export function withResume(state: DesiredState, order: ResumeOrder): ReturnType<typeof withoutPauses> {
  const { state: after, lifted, left } = withoutPauses(state, order.scope)
  const others = state.resumes.filter(({ scope }) => !isWithin(order.scope, scope))
  return { state: { ...after, resumes: [...others, order] }, lifted, left }
}

/** With further rewinds: of each partition the latest counts. */
export function withRewinds(state: DesiredState, orders: readonly RewindOrder[]): DesiredState {
  const replaced = new Set(orders.map(keyOf))
  const others = state.rewinds.filter(order => !replaced.has(keyOf(order)))
  return { ...state, revision: state.revision + 1, rewinds: [...others, ...orders] }
}

/** Without the rewinds that are done: of one that stays, a position that loses its note would be taken back again. */
export function withoutRewinds(state: DesiredState, isDone: (order: RewindOrder) => boolean): DesiredState {
  const rewinds = state.rewinds.filter(order => !isDone(order))
  return rewinds.length === state.rewinds.length ? state : { ...state, revision: state.revision + 1, rewinds }
}

const isSame = (one: Scope, other: Scope): boolean => isWithin(one, other) && isWithin(other, one)

const widthOf = ({ scope }: PauseOrder): number =>
  scope.topic === undefined ? 0 : scope.partition === undefined ? 1 : 2
const byWidth = (one: PauseOrder, other: PauseOrder): number => widthOf(one) - widthOf(other)
