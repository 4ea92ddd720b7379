import type { OpenLetter, PlannedLetter } from '../../../consumers/index.ts'
import type { Pool, Queries } from '../../../postgres/index.ts'
import { inTransaction } from '../../../trail/index.ts'
import type { Operator } from '../../actions/index.ts'
import { OperationsError } from '../../errors.ts'
import { aggregateDigest } from '../letter.ts'
import { type LetterFilter, type LetterLog, openColumns, toOpenLetter } from './letters.ts'

export type PlanOperation = 'redrive' | 'discard'

/** A plan that was frozen. */
export interface FrozenPlan extends LetterLog {
  readonly id: number
  readonly operation: PlanOperation
  /** How many letters it was made with. */
  readonly count: number
  readonly aggregates: number
}

/** What the plan is about, without the id of an aggregate. */
export const filterFacts = ({ aggregate, ...filter }: LetterFilter): Readonly<Record<string, unknown>> => ({
  ...filter,
  ...(aggregate !== undefined && { aggregateDigest: aggregateDigest(aggregate).toString('hex') })
})

/** Freezes a plan: later letters that match are not in it. */
export async function savePlan(
  pool: Pool,
  operator: Operator,
  plan: LetterLog & {
    readonly operation: PlanOperation
    readonly filter: LetterFilter
    readonly letters: readonly PlannedLetter[]
    readonly aggregates: number
  }
): Promise<FrozenPlan> {
  const { groupId, topicId, operation, filter, letters, aggregates } = plan
  return inTransaction(pool, async client => {
    const { rows } = await client.query<{ id: string }>(
      `INSERT INTO dead_letter_plans (actor, consumer_group, topic_id, operation, filter, letters, aggregates)
       VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
      [operator.actor, groupId, topicId, operation, JSON.stringify(filterFacts(filter)), letters.length, aggregates]
    )
    const id = Number(rows[0]?.id)
    await addPlanLetters(client, id, letters, { round: 1, position: 0 })
    return { id, groupId, topicId, operation, count: letters.length, aggregates }
  })
}

/** Adds letters to a plan, in their order. */
export async function addPlanLetters(
  client: Queries,
  plan: number,
  letters: readonly PlannedLetter[],
  { round, position }: { readonly round: number; readonly position: number }
): Promise<void> {
  const rows = letters.flatMap(({ offset, copies }, index) => [
    { place: position + index, offset, sameAs: null },
    ...copies.map(copy => ({ place: position + index, offset: copy, sameAs: offset }))
  ])
  await client.query(
    `INSERT INTO dead_letter_plan_letters (plan, position, kafka_offset, same_as, round)
     SELECT $1, place, letter, same, $2 FROM unnest($3::int[], $4::bigint[], $5::bigint[]) AS given(place, letter, same)
     ON CONFLICT DO NOTHING`,
    [plan, round, rows.map(({ place }) => place), rows.map(({ offset }) => offset), rows.map(({ sameAs }) => sameAs)]
  )
}

/** @throws OperationsError `PLAN_UNKNOWN` */
export async function findPlan(pool: Pool, groupId: string, id: number, operation: PlanOperation): Promise<FrozenPlan> {
  const { rows } = await pool.query<{ topic_id: string; letters: number; aggregates: number }>(
    `SELECT topic_id, letters, aggregates FROM dead_letter_plans
     WHERE id = $1 AND consumer_group = $2 AND operation = $3`,
    [id, groupId, operation]
  )
  const [row] = rows
  if (!row)
    throw new OperationsError(
      'PLAN_UNKNOWN',
      `There is no plan ${id} to ${operation} letters of group ${groupId}: \`eventtrail dead-letters ${operation} --dry-run\` makes one`
    )
  return { id, groupId, topicId: row.topic_id, operation, count: row.letters, aggregates: row.aggregates }
}

/** A letter of a plan, with the state it has now and the round it is of. */
export interface PlanEntry {
  readonly letter: PlannedLetter
  readonly round: number
  readonly state: string
}

/** The letters of a plan in the order of sending. */
export async function planEntries(pool: Pool, plan: FrozenPlan): Promise<PlanEntry[]> {
  const { rows } = await pool.query(
    `WITH copies AS (
       SELECT same_as, array_agg(kafka_offset) AS offsets FROM dead_letter_plan_letters
       WHERE plan = $1 AND same_as IS NOT NULL GROUP BY same_as
     )
     SELECT ${openColumns}, TRUE AS matches, p.round, l.state, copies.offsets AS copies
     FROM dead_letter_plan_letters p LEFT JOIN copies ON copies.same_as = p.kafka_offset
     JOIN dead_letter_list l ON l.consumer_group = $2 AND l.topic_id = $3 AND l.kafka_offset = p.kafka_offset
     WHERE p.plan = $1 AND p.same_as IS NULL ORDER BY p.position`,
    [plan.id, plan.groupId, plan.topicId]
  )
  return rows.flatMap(row => {
    const letter: OpenLetter = toOpenLetter(row)
    const { source } = letter
    if (source === undefined) return []
    const copies = ((row.copies ?? []) as string[]).map(Number)
    return [{ letter: { ...letter, source, copies }, round: Number(row.round), state: String(row.state) }]
  })
}

/** The offsets of a plan's letters, earlier letters of the same messages included. */
export async function planOffsets(pool: Pool, plan: number): Promise<number[]> {
  const { rows } = await pool.query<{ letter: string }>(
    'SELECT kafka_offset AS letter FROM dead_letter_plan_letters WHERE plan = $1 ORDER BY kafka_offset',
    [plan]
  )
  return rows.map(({ letter }) => Number(letter))
}

/** What was done with a plan, as far as it was begun. */
export interface PlanAction {
  readonly id: number
  /** `dead-letters redrive` or `dead-letters discard`. */
  readonly operation: string
  readonly status: 'running' | 'interrupted' | 'done' | 'failed'
  readonly target: Readonly<Record<string, unknown>>
}

/** The newest action of a plan. */
export async function actionOfPlan(pool: Pool, plan: number): Promise<PlanAction | undefined> {
  const [found] = await actionsWhere(pool, `(target ->> 'plan')::bigint = $1`, plan)
  return found
}

/** A redrive or discard of the group that was begun and has not ended. */
export async function unfinishedRedrive(pool: Pool, groupId: string): Promise<PlanAction | undefined> {
  const actions = await actionsWhere(pool, `target ->> 'group' = $1 AND ended_at IS NULL`, groupId)
  return actions.find(({ status }) => status === 'interrupted' || status === 'running')
}

async function actionsWhere(pool: Pool, condition: string, value: unknown): Promise<PlanAction[]> {
  const { rows } = await pool.query<Omit<PlanAction, 'id'> & { readonly id: string }>(
    `SELECT id, operation, status, target FROM operator_log
     WHERE operation IN ('dead-letters redrive', 'dead-letters discard') AND ${condition} ORDER BY id DESC`,
    [value]
  )
  return rows.map(row => ({ ...row, id: Number(row.id) }))
}
