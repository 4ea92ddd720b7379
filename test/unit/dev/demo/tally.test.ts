import { expect, test } from 'vitest'
import { schoolOf } from '../../../../dev/demo/day/school.ts'
import { firstMailed, schoolDay } from '../../../../dev/demo/day/school-day.ts'
import { Tally } from '../../../../dev/demo/tally.ts'

const day = (events: number) => [...schoolDay({ seed: 'test', events, date: new Date('2026-03-04') })]

test('what must come out follows from what was published', () => {
  const events = day(2_000)
  const school = schoolOf('test', 2_000)
  const tally = new Tally(student => school.student(student).wantsMail)
  for (const event of events) tally.add(event, { id: event.aggregateId, schemaVersion: event.version })

  expect(tally.published).toBe(2_000)
  expect(tally.lessons).toBe(40)
  expect([...tally.versions.values()].reduce((sum, count) => sum + count, 0)).toBe(2_000)
  const scores = events.flatMap(event => (event.eventName === 'quiz.submitted' ? [event.payload.score_raw] : []))
  expect(tally.tenths / 10).toBeCloseTo(
    scores.reduce((sum, score) => sum + score, 0),
    5
  )
  const mailed = new Set(
    Array.from({ length: school.students }, (_, number) => school.student(number)).flatMap(({ wantsMail, id }) =>
      wantsMail ? [id] : []
    )
  )
  const mails = events.filter(
    ({ payload }) =>
      ('student_id' in payload && mailed.has(payload.student_id)) ||
      ('awarded_to' in payload && mailed.has(payload.awarded_to))
  )
  expect(tally.mails).toBe(mails.length)
  expect(tally.mails).toBeGreaterThan(0)
})

test('events about the student who is enrolled late are counted', () => {
  const events = day(2_000)
  const school = schoolOf('test', 2_000)
  const late = firstMailed({ seed: 'test', events: 2_000, date: new Date('2026-03-04') }, school)
  const tally = new Tally(() => false, late)
  for (const event of events) tally.add(event, { id: event.aggregateId, schemaVersion: event.version })
  expect(tally.letters).toBe(events.filter(({ student }) => student === late).length)
  expect(tally.letters).toBeGreaterThan(0)
  expect(school.student(late ?? -1).wantsMail).toBe(true)
  // Only the first lesson: no one to be late.
  expect(firstMailed({ seed: 'test', events: 1, date: new Date('2026-03-04') }, school)).toBeUndefined()
})

test('the favourite topic is the one of most lessons with a title', () => {
  const tally = new Tally(() => false)
  for (const event of day(2_000)) tally.add(event, { id: event.aggregateId, schemaVersion: event.version })
  const { topic, lessons } = tally.favourite
  expect(lessons).toBe(Math.max(...tally.topics.values()))
  const titles = day(2_000).flatMap(event =>
    event.eventName === 'lesson.published' && event.payload.title ? [event.payload.title] : []
  )
  expect(titles.filter(title => title.startsWith(`${topic}:`))).toHaveLength(lessons)
})

test('the sample is small, and comes from all of the day', () => {
  const tally = new Tally(() => false)
  for (const [number, event] of day(5_000).entries()) tally.add(event, { id: String(number), schemaVersion: 1 })
  expect(tally.sample).toHaveLength(100)
  const numbers = tally.sample.map(({ id }) => Number(id))
  expect(new Set(numbers).size).toBe(100)
  expect(Math.min(...numbers)).toBeLessThan(500)
  expect(Math.max(...numbers)).toBeGreaterThan(4_500)
})
