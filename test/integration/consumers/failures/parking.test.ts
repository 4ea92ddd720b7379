import { randomUUID } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { deadLetterHeaders } from '../../../../consumers/index.ts'
import type { ConsumerGroupOptions } from '../../../../consumers/options.ts'
import type { Events } from '../../../../schemas/catalogue/index.ts'
import { eventually } from '../../../support/stack.ts'
import { quiz, testSchool } from '../school.ts'
import { redrive } from './redriven.ts'

const school = await testSchool()
const sender = await school.client.connectSender()
afterAll(() => sender.close())

/** The letters of one aggregate, in the order of their first offsets, each once. */
const lettersOf = async (topic: string, count: number, aggregate: string, from = 0) =>
  ofAggregate(await school.read(topic, count), aggregate, from)

function ofAggregate(all: Awaited<ReturnType<typeof school.read>>, aggregate: string, from = 0) {
  const ours = all.filter(({ key, offset }) => String(key) === aggregate && offset >= from)
  const place = (letter: Pick<(typeof ours)[number], 'headers'>) => Number(letter.headers[deadLetterHeaders.offset])
  return ours
    .toSorted((one, other) => place(one) - place(other))
    .map(({ headerList, ...letter }) => ({ ...letter, headers: headerList, place: place(letter) }))
}

/** Members of one group that park, and what their handlers did of each aggregate. */
function parking(term: ReturnType<typeof school.enrol>, name: string) {
  const done = new Map<string, number[]>()
  const failing = new Map<string, number>()
  const options: Pick<ConsumerGroupOptions<Events>, 'group' | 'handlers'> & Partial<ConsumerGroupOptions<Events>> = {
    group: name,
    deadLetters: { policy: 'park' },
    retry: { attempts: 2, initialMs: 10, maxMs: 10 },
    handlers: {
      'quiz.submitted': ({ aggregate_id, payload }) => {
        if (failing.get(aggregate_id) === payload.score_raw) throw new TypeError('no')
        done.set(aggregate_id, [...(done.get(aggregate_id) ?? []), payload.score_raw])
      }
    }
  }
  return { done, failing, member: () => term.group(options) }
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n)

test('after a message that failed its aggregate waits, through restarts, until it is redriven; others continue', async () => {
  const term = school.enrol()
  await term.offer('quiz.submitted', 1)
  const [broken, fine] = [randomUUID(), randomUUID()]
  const { done, failing, member } = parking(term, 'ordered')
  const publish = (from: number, to: number) =>
    term.publish(
      ...numbers(from, to).flatMap(n => [broken, fine].map(aggregateId => quiz(randomUUID(), n, { aggregateId })))
    )
  failing.set(broken, 2)
  const first = await member()
  await publish(0, 5)
  await first.whenCaughtUp()
  expect(done.get(broken)).toEqual([0, 1])
  expect(done.get(fine)).toEqual([0, 1, 2, 3, 4])
  expect(first.stats()).toMatchObject({ deadLettered: 3, parked: 1 })
  await first.drain()

  const second = await member()
  await publish(5, 7)
  await second.whenCaughtUp()
  expect(done.get(broken)).toEqual([0, 1])
  expect(second.stats()).toMatchObject({ handled: 2, deadLettered: 2, parked: 1 })
  const letters = await lettersOf(second.deadLetterTopic, 5, broken)
  const codes = letters.map(({ headers }) => String(new Map(headers).get(deadLetterHeaders.code)))
  expect(codes).toEqual(['TypeError', ...Array(4).fill('AGGREGATE_PARKED')])
  expect(String(new Map(letters[1]?.headers).get(deadLetterHeaders.attempts))).toBe('0')

  // It fails again: what is redriven after it goes back, and nothing overtakes it.
  await redrive(sender, second.deadLetterTopic, letters, { end: letters.at(-1)?.place as number })
  await second.whenCaughtUp()
  expect(done.get(broken)).toEqual([0, 1])
  const again = await lettersOf(second.deadLetterTopic, 10, broken, 5)
  expect(again.map(({ place }) => place)).toEqual(letters.map(({ place }) => place))

  failing.clear()
  await publish(7, 8)
  await second.whenCaughtUp()
  const rest = await lettersOf(second.deadLetterTopic, 11, broken, 5)
  await redrive(sender, second.deadLetterTopic, rest, { end: rest.at(-1)?.place as number })
  await second.whenCaughtUp()
  expect(done.get(broken)).toEqual(numbers(0, 8))
  await eventually(() => second.stats().parked === 0, { what: 'the aggregate is released' })
  await publish(8, 10)
  await second.whenCaughtUp()
  expect(done.get(broken)).toEqual(numbers(0, 10))
  expect(done.get(fine)).toEqual(numbers(0, 10))
})

