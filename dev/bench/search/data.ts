import type { FieldMeaning } from '../../../schemas/index.ts'

/** Months that the rows are spread over, this one included. */
export const months = 13
/** Rows of one statement. */
const rowsAtOnce = 50_000

/** Aggregates, persons and rows that have one value of a field, in so many rows. */
export const aggregatesIn = (rows: number): number => Math.max(1, Math.ceil(rows / 10))
export const personsIn = (rows: number): number => Math.max(1, Math.ceil(rows / 50))
const everyNote = 588
const everyRare = 1_000

export const meanings: readonly FieldMeaning[] = [
  { eventName: 'quiz.submitted', path: 'student_id', meaning: 'subject' },
  { eventName: 'badge.awarded', path: 'awarded_to', meaning: 'subject' },
  { eventName: 'lesson.published', path: '$aggregate', meaning: 'subject' }
]

/** UUIDs of a kind by number. */
const numbered = (kind: string, number: string): string =>
  `(lpad(to_hex(${number}), 8, '0') || '-0000-4000-8000-${kind}')::uuid`
export const uuidOfNumber = (kind: string, number: number): string =>
  `${number.toString(16).padStart(8, '0')}-0000-4000-8000-${kind}`
export const aggregateKind = 'aaaaaaaaaaaa'
export const personKind = 'bbbbbbbbbbbb'

// Drawn by a fixed walk through numbers, so that two runs have the same rows.
const drawn = (most: string, salt: number): string => `((n * 2654435761 + ${salt}) % ${most})`

/**
 * The statements that put rows into the trail: $1 is the number of rows in all, $2 the first ms, $3 the ms from first to
 * last. Events happen in the order of their ids, a second apart at most.
 */
export function* fillStatements(rows: number): Generator<{ readonly text: string; readonly upTo: number }> {
  for (let from = 1; from <= rows; from += rowsAtOnce) {
    const upTo = Math.min(rows, from + rowsAtOnce - 1)
    yield {
      upTo,
      text: `INSERT INTO event_envelopes (id, aggregate_id, occurred_at, event_name, payload, schema_version, kafka_partition, kafka_offset)
        SELECT (substr(at, 1, 8) || '-' || substr(at, 9, 4) || '-7' || lpad(to_hex(n % 4096), 3, '0') || '-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
          ${numbered(aggregateKind, drawn(String(aggregatesIn(rows)), 0))},
          to_timestamp(ms / 1000.0) + (n % 1000) * interval '1 microsecond', name,
          CASE name WHEN 'badge.awarded'
            THEN jsonb_build_object('badge_id', ${numbered('cccccccccccc', 'n')}, 'awarded_to', person, 'reason', 'for number ' || n)
            WHEN 'quiz.submitted'
            THEN jsonb_build_object('submission_id', ${numbered('cccccccccccc', 'n')}, 'student_id', person,
              'quiz_id', ${numbered('dddddddddddd', 'n % 5000')}, 'score_raw', (${drawn('10001', 7)} / 100.0)::numeric(5, 2),
              'note', CASE WHEN n % ${everyNote} = 0 THEN 'late' ELSE 'n' || n END)
            ELSE jsonb_build_object('lesson_id', ${numbered('eeeeeeeeeeee', 'n')}, 'instructor_id', person, 'title', 'Lesson ' || n) END,
          1, (n % 3)::int, n / 3
        FROM generate_series(${from}::bigint, ${upTo}::bigint) AS n,
          LATERAL (SELECT $2::bigint + n * $3::bigint / $1::bigint AS ms) AS t,
          LATERAL (SELECT lpad(to_hex(ms), 12, '0') AS at,
            CASE WHEN n % ${everyRare} = 0 THEN 'course.closed' WHEN n % 20 < 12 THEN 'quiz.submitted'
              WHEN n % 20 < 17 THEN 'badge.awarded' ELSE 'lesson.published' END AS name,
            ${numbered(personKind, drawn(String(personsIn(rows)), 3))} AS person) AS e`
    }
  }
}
