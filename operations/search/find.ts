import { sqlStateOf } from '../../core/index.ts'
import type { Pool } from '../../postgres/index.ts'
import { type FieldMeaning, nodesAt, parseExactJson, renderJson, stepsOf, storedTime } from '../../schemas/index.ts'
import {
  type Condition,
  cursorOf,
  type FoundRow,
  inTransaction,
  mostFound,
  type Question,
  questionSql,
  readsWholeTrail,
  searchIndexState,
  TrailError
} from '../../trail/index.ts'
import { WrittenSchemas } from './schemas.ts'

/** ms after which a question ends that no search index answers. */
const withoutIndexesMs = 5_000
const withIndexesMs = 30_000

/** A field of an event as a person reads it. */
export interface FoundField {
  readonly name: string
  /** JSON text: times as ISO 8601, numbers with all their digits. */
  readonly json: string
  /** What the values are counted in, where the schema says so. */
  readonly unit?: string
}

/** An event that answers a question. */
export interface FoundEvent extends Omit<FoundRow, 'found'> {
  /** Those of the payload, in the order of its schema. */
  readonly fields: readonly FoundField[]
}

export interface FoundPage {
  readonly events: readonly FoundEvent[]
  /** Where the next page continues; undefined where this is the last. */
  readonly next: string | undefined
}

export interface FindParts {
  readonly pool: Pool
  readonly meanings: readonly FieldMeaning[]
  readonly after?: string | undefined
  /** Events of a page, at most. */
  readonly limit: number
  /** ms after which it ends. Default 5,000 where every row is read, else 30,000. */
  readonly timeoutMs?: number
}

/** How a question will be answered. */
export interface QuestionPlan {
  /** With times of conditions as the trail has them. */
  readonly question: Question
  /** Whether every row is read, for want of the search indexes. */
  readonly readsAll: boolean
}

/**
 * Prepares a question: times in its conditions are asked for as they are stored, by the schemas in the trail.
 * @throws TrailError `QUESTION_INVALID` where it would read the whole trail without a bound; a database error
 */
export async function planQuestion(pool: Pool, asked: Question): Promise<QuestionPlan> {
  const readsAll = readsWholeTrail(asked) && !(await searchIndexState(pool)).complete
  if (readsAll && asked.from === undefined)
    throw new TrailError(
      'QUESTION_INVALID',
      'Without the search indexes this question reads every row of the trail, and is asked with a time from which on alone. `eventtrail migrate --search` builds them'
    )
  const schemas = new WrittenSchemas(pool)
  const where = await Promise.all(asked.where.map(condition => inUnits(schemas, asked.eventName, condition)))
  return { question: { ...asked, where }, readsAll }
}

async function inUnits(
  schemas: WrittenSchemas,
  eventName: string | undefined,
  condition: Condition
): Promise<Condition> {
  const { field, value } = condition
  const steps = stepsOf(field)
  if (eventName === undefined || value === undefined || !steps) return condition
  for (const { node } of await schemas.of(eventName)) {
    const [type] = nodesAt(node, steps)
    const units = type && storedTime(type, value)
    if (units !== undefined) return { ...condition, value: units }
  }
  return condition
}

/**
 * Answers a question that was planned, one page of it, newest first.
 * @throws TrailError `QUESTION_INVALID`; `QUESTION_TOO_WIDE` where it takes too long or finds too much; a database error
 */
export async function findEvents(
  { pool, meanings, after, limit, ...given }: FindParts,
  { question, readsAll }: QuestionPlan
): Promise<FoundPage> {
  const { text, values } = questionSql(question, meanings, { after, limit: limit + 1 })
  const { timeoutMs = readsAll ? withoutIndexesMs : withIndexesMs } = given
  const rows = await inTransaction(pool, async session => {
    // Compiling a plan takes longer than answering by an index.
    await session.query(`SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = ${timeoutMs}; SET LOCAL jit = off`)
    return (await session.query<FoundRow>(text, values)).rows
  }).catch(error => {
    throw sqlStateOf(error) === cancelled ? tooWide(`takes more than ${timeoutMs / 1_000} s`, readsAll, error) : error
  })
  if (Number(rows[0]?.found ?? 0) > mostFound)
    throw tooWide(`finds more than ${mostFound.toLocaleString('en-US')} events`, false)
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const isMore = rows.length > limit && last !== undefined
  const schemas = new WrittenSchemas(pool)
  const events: FoundEvent[] = []
  for (const row of shown) events.push(await rendered(schemas, row))
  return { events, next: isMore ? cursorOf({ occurredAt: last.occurred_at, id: last.id }) : undefined }
}

const cancelled = '57014'

function tooWide(what: string, readsAll: boolean, cause?: unknown): TrailError {
  const remedy = readsAll ? ', or build the search indexes with `eventtrail migrate --search`' : ''
  return new TrailError('QUESTION_TOO_WIDE', `The question ${what}: narrow the time from and to${remedy}`, cause)
}

async function rendered(schemas: WrittenSchemas, { found: _, ...row }: FoundRow): Promise<FoundEvent> {
  const payload = parseExactJson(row.payload)
  const written = await schemas.ofPayload(row.event_name, row.schema_version, payload)
  const types = written?.node.kind === 'record' ? written.node.fields : []
  const values = payload as Readonly<Record<string, unknown>>
  // In the order of the schema: jsonb has one of its own.
  const names = new Set([...types.map(({ name }) => name), ...Object.keys(values)])
  const fields = [...names].flatMap(name => {
    if (!Object.hasOwn(values, name)) return []
    const unit = written?.units.get(name)
    const json = renderJson(types.find(type => type.name === name)?.type, values[name])
    return [{ name, json, ...(unit !== undefined && { unit }) }]
  })
  return { ...row, fields }
}
