// Made by `eventtrail schemas generate` from the schemas: change those and run it again.
// biome-ignore-all format: generated
/* eslint-disable */
import { type Catalogue, catalogueOf } from '../compile-catalogue.ts'

/** A learner earned a badge. */
export interface BadgeAwarded {
  /** The badge as awarded; also the aggregate of the event. */
  readonly badge_id: string
  /** Who earned it. */
  readonly awarded_to: string
  /** What it was awarded for, in words a person reads. */
  readonly reason: string
}

/** An instructor made a lesson available to the students of a course. */
export interface LessonPublished {
  /** The lesson; also the aggregate of the event. */
  readonly lesson_id: string
  /** Who published it. */
  readonly instructor_id: string
  /** The course it belongs to. */
  readonly course_id: string
  /** What a search can find; empty where the publisher gave none. */
  readonly title: string
}

/** {@link LessonPublished} as it is published: fields with a default may be left out. */
export interface LessonPublishedInput {
  /** The lesson; also the aggregate of the event. */
  readonly lesson_id: string
  /** Who published it. */
  readonly instructor_id: string
  /** The course it belongs to. */
  readonly course_id: string
  /** What a search can find; empty where the publisher gave none. Default "". */
  readonly title?: string | undefined
}

/** A student handed in a quiz, and it was marked. */
export interface QuizSubmitted {
  /** The submission; also the aggregate of the event. */
  readonly submission_id: string
  /** Who handed it in. */
  readonly student_id: string
  /** The quiz that was taken. */
  readonly quiz_id: string
  /** The mark as given, before any scaling. */
  readonly score_raw: number
}

/** Event name → what it carries: `payload` as it is read, `input` as it is published. */
export type Events = {
  readonly 'badge.awarded': { readonly payload: BadgeAwarded; readonly input: BadgeAwarded }
  readonly 'lesson.published': { readonly payload: LessonPublished; readonly input: LessonPublishedInput }
  readonly 'quiz.submitted': { readonly payload: QuizSubmitted; readonly input: QuizSubmitted }
}

/** The events above with their schemas. */
export const catalogue: Catalogue<Events> = catalogueOf<Events>({
  'badge.awarded': [
    JSON.parse(`{
  "type": "record",
  "name": "BadgeAwarded",
  "doc": "A learner earned a badge.",
  "fields": [
    {"name":"badge_id","type":{"type":"string","logicalType":"uuid"},"doc":"The badge as awarded; also the aggregate of the event."},
    {"name":"awarded_to","type":{"type":"string","logicalType":"uuid"},"doc":"Who earned it."},
    {"name":"reason","type":"string","doc":"What it was awarded for, in words a person reads."}
  ]
}`)
  ],
  'lesson.published': [
    JSON.parse(`{
  "type": "record",
  "name": "LessonPublished",
  "doc": "An instructor made a lesson available to the students of a course.",
  "fields": [
    {"name":"lesson_id","type":{"type":"string","logicalType":"uuid"},"doc":"The lesson; also the aggregate of the event."},
    {"name":"instructor_id","type":{"type":"string","logicalType":"uuid"},"doc":"Who published it."},
    {"name":"course_id","type":{"type":"string","logicalType":"uuid"},"doc":"The course it belongs to."}
  ]
}`),
    JSON.parse(`{
  "type": "record",
  "name": "LessonPublished",
  "doc": "An instructor made a lesson available to the students of a course.",
  "fields": [
    {"name":"lesson_id","type":{"type":"string","logicalType":"uuid"},"doc":"The lesson; also the aggregate of the event."},
    {"name":"instructor_id","type":{"type":"string","logicalType":"uuid"},"doc":"Who published it."},
    {"name":"course_id","type":{"type":"string","logicalType":"uuid"},"doc":"The course it belongs to."},
    {"name":"title","type":"string","default":"","doc":"What a search can find; empty where the publisher gave none."}
  ]
}`)
  ],
  'quiz.submitted': [
    JSON.parse(`{
  "type": "record",
  "name": "QuizSubmitted",
  "doc": "A student handed in a quiz, and it was marked.",
  "fields": [
    {"name":"submission_id","type":{"type":"string","logicalType":"uuid"},"doc":"The submission; also the aggregate of the event."},
    {"name":"student_id","type":{"type":"string","logicalType":"uuid"},"doc":"Who handed it in."},
    {"name":"quiz_id","type":{"type":"string","logicalType":"uuid"},"doc":"The quiz that was taken."},
    {"name":"score_raw","type":"float","doc":"The mark as given, before any scaling."}
  ]
}`)
  ]
})
