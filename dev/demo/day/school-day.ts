import type { Events } from '../../../schemas/catalogue/index.ts'
import { below, type Random, randomFrom } from './random.ts'
import { type School, schoolOf } from './school.ts'

export interface SchoolDayOptions {
  /** The same seed gives the same day. */
  readonly seed: string
  /** How many events, from 1. */
  readonly events: number
  /** Any moment of the day it shall be (UTC). */
  readonly date: Date
}

type Name = keyof Events

/** What happened, ready to be published. */
export type SchoolEvent = {
  [N in Name]: {
    readonly eventName: N
    /** Version of the event that its publisher speaks. */
    readonly version: number
    readonly aggregateId: string
    readonly payload: Events[N]['input']
    /** Microseconds since 1970. */
    readonly occurredAt: bigint
    /** Who did it: the id of a student, an instructor or a service. */
    readonly actor: string
    /** The request that it came with, in W3C Trace Context. */
    readonly traceparent: string
    /** Number of the student it is about, if it is about one. */
    readonly student?: number
    /** Of a lesson with a title: what a search finds it by. */
    readonly topic?: string
  }
}[Name]

/** The service that publishes it: an old one does not know titles yet. */
export const publishedBy = ({ eventName, version }: SchoolEvent): 'school' | 'old-lesson-editor' =>
  eventName === 'lesson.published' && version === 1 ? 'old-lesson-editor' : 'school'

/** How many events of each name a day of this size has. */
export function proportions(events: number): Record<Name, number> {
  const lessons = Math.max(1, Math.round(events * 0.02))
  const badges = Math.min(events - lessons, Math.round(events * 0.03))
  return { 'lesson.published': lessons, 'badge.awarded': badges, 'quiz.submitted': events - lessons - badges }
}

/**
 * A day at school from 07:00 to 18:00, in the order in which it happened. Lessons come mostly in the early morning;
 * quizzes belong to lessons that are there already, badges to students who handed one in. Needs the same little
 * memory for any number of events.
 */
export function* schoolDay({ seed, events, date }: SchoolDayOptions): Generator<SchoolEvent, void, undefined> {
  const school = schoolOf(seed, events)
  const random = randomFrom(`${seed}/day`)
  const left = proportions(events)
  const recent = new RecentSubmissions()
  const made: Record<Name, number> = { 'lesson.published': 0, 'badge.awarded': 0, 'quiz.submitted': 0 }
  const midnight = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate())
  for (let number = 0; number < events; number += 1) {
    // The day is cut into as many slices as there are events, so that the order needs no sorting.
    const share = (number + random()) / events
    const occurredAt = BigInt(Math.round((midnight + timeOfDay(share)) * 1_000))
    const eventName = number === 0 ? 'lesson.published' : pick(left, share, random, recent.isEmpty)
    const turn = made[eventName]
    left[eventName] -= 1
    made[eventName] += 1
    const request = { occurredAt, traceparent: school.trace(number) }
    if (eventName === 'lesson.published') yield lessonPublished(school, turn, request)
    else if (eventName === 'quiz.submitted') {
      const lesson = recentNumber(made['lesson.published'], random())
      const submission = submit(school, turn, lesson, random)
      recent.add(submission)
      yield quizSubmitted(school, submission, request)
    } else yield badgeAwarded(school, turn, recent.best(random), request)
  }
}

/** The student of the first event that a mail is sent about; undefined where a small day has none. */
export function firstMailed(options: SchoolDayOptions, school: School): number | undefined {
  for (const { student } of schoolDay(options))
    if (student !== undefined && school.student(student).wantsMail) return student
  return undefined
}

/** Draws the next event's name, so that the proportions come out exactly. */
function pick(left: Record<Name, number>, share: number, random: Random, noSubmission: boolean): Name {
  const lessons = left['lesson.published'] * (share < 0.25 ? 4 : 1)
  const badges = noSubmission ? 0 : left['badge.awarded']
  const at = random() * (lessons + badges + left['quiz.submitted'])
  if (at < lessons) return 'lesson.published'
  return at < lessons + badges ? 'badge.awarded' : 'quiz.submitted'
}

