import { type FieldMeaning, uuidOf } from '../../schemas/index.ts'
import { invalid } from './condition.ts'
import type { Question } from './question.ts'

/** Where a person is looked for: the events in which a path names one. */
export interface SubjectField {
  readonly path: string
  readonly eventNames: readonly string[]
}

/**
 * The fields in which the person of a question is looked for, those of one path together.
 * @throws TrailError `QUESTION_INVALID` where no field is known to name a person: the answer would look like none
 */
export function subjectFields({ eventName }: Question, meanings: readonly FieldMeaning[]): readonly SubjectField[] {
  const subjects = meanings.filter(
    each => each.meaning === 'subject' && (eventName === undefined || each.eventName === eventName)
  )
  if (subjects.length === 0)
    throw invalid(
      `No field is known to name a person${eventName === undefined ? '' : ` in ${eventName}`}: write fields.json next to the schemas of the event, {"subject": ["customer_id"]}, then run \`eventtrail schemas register\` with the database of the trail`
    )
  const byPath = Map.groupBy(subjects, ({ path }) => path)
  return [...byPath].map(([path, found]) => ({ path, eventNames: found.map(each => each.eventName) }))
}

/** The ids that a person may have in payloads: as given, and as a UUID is stored. */
export const personIds = (person: string): readonly string[] => [...new Set([person, uuidOf(person) ?? person])]
