import { uuidOf } from '../../schemas/index.ts'
import { invalid } from './condition.ts'
import { isoOf, microsOf } from './question.ts'

/** A place between two events, in the order of (occurred_at, id). */
export interface Place {
  /** ISO 8601 with six digits of a second. */
  readonly occurredAt: string
  readonly id: string
}

/** The place of an event as text, which {@link readCursor} reads: `2026-11-25T14:02:11.402113Z_0199…`. */
export const cursorOf = ({ occurredAt, id }: Place): string => `${occurredAt}_${id}`

/** @throws TrailError `QUESTION_INVALID` */
export function readCursor(text: string): Place {
  const divider = text.indexOf('_')
  const id = uuidOf(text.slice(divider + 1))
  if (divider < 0 || id === undefined)
    throw invalid('The cursor is not one that an earlier page ended with: copy all of it')
  return { occurredAt: isoOf(microsOf('after', text.slice(0, divider))), id }
}
