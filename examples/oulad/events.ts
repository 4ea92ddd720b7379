import type { EventToPublish } from '../../producers/index.ts'
import type { Events } from '../../schemas/catalogue/index.ts'
import { entityId, eventId } from './ids.ts'

/** A row of a CSV file: column → text. */
export type Row = Readonly<Record<string, string>>

/** A module in one of its runs, such as AAA 2013J. */
export interface Presentation {
  readonly module: string
  readonly name: string
  /** Days. */
  readonly length: number
  /** Microseconds since 1970. */
  readonly start: bigint
}

/** What the events of a row need of other tables. */
export interface Tables {
  /** By `<module> <presentation>`. */
  readonly presentations: ReadonlyMap<string, Presentation>
  /** `<module> <presentation>` by assessment. */
  readonly assessments: ReadonlyMap<string, string>
}

type OuladEvent = EventToPublish<Events>

/** Why a row is no event; names columns, never their content. */
export class RefusedRow extends Error {}

const microsADay = 86_400_000_000n
/** Presentations that begin in October are named J, those that begin in February B. */
const firstMonth: Readonly<Record<string, number>> = { B: 1, J: 9 }

export const presentationKey = (module: string, presentation: string): string => `${module} ${presentation}`

/** A row of `courses`. @throws RefusedRow */
export function presentationOf(row: Row): Presentation {
  const [module, name] = [text(row, 'code_module'), text(row, 'code_presentation')]
  const parts = /^(\d{4})([BJ])$/.exec(name)
  if (!parts) throw new RefusedRow('`code_presentation` is no year followed by B or J')
  const start = BigInt(Date.UTC(Number(parts[1]), firstMonth[parts[2] as string] as number, 1)) * 1_000n
  return { module, name, length: whole(row, 'module_presentation_length'), start }
}

/** A learning material is a lesson that was there from the first day on. @throws RefusedRow */
export function lessonPublished(row: Row, tables: Tables): OuladEvent {
  const site = text(row, 'id_site')
  const { module, name, start } = presentationIn(tables, keyIn(row))
  const instructor = entityId('instructor', module)
  return {
    eventName: 'lesson.published',
    id: eventId(start, 'lesson.published', module, name, site),
    aggregateId: entityId('site', site),
    occurredAt: start,
    actor: instructor,
    payload: {
      lesson_id: entityId('site', site),
      instructor_id: instructor,
      course_id: entityId('course', module, name),
      title: text(row, 'activity_type')
    }
  }
}

/** A handed-in assessment. One without a score was not marked: no event. @throws RefusedRow */
export function quizSubmitted(row: Row, tables: Tables): OuladEvent {
  const [assessment, student] = [text(row, 'id_assessment'), text(row, 'id_student')]
  const key = tables.assessments.get(assessment)
  if (key === undefined) throw new RefusedRow('`id_assessment` is not in the table of assessments')
  const { start } = presentationIn(tables, key)
  const score = number(row, 'score')
  const occurredAt = start + BigInt(whole(row, 'date_submitted')) * microsADay
  const submission = entityId('submission', assessment, student)
  const actor = entityId('student', student)
  return {
    eventName: 'quiz.submitted',
    id: idOf(occurredAt, 'quiz.submitted', assessment, student),
    aggregateId: submission,
    occurredAt,
    actor,
    payload: {
      submission_id: submission,
      student_id: actor,
      quiz_id: entityId('assessment', assessment),
      score_raw: score
    }
  }
}

/** A passed presentation earns a badge on its last day; undefined when it was not passed. @throws RefusedRow */
export function badgeAwarded(row: Row, tables: Tables): OuladEvent | undefined {
  const result = text(row, 'final_result')
  if (result !== 'Pass' && result !== 'Distinction') return undefined
  const student = text(row, 'id_student')
  const { module, name, start, length } = presentationIn(tables, keyIn(row))
  const occurredAt = start + BigInt(length) * microsADay
  const badge = entityId('badge', module, name, student)
  return {
    eventName: 'badge.awarded',
    id: idOf(occurredAt, 'badge.awarded', module, name, student),
    aggregateId: badge,
    occurredAt,
    payload: { badge_id: badge, awarded_to: entityId('student', student), reason: `${result} in ${module} ${name}` }
  }
}

function idOf(occurredAt: bigint, ...identity: readonly string[]): string {
  if (occurredAt < 0n) throw new RefusedRow('it is before 1970')
  return eventId(occurredAt, ...identity)
}

const keyIn = (row: Row): string => presentationKey(text(row, 'code_module'), text(row, 'code_presentation'))

function presentationIn({ presentations }: Tables, key: string): Presentation {
  const found = presentations.get(key)
  if (!found) throw new RefusedRow('its presentation is not in the table of courses')
  return found
}

function text(row: Row, column: string): string {
  const value = row[column]
  // The data set writes a missing value as nothing or as a question mark.
  if (value === undefined || value === '' || value === '?') throw new RefusedRow(`\`${column}\` is empty`)
  return value
}

function number(row: Row, column: string): number {
  const value = text(row, column)
  if (!/^-?\d+(\.\d+)?$/.test(value)) throw new RefusedRow(`\`${column}\` is not a number`)
  return Number(value)
}

function whole(row: Row, column: string): number {
  const value = number(row, column)
  if (!Number.isSafeInteger(value)) throw new RefusedRow(`\`${column}\` is not a whole number`)
  return value
}
