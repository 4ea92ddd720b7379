import { aggregatePath, type FieldMeaning, stepsOf, uuidOf } from '../../schemas/index.ts'
import { type Place, readCursor } from './cursor.ts'
import { personIds, type SubjectField, subjectFields } from './meanings.ts'
import { type Bind, conditionSql, holdsOneOf } from './payload-sql.ts'
import { checkedQuestion, type Question } from './question.ts'

export interface PageOptions {
  /** Continues after this place: a cursor of an earlier page. */
  readonly after?: string | undefined
  /** Rows at most. Default: all. */
  readonly limit?: number | undefined
  /**
   * Which events come first, by the time at which they happened; or in the order of their ids, which for many rows needs
   * no sorting and takes no limit. Default `newest`.
   */
  readonly order?: 'newest' | 'oldest' | 'id' | undefined
}

/** A statement, as `pg` takes it. */
export interface QuestionStatement {
  readonly text: string
  readonly values: unknown[]
}

/** A row that answers a question: as the statement returns it. */
export interface FoundRow {
  readonly id: string
  readonly aggregate_id: string
  /** ISO 8601 in UTC, with six digits of a second. */
  readonly occurred_at: string
  readonly event_name: string
  /** JSON with every digit: `parseExactJson` keeps them. */
  readonly payload: string
  readonly schema_version: number
  readonly source: string | null
  readonly actor: string | null
  readonly traceparent: string | null
  readonly kafka_partition: number | null
  readonly kafka_offset: string | null
  /** When it was stored: as `occurred_at`. */
  readonly recorded_at: string
  /**
   * With a limit, where values of payloads are looked up: how many rows there are from the cursor on. Above
   * {@link mostFound} the page is not that of the newest or oldest: its question must be narrowed.
   */
  readonly found?: string
}

/** Rows that a page with a value of payloads is chosen from, at most. */
export const mostFound = 20_000

const iso = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

// The names of two columns are those of their texts here: ORDER BY and WHERE must name e.occurred_at, or they sort and
// compare the texts of all rows (measured: 1,151 ms in place of 2).
const columns = `e.id, e.aggregate_id, ${iso('e.occurred_at')} AS occurred_at, e.event_name, e.payload::text AS payload,
  e.schema_version, e.source, e.actor, e.traceparent, e.kafka_partition, e.kafka_offset::text AS kafka_offset, ${iso('e.recorded_at')} AS recorded_at`

const stored = `e.id, e.aggregate_id, e.occurred_at, e.event_name, e.payload, e.schema_version, e.source, e.actor,
  e.traceparent, e.kafka_partition, e.kafka_offset, e.recorded_at`

/**
 * The statement that answers a question, one row an event ({@link FoundRow}), in the order of (occurred_at, id).
 * @param meanings all that the trail has, of which a question for a person needs those of its events
 * @throws TrailError `QUESTION_INVALID`
 */
export function questionSql(
  question: Question,
  meanings: readonly FieldMeaning[],
  { after, limit, order = 'newest' }: PageOptions = {}
): QuestionStatement {
  const values: unknown[] = []
  const bind: Bind = value => `$${values.push(value)}`
  const asked = checkedQuestion(question)
  const parts = [...partsOf(asked, meanings, bind), ...afterSql(after && readCursor(after), order, bind)]
  const where = parts.length === 0 ? '' : `WHERE ${parts.join('\n  AND ')}`
  const direction = order === 'newest' ? 'DESC' : 'ASC'
  const sorted = (row: string) => (order === 'id' ? `ORDER BY ${row}.id` : sortedByTime(row))
  const sortedByTime = (row: string) => `ORDER BY ${row}.occurred_at ${direction}, ${row}.id ${direction}`
  if (limit === undefined || !looksIntoPayloads(asked))
    return {
      text: `SELECT ${columns}\nFROM event_envelopes e\n${where}\n${sorted('e')}${limit === undefined ? '' : `\nLIMIT ${bind(limit)}::bigint`}`,
      values
    }
  // Asked on its own, by the index of payloads: else the planner reads the trail by time until it has found enough. With
  // whole rows, for a second look at the trail would have to be planned for each month again (decision 0073). Their texts
  // are made of the page alone.
  const text = `WITH found AS MATERIALIZED (
  SELECT ${stored} FROM event_envelopes e ${where} LIMIT ${mostFound + 1}
)
SELECT ${columns}, (SELECT count(*) FROM found)::text AS found
FROM (SELECT * FROM found f ${sorted('f')} LIMIT ${bind(limit)}::bigint) e
${sorted('e')}`
  return { text, values }
}

/** Whether a question reads every row where the search indexes are missing: all but that for one event. */
export const readsWholeTrail = ({ eventId }: Question): boolean => eventId === undefined

/** Whether it is a value of payloads that narrows a question. */
const looksIntoPayloads = ({ person, aggregate, eventId, where }: Question): boolean =>
  aggregate === undefined && eventId === undefined && (person !== undefined || where.some(({ is }) => is === '='))

function partsOf(question: Question, meanings: readonly FieldMeaning[], bind: Bind): string[] {
  const { person, aggregate, eventId, eventName, from, to, where } = question
  const parts: string[] = []
  if (eventId !== undefined) parts.push(`e.id = ${bind(eventId)}::uuid`)
  if (aggregate !== undefined) parts.push(`e.aggregate_id = ${bind(aggregate)}::uuid`)
  if (eventName !== undefined) parts.push(`e.event_name = ${bind(eventName)}::text`)
  if (from !== undefined) parts.push(`e.occurred_at >= ${bind(from)}::timestamptz`)
  if (to !== undefined) parts.push(`e.occurred_at < ${bind(to)}::timestamptz`)
  if (person !== undefined) {
    const fields = subjectFields(question, meanings).map(field => personSql(field, personIds(person), bind))
    parts.push(`(${fields.join(' OR ')})`)
  }
  for (const condition of where) parts.push(conditionSql(condition, bind))
  return parts
}

function personSql({ path, eventNames }: SubjectField, ids: readonly string[], bind: Bind): string {
  const named = () => `e.event_name = ANY(${bind(eventNames)}::text[])`
  if (path === aggregatePath) {
    // An id that is no UUID names no aggregate.
    const uuids = ids.filter(id => uuidOf(id) === id)
    return uuids.length === 0 ? 'false' : `(e.aggregate_id = ANY(${bind(uuids)}::uuid[]) AND ${named()})`
  }
  const scalars = ids.map(text => ({ kind: 'text', text }) as const)
  return `(${holdsOneOf(stepsOf(path) ?? [], scalars, bind)} AND ${named()})`
}

function afterSql(place: Place | '' | undefined, order: PageOptions['order'], bind: Bind): string[] {
  if (!place) return []
  const sign = order === 'newest' ? '<' : '>'
  return [`(e.occurred_at, e.id) ${sign} (${bind(place.occurredAt)}::timestamptz, ${bind(place.id)}::uuid)`]
}
