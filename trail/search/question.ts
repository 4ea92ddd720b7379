import { eventNamePattern, nanosOf, uuidOf } from '../../schemas/index.ts'
import { type Condition, checkedCondition, invalid } from './condition.ts'

/** A question to the trail. All of its parts must hold; without any it asks for all events. */
export interface Question {
  /** Id of a person, found in the fields that name one ({@link FieldMeaning}). */
  readonly person?: string
  /** UUID of an aggregate. */
  readonly aggregate?: string
  /** UUID of an event. */
  readonly eventId?: string
  readonly eventName?: string
  /** Happened at this time or later: ISO 8601 with a zone, or a day (UTC). */
  readonly from?: string
  /** Happened before this time. */
  readonly to?: string
  readonly where: readonly Condition[]
}

/** Days that a question by name may span with conditions that no index answers. */
export const mostDays = 31
const mostConditions = 16
const mostPersonLength = 200
const day = 86_400_000_000n

/**
 * Returns the question with UUIDs in lower case and times in microseconds.
 * @throws TrailError `QUESTION_INVALID`, naming the part and never its value
 */
export function checkedQuestion(question: Question): Question {
  const { person, aggregate, eventId, eventName, from, to, where } = question
  if (person !== undefined && !isText(person))
    throw invalid(`The id of a person must be text of 1 to ${mostPersonLength} characters`)
  if (eventName !== undefined && !eventNamePattern.test(eventName))
    throw invalid('The name of an event must be as in the catalogue, such as order.placed')
  if (where.length > mostConditions) throw invalid(`A question has at most ${mostConditions} conditions`)
  const checked: Question = {
    ...(person !== undefined && { person }),
    ...(aggregate !== undefined && { aggregate: uuid('aggregate', aggregate) }),
    ...(eventId !== undefined && { eventId: uuid('event', eventId) }),
    ...(eventName !== undefined && { eventName }),
    ...(from !== undefined && { from: isoOf(microsOf('from', from)) }),
    ...(to !== undefined && { to: isoOf(microsOf('to', to)) }),
    where: where.map(checkedCondition)
  }
  if (checked.from !== undefined && checked.to !== undefined && spanOf(checked) <= 0n)
    throw invalid('The time to which events are asked for must be after the time from which they are')
  const unindexed = checked.where.find(({ is }) => is !== '=')
  if (unindexed && !isNarrow(checked))
    throw invalid(
      `The condition on ${unindexed.field} is answered by no index: add a person, an aggregate, an event id, or an event name with a time from and to of at most ${mostDays} days`
    )
  return checked
}

/** Whether conditions that no index answers may be asked of what is left. */
function isNarrow(question: Question): boolean {
  const { person, aggregate, eventId, eventName, from, to } = question
  if (person !== undefined || aggregate !== undefined || eventId !== undefined) return true
  return eventName !== undefined && from !== undefined && to !== undefined && spanOf(question) <= BigInt(mostDays) * day
}

/** Microseconds. */
const spanOf = ({ from = '', to = '' }: Question): bigint => microsOf('to', to) - microsOf('from', from)

const isText = (text: unknown): boolean =>
  typeof text === 'string' &&
  text.trim() !== '' &&
  text.length <= mostPersonLength &&
  text.isWellFormed() &&
  !text.includes('\u0000')

function uuid(what: string, text: string): string {
  const found = uuidOf(text)
  if (found === undefined) throw invalid(`The id of the ${what} must be a UUID`)
  return found
}

/** Microseconds since 1970. @throws TrailError `QUESTION_INVALID` */
export function microsOf(part: string, text: string): bigint {
  const nanos = typeof text === 'string' ? (nanosOf(text, 'instant') ?? nanosOf(text, 'day')) : undefined
  if (nanos === undefined || nanos % 1_000n !== 0n || text.startsWith('0000'))
    throw invalid(
      `The time "${part}" must be ISO 8601 with a zone, at most six digits of a second, or a day: 2026-11-25T14:00:00Z or 2026-11-25`
    )
  return nanos / 1_000n
}

/** Microseconds since 1970 as ISO 8601 text with all six digits, in UTC. */
export function isoOf(micros: bigint): string {
  const inMs = ((micros % 1_000n) + 1_000n) % 1_000n
  const ms = new Date(Number((micros - inMs) / 1_000n)).toISOString()
  return `${ms.slice(0, -1)}${String(inMs).padStart(3, '0')}Z`
}
