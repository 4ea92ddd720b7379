import { describe, expect, test } from 'vitest'
import { fractionOf, randomFrom } from '../../../../dev/demo/day/random.ts'
import { schoolOf } from '../../../../dev/demo/day/school.ts'
import { proportions, type SchoolEvent, schoolDay, timeOfDay } from '../../../../dev/demo/day/school-day.ts'
import { catalogue } from '../../../../schemas/catalogue/index.ts'
import { validatePayload } from '../../../../schemas/index.ts'

const date = new Date('2026-03-04T12:34:56Z')
const day = (events: number, seed = 'test') => schoolDay({ seed, events, date })
const hour = 3_600_000

describe('the school day', () => {
  test('is the same for the same seed, and another for another', () => {
    expect([...day(300)]).toEqual([...day(300)])
    expect([...day(300)]).not.toEqual([...day(300, 'other')])
  })

  test.each([1, 2, 3, 17, 34, 100, 2_000])('of %i events has exactly the proportions that were promised', events => {
    const counts = { 'lesson.published': 0, 'badge.awarded': 0, 'quiz.submitted': 0 }
    for (const { eventName } of day(events)) counts[eventName] += 1
    expect(counts).toEqual(proportions(events))
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(events)
  })

  test('consists of quizzes for the most part', () => {
    expect(proportions(20_000)).toEqual({ 'lesson.published': 400, 'badge.awarded': 600, 'quiz.submitted': 19_000 })
  })

  test('goes from 07:00 to 18:00 of the date, in order', () => {
    const times = Array.from(day(2_000), ({ occurredAt }) => Number(occurredAt / 1_000n))
    expect(times).toEqual(times.toSorted((one, other) => one - other))
    expect(times[0]).toBeGreaterThanOrEqual(Date.parse('2026-03-04T07:00:00Z'))
    expect(times.at(-1)).toBeLessThanOrEqual(Date.parse('2026-03-04T18:00:00Z'))
    expect(times.at(-1)).toBeGreaterThan(Date.parse('2026-03-04T17:00:00Z'))
  })

  test('fits the schemas of the versions it names, and both versions of a lesson occur', () => {
    const versions = new Set<string>()
    for (const { eventName, version, payload } of day(3_000)) {
      validatePayload(catalogue.version(eventName, version), payload)
      versions.add(`${eventName} ${version}`)
    }
    expect([...versions].sort()).toEqual([
      'badge.awarded 1',
      'lesson.published 1',
      'lesson.published 2',
      'quiz.submitted 1'
    ])
  })

  test('has an aggregate of its own for each event', () => {
    expect(new Set(Array.from(day(3_000), ({ aggregateId }) => aggregateId)).size).toBe(3_000)
  })

  test('awards badges to students who handed something in before', () => {
    const seen = new Set<number | undefined>()
    let badges = 0
    for (const event of day(3_000)) {
      if (event.eventName === 'badge.awarded') {
        badges += 1
        expect(seen).toContain(event.student)
      } else seen.add(event.student)
    }
    expect(badges).toBe(90)
  })

  test('has marks like a class has: one decimal, from 0 to 100, most of them in the middle', () => {
    const scores = Array.from(day(5_000)).flatMap(event =>
      event.eventName === 'quiz.submitted' ? [event.payload.score_raw] : []
    )
    expect(scores.every(score => score >= 0 && score <= 100 && Math.round(score * 10) / 10 === score)).toBe(true)
    const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length
    expect(mean).toBeGreaterThan(50)
    expect(mean).toBeLessThan(75)
    const middle = scores.filter(score => score > 40 && score < 90).length
    expect(middle / scores.length).toBeGreaterThan(0.7)
  })

  test('names the student by number, as the recipients know him', () => {
    const school = schoolOf('test', 500)
    const about = (event: SchoolEvent) =>
      event.eventName === 'quiz.submitted'
        ? event.payload.student_id
        : event.eventName === 'badge.awarded'
          ? event.payload.awarded_to
          : undefined
    for (const event of day(500)) {
      expect(event.student === undefined ? undefined : school.student(event.student).id).toBe(about(event))
    }
  })

  test('publishes many lessons before the first bell', () => {
    const early = Array.from(day(10_000))
      .filter(event => event.eventName === 'lesson.published')
      .slice(0, 100)
    const nine = BigInt(Date.parse('2026-03-04T10:00:00Z')) * 1_000n
    expect(early.every(({ occurredAt }) => occurredAt < nine)).toBe(true)
  })
})

describe('the school', () => {
  const school = schoolOf('test', 20_000)

  test('grows with the number of events, within bounds', () => {
    expect(schoolOf('test', 1).students).toBe(20)
    expect(school.students).toBe(667)
    expect(schoolOf('test', 10_000_000).students).toBe(5_000)
  })

  test('gives mail to about one student in ten, and to the first in any case', () => {
    const mailed = Array.from({ length: school.students }, (_, number) => school.student(number)).filter(
      ({ wantsMail }) => wantsMail
    )
    expect(school.student(0).wantsMail).toBe(true)
    expect(mailed.length / school.students).toBeGreaterThan(0.06)
    expect(mailed.length / school.students).toBeLessThan(0.14)
  })

  test('gives a title to the first lesson and none to the second', () => {
    expect([0, 1].map(number => school.lesson(number).version)).toEqual([2, 1])
  })

  test('has students in every course, and every student in one', () => {
    const taking = new Set<number>()
    for (let course = 0; course < school.courses; course += 1) {
      for (let step = 0; step < 100; step += 1) taking.add(school.studentOfCourse(course, step / 100))
    }
    expect(taking.size).toBe(school.students)
    expect(Math.max(...taking)).toBe(school.students - 1)
  })
})

test('half of the day is over around noon', () => {
  expect(timeOfDay(0)).toBe(7 * hour)
  expect(timeOfDay(0.5)).toBeGreaterThan(10.5 * hour)
  expect(timeOfDay(0.5)).toBeLessThan(12.5 * hour)
  expect(timeOfDay(1)).toBe(18 * hour)
})

test('random numbers are even, and those of names too', () => {
  const random = randomFrom('test')
  const even = (numbers: number[]) => numbers.reduce((sum, each) => sum + each, 0) / numbers.length
  expect(even(Array.from({ length: 10_000 }, random))).toBeCloseTo(0.5, 1)
  expect(even(Array.from({ length: 10_000 }, (_, index) => fractionOf(`name/${index}`)))).toBeCloseTo(0.5, 1)
})
