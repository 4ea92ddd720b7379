import { type FieldMeaning, meaningsOf } from '../fields/index.ts'

/** What the fields.json of the example say; a test holds them against each other. */
const fields = {
  'badge.awarded': { subject: ['awarded_to'], public: [] },
  'lesson.published': { subject: ['instructor_id'], public: ['course_id', 'title'] },
  'quiz.submitted': { subject: ['student_id'], public: ['quiz_id', 'score_raw'] }
}

/** The meanings of the fields of the example, by event name. */
export const fieldMeanings: ReadonlyMap<string, readonly FieldMeaning[]> = new Map(
  Object.entries(fields).map(([eventName, each]) => [eventName, meaningsOf(eventName, each)])
)