// How busy each half hour from 07:00 to 18:00 is: lessons until lunch, a second peak, homework in the late afternoon.
const halfHours = [1, 3, 7, 10, 12, 11, 8, 11, 12, 9, 3, 2, 8, 11, 10, 7, 5, 5, 4, 3, 2, 1]
const activity = halfHours.reduce((sum, weight) => sum + weight, 0)

/** The time at which this share of the day's events has happened, in ms since midnight. */
export function timeOfDay(share: number): number {
  const begin = 7 * 3_600_000
  let rest = share * activity
  for (const [slot, weight] of halfHours.entries()) {
    if (rest < weight) return begin + (slot + rest / weight) * 1_800_000
    rest -= weight
  }
  return begin + halfHours.length * 1_800_000
}

/** New lessons have more quizzes handed in than old ones. */
function recentNumber(lessons: number, fraction: number): number {
  return lessons - 1 - below(lessons, fraction * fraction)
}

type Request = Pick<SchoolEvent, 'occurredAt' | 'traceparent'>

function lessonPublished(school: School, number: number, request: Request): SchoolEvent {
  const { course, instructor, title, topic, version } = school.lesson(number)
  const lessonId = school.id('lesson', number)
  const ids = {
    lesson_id: lessonId,
    instructor_id: school.id('instructor', instructor),
    course_id: school.id('course', course)
  }
  const actor = ids.instructor_id
  const common = { eventName: 'lesson.published', version, aggregateId: lessonId, actor, ...request } as const
  return version === 1 ? { ...common, payload: ids } : { ...common, payload: { ...ids, title }, topic }
}

interface Submission {
  readonly number: number
  readonly student: number
  readonly lesson: number
  /** 0 to 100 with one decimal. */
  readonly score: number
  readonly title: string
}

function submit(school: School, number: number, lesson: number, random: Random): Submission {
  const { course, ease, title } = school.lesson(lesson)
  const student = school.studentOfCourse(course, random())
  // The sum of three even draws is close to a bell curve, with no tails to cut off far out.
  const bell = random() + random() + random() - 1.5
  const mark = school.student(student).ability * ease + 25 * bell
  const score = Math.min(1_000, Math.max(0, Math.round(mark * 10))) / 10
  return { number, student, lesson, score, title }
}

function quizSubmitted(school: School, { number, student, lesson, score }: Submission, request: Request): SchoolEvent {
  const submissionId = school.id('submission', number)
  const actor = school.student(student).id
  const payload = {
    submission_id: submissionId,
    student_id: actor,
    quiz_id: school.id('quiz', lesson),
    score_raw: score
  }
  return { eventName: 'quiz.submitted', version: 1, aggregateId: submissionId, payload, actor, ...request, student }
}

function badgeAwarded(school: School, number: number, won: Submission, request: Request): SchoolEvent {
  const badgeId = school.id('badge', number)
  const reason =
    won.score === 100
      ? `Full marks in "${won.title}"`
      : `${won.score} points in "${won.title}", among the best of the last hour; keep at it`
  const payload = { badge_id: badgeId, awarded_to: school.student(won.student).id, reason }
  const event = { eventName: 'badge.awarded', version: 1, aggregateId: badgeId, payload } as const
  return { ...event, actor: 'badge-rules', ...request, student: won.student }
}

/** The last few submissions, from which badges are awarded. */
class RecentSubmissions {
  readonly #ring: Submission[] = []
  #next = 0

  get isEmpty(): boolean {
    return this.#ring.length === 0
  }

  add(submission: Submission): void {
    this.#ring[this.#next] = submission
    this.#next = (this.#next + 1) % 64
  }

  /** The best of a few of them, drawn by chance. */
  best(random: Random): Submission {
    const draws = Array.from({ length: 8 }, () => this.#ring[below(this.#ring.length, random())])
    return draws.filter(each => each !== undefined).reduce((best, each) => (each.score > best.score ? each : best))
  }
}