test('what was parked after the letters that are redriven keeps the aggregate parked', async () => {
  const term = school.enrol()
  await term.offer('quiz.submitted', 1)
  const aggregateId = randomUUID()
  const { done, failing, member } = parking(term, 'rounds')
  const publish = (...all: number[]) => term.publish(...all.map(n => quiz(randomUUID(), n, { aggregateId })))
  failing.set(aggregateId, 0)
  const group = await member()
  await publish(0, 1)
  await group.whenCaughtUp()
  const letters = await lettersOf(group.deadLetterTopic, 2, aggregateId)
  await publish(2)
  await group.whenCaughtUp()
  failing.clear()
  await redrive(sender, group.deadLetterTopic, letters, { end: 1 })
  await group.whenCaughtUp()
  await publish(3)
  await group.whenCaughtUp()
  expect(done.get(aggregateId)).toEqual([0, 1])
  const rest = await lettersOf(group.deadLetterTopic, 4, aggregateId, 2)
  await redrive(sender, group.deadLetterTopic, rest, { end: 3 })
  await group.whenCaughtUp()
  expect(done.get(aggregateId)).toEqual([0, 1, 2, 3])
  await eventually(() => group.stats().parked === 0, { what: 'the aggregate is released' })
})

test('members that come and go keep the order of each aggregate', async () => {
  const term = school.enrol()
  await term.offer('quiz.submitted', 4)
  const aggregates = Array.from({ length: 20 }, () => randomUUID())
  const { done, failing, member } = parking(term, 'moving')
  for (const aggregate of aggregates.slice(0, 8)) failing.set(aggregate, 3)
  const publish = (from: number, to: number) =>
    term.publish(
      ...numbers(from, to).flatMap(n => aggregates.map(aggregateId => quiz(randomUUID(), n, { aggregateId })))
    )
  const first = await member()
  await publish(0, 5)
  await first.whenCaughtUp()
  const second = await member()
  const third = await member()
  await publish(5, 8)
  await first.close()
  await publish(8, 10)
  await third.whenCaughtUp({ timeoutMs: 60_000 })
  for (const [index, aggregate] of aggregates.entries())
    expect(new Set(done.get(aggregate))).toEqual(new Set(numbers(0, index < 8 ? 3 : 10)))
  expect(second.stats().parked + third.stats().parked).toBe(8)

  failing.clear()
  const total = (await school.admin.ranges(third.deadLetterTopic))[0]?.end as number
  const all = await school.read(third.deadLetterTopic, total)
  for (const aggregate of aggregates.slice(0, 8)) {
    const letters = ofAggregate(all, aggregate)
    const once = letters.filter(({ place }, at) => place !== letters[at - 1]?.place)
    await redrive(sender, third.deadLetterTopic, once, { end: once.at(-1)?.place as number })
  }
  await second.drain()
  await third.whenCaughtUp({ timeoutMs: 60_000 })
  await eventually(() => third.stats().parked === 0, { what: 'all aggregates are released' })
  for (const aggregate of aggregates) {
    const seen = done.get(aggregate) ?? []
    const firsts = seen.filter((n, at) => seen.indexOf(n) === at)
    expect(firsts).toEqual(numbers(0, 10))
  }
})
