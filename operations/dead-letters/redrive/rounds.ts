import { isDrained, type ParkedRow, type RedriveRow } from '../../../consumers/index.ts'

/** An aggregate that is parked, as the group has written it down. */
export interface ParkedAggregate {
  readonly row: ParkedRow
  readonly redrive: RedriveRow | undefined
}

/**
 * Why an aggregate is parked after a round of a redrive: `failed again`: one of its letters; `more events`: of it were
 * parked meanwhile; `parked again`: it was released, and a later event failed; `not released yet`: everything is handled,
 * and the member that reads its events has not released it; `not handled yet`: its letters are on their way.
 */
export type WhyParked = 'failed again' | 'more events' | 'parked again' | 'not released yet' | 'not handled yet'

/** A redrive sends what was parked meanwhile so often at most, the first time included. */
export const mostRounds = 10

/**
 * What became of an aggregate in a round.
 * @param parked undefined: the group does not have it parked
 * @param before `id` of its row before the action, if there was one
 * @param isPassed whether the group has passed the end of the round
 */
export function standingOf(
  parked: ParkedAggregate | undefined,
  before: string | undefined,
  { action, isPassed }: { readonly action: number; readonly isPassed: boolean }
): 'released' | WhyParked {
  if (!parked) return 'released'
  const { row, redrive } = parked
  if (isDrained(row, redrive)) return 'not released yet'
  if (redrive?.parked === row.id && redrive.broken?.action === String(action)) return 'failed again'
  if (!isPassed) return 'not handled yet'
  return before !== undefined && before !== row.id ? 'parked again' : 'more events'
}
