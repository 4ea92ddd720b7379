import { aggregatePath, type FieldMeaning, type Step, stepsOf } from '../../schemas/index.ts'
import { type Condition, textOf } from './condition.ts'
import { personIds, type SubjectField, subjectFields } from './meanings.ts'
import { checkedQuestion, microsOf, type Question } from './question.ts'
import { compared, isSame, scalarsOf } from './scalars.ts'

/** What a question is asked of. */
export interface AskedEvent {
  readonly id: string
  readonly aggregateId: string
  readonly eventName: string
  /** Microseconds since 1970. */
  readonly occurredAt: bigint
  /** As `parseExactJson` reads it. */
  readonly payload: unknown
}

/**
 * Compiles a question to a function that answers it for one event in memory, as the SQL of {@link questionSql} answers it
 * for a row.
 * @throws TrailError `QUESTION_INVALID`
 */
export function matcherOf(question: Question, meanings: readonly FieldMeaning[]): (event: AskedEvent) => boolean {
  const asked = checkedQuestion(question)
  const { person, aggregate, eventId, eventName, from, to } = asked
  const parts: ((event: AskedEvent) => boolean)[] = []
  if (eventId !== undefined) parts.push(({ id }) => id === eventId)
  if (aggregate !== undefined) parts.push(({ aggregateId }) => aggregateId === aggregate)
  if (eventName !== undefined) parts.push(event => event.eventName === eventName)
  if (from !== undefined) parts.push(notBefore(microsOf('from', from)))
  if (to !== undefined) {
    const before = notBefore(microsOf('to', to))
    parts.push(event => !before(event))
  }
  if (person !== undefined) {
    const ids = personIds(person)
    const fields = subjectFields(asked, meanings).map(field => namesOneOf(field, ids))
    parts.push(event => fields.some(names => names(event)))
  }
  parts.push(...asked.where.map(conditionMatcher))
  return event => parts.every(holds => holds(event))
}

const notBefore =
  (micros: bigint) =>
  ({ occurredAt }: AskedEvent): boolean =>
    occurredAt >= micros

function namesOneOf({ path, eventNames }: SubjectField, ids: readonly string[]): (event: AskedEvent) => boolean {
  const names = new Set(eventNames)
  if (path === aggregatePath) return event => names.has(event.eventName) && ids.includes(event.aggregateId)
  const steps = stepsOf(path) ?? []
  return event =>
    names.has(event.eventName) &&
    valuesAt(event.payload, steps).some(value => typeof value === 'string' && ids.includes(value))
}

function conditionMatcher({ field, is, value = '' }: Condition): (event: AskedEvent) => boolean {
  const steps = stepsOf(field) ?? []
  const any =
    (holds: (value: unknown) => boolean) =>
    ({ payload }: AskedEvent): boolean =>
      valuesAt(payload, steps).some(holds)
  const scalars = scalarsOf(value) ?? []
  const exists = any(found => found !== null)
  const equal = any(found => scalars.some(scalar => isSame(found, scalar)))
  const [scalar] = scalars
  const ordered = (holds: (order: number) => boolean) =>
    any(found => {
      const order = scalar && compared(found, scalar)
      return order !== undefined && holds(order)
    })
  switch (is) {
    case '=':
      return equal
    case '≠':
      return event => exists(event) && !equal(event)
    case '<':
      return ordered(order => order < 0)
    case '≤':
      return ordered(order => order <= 0)
    case '>':
      return ordered(order => order > 0)
    case '≥':
      return ordered(order => order >= 0)
    case 'contains': {
      const part = textOf(value)
      return any(found => typeof found === 'string' && found.includes(part))
    }
    case 'exists':
      return exists
  }
}

/** All values that a path leads to. */
function valuesAt(payload: unknown, steps: readonly Step[]): readonly unknown[] {
  let values: readonly unknown[] = [payload]
  for (const step of steps) {
    values =
      step === 'each'
        ? values.flatMap(value => (Array.isArray(value) ? value : []))
        : values.flatMap(value => (hasField(value, step.name) ? [value[step.name]] : []))
  }
  return values
}

const hasField = (value: unknown, name: string): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, name)
