import { aggregateOf, type LeftOut, nothingLeftOut, type PlannedLetter, planOf } from '../../consumers/index.ts'
import type { Operator } from '../actions/index.ts'
import { type CatalogueParts, type LetterTopic, readCatalogue } from './catalogue.ts'
import type { GroupName } from './names.ts'
import { type FrozenPlan, type LetterFilter, openLetters, type PlanOperation, savePlan } from './store/index.ts'

export interface PlanRequest extends GroupName {
  readonly operation: PlanOperation
  readonly filter: LetterFilter
  /** Also letters that were redriven three times. */
  readonly again: boolean
}

/** A plan that was made now. */
export interface MadePlan {
  /** Undefined where no letter is in it. */
  readonly plan: FrozenPlan | undefined
  readonly topic: LetterTopic
  readonly letters: readonly PlannedLetter[]
  readonly aggregates: number
  /** Letters that did not match, of parked aggregates. */
  readonly added: number
  readonly leftOut: LeftOut
}

/**
 * Chooses the open letters that match, counts them, and freezes them under a number: letters that come later are not in
 * it. Does nothing to them.
 * @throws KafkaError `TOPIC_UNKNOWN`, `NOT_AUTHORIZED`
 */
export async function makePlan(parts: CatalogueParts, operator: Operator, request: PlanRequest): Promise<MadePlan> {
  const { operation, filter, again } = request
  const topic = await readCatalogue(parts, request)
  const open = await openLetters(parts.pool, topic, filter)
  const chosen =
    operation === 'redrive'
      ? planOf(open, { logStart: topic.start, again })
      : { letters: open.filter(({ matches }) => matches).map(asWritten), added: 0, leftOut: nothingLeftOut }
  const { letters, added, leftOut } = chosen
  const aggregates = new Set(letters.map(aggregateOf)).size
  const plan =
    letters.length === 0
      ? undefined
      : await savePlan(parts.pool, operator, { ...topic, operation, filter, letters, aggregates })
  return { plan, topic, letters, aggregates, added, leftOut }
}

// A discard changes states alone: it takes each letter as it is, also one that cannot be sent.
const asWritten = (letter: Awaited<ReturnType<typeof openLetters>>[number]): PlannedLetter => ({
  ...letter,
  source: letter.source ?? { topic: '', partition: 0, offset: 0 },
  copies: []
})
