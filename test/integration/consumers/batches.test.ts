import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { deadLetterHeaders, RejectMessage } from '../../../consumers/index.ts'
import { eventually } from '../../support/stack.ts'
import { lesson, quiz, testSchool } from './school.ts'

const school = await testSchool()

test('many events of many aggregates come in one call, typed, each with its place and in its order', async () => {
  const term = school.enrol()
  await term.offer('quiz.submitted', 2)
  const aggregates = Array.from({ length: 20 }, () => randomUUID())
  const scores = Array.from({ length: 10 }, (_, score) => score)
  for (const score of scores)
    await term.publish(
      ...aggregates.map(aggregateId => quiz(randomUUID(), score, { aggregateId, headers: { score: String(score) } }))
    )
  const seen = new Map<string, number[]>()
  const sizes: number[] = []
  const group = await term.group({
    group: 'batches',
    handlers: {
      'quiz.submitted': {
        maxEvents: 50,
        maxWaitMs: 100,
        onBatch(events, context) {
          sizes.push(events.length)
          for (const event of events) {
            const { headers, topic, attempt } = context.of(event)
            expect(headers).toEqual({ score: String(event.payload.score_raw) })
            expect([topic, attempt]).toEqual([`${term.topicPrefix}quiz.submitted`, 1])
            seen.set(event.aggregate_id, [...(seen.get(event.aggregate_id) ?? []), event.payload.score_raw])
          }
        }
      }
    }
  })
  await group.whenCaughtUp()
  expect(seen.size).toBe(20)
  for (const numbers of seen.values()) expect(numbers).toEqual(scores)
  expect(Math.max(...sizes)).toBe(50)
  expect(group.stats()).toMatchObject({ handled: 200, deadLettered: 0, running: 0, queued: 0, uncommitted: 0 })
})

test('one bad event of a batch becomes a dead letter, and the others are handled', async () => {
  const term = school.enrol()
  await term.offer('quiz.submitted', 1)
  const students = Array.from({ length: 40 }, () => randomUUID())
  const handled: string[] = []
  const group = await term.group({
    group: 'isolating',
    handlers: {
      'quiz.submitted': {
        onBatch(events, context) {
          for (const event of events) {
            if (event.payload.score_raw === 13) throw new TypeError('a defect that one event shows')
            if (event.payload.score_raw === 14) context.fail(event, new RejectMessage('no quiz has fourteen'))
          }
          for (const event of events) if (!context.hasFailed(event)) handled.push(event.payload.student_id)
        }
      }
    }
  })
  await term.publish(...students.map((student, score) => quiz(student, score)))
  const { value: _, ...broken } = await term.encode(quiz(randomUUID()))
  await term.send('quiz.submitted', { ...broken, value: Buffer.from('no avro at all') })
  await group.whenCaughtUp()
  const letters = await school.read(group.deadLetterTopic, 3)
  const facts = letters.map(({ headers }) => [
    String(headers[deadLetterHeaders.offset]),
    String(headers[deadLetterHeaders.code]),
    String(headers[deadLetterHeaders.attempts])
  ])
  expect(facts.toSorted()).toEqual([
    ['13', 'TypeError', '3'],
    ['14', 'REJECTED', '1'],
    ['40', 'DECODE_FAILED', '1']
  ])
  expect(new Set(handled)).toEqual(new Set(students.filter((_, score) => score !== 13 && score !== 14)))
  expect(group.stats()).toMatchObject({ handled: 38, deadLettered: 3, running: 0, uncommitted: 0 })
})

test('handlers of one event and of batches live in one group', async () => {
  const term = school.enrol()
  await term.offer('quiz.submitted', 1)
  await term.offer('lesson.published', 1)
  const seen: string[] = []
  const group = await term.group({
    group: 'both',
    concurrency: 1,
    handlers: {
      'lesson.published': ({ payload }) => void seen.push(payload.title),
      'quiz.submitted': { onBatch: events => void seen.push(...events.map(({ payload }) => String(payload.score_raw))) }
    }
  })
  await term.publish(lesson('Fractions'), quiz(randomUUID(), 1), lesson('Tides'), quiz(randomUUID(), 2))
  await group.whenCaughtUp()
  expect(seen.toSorted()).toEqual(['1', '2', 'Fractions', 'Tides'])
})

test('a batch that runs while the group drains is finished and committed', async () => {
  const term = school.enrol()
  await term.offer('quiz.submitted', 1)
  await term.publish(...Array.from({ length: 30 }, (_, score) => quiz(randomUUID(), score)))
  const began = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  const first: number[] = []
  const group = await term.group({
    group: 'draining',
    concurrency: 1,
    handlers: {
      'quiz.submitted': {
        maxEvents: 10,
        async onBatch(events) {
          began.resolve()
          await go.promise
          first.push(...events.map(({ payload }) => payload.score_raw))
        }
      }
    }
  })
  await began.promise
  const drained = group.drain()
  go.resolve()
  await drained
  expect(first.length).toBeGreaterThan(0)
  expect(first.length).toBeLessThanOrEqual(10)
  const again: number[] = []
  const next = await term.group({
    group: 'draining',
    handlers: { 'quiz.submitted': { onBatch: events => void again.push(...events.map(e => e.payload.score_raw)) } }
  })
  await eventually(() => again.length + first.length >= 30, { what: 'the rest is handled' })
  await next.whenCaughtUp()
  expect([...first, ...again].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, score) => score))
})
