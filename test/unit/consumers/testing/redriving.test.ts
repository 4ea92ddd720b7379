import { randomUUID } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { type Handlers, RejectMessage } from '../../../../consumers/index.ts'
import { createTestGroup, type TestGroup, type TestGroupOptions } from '../../../../consumers/testing/index.ts'
import { catalogue, type Events } from '../../../../schemas/catalogue/index.ts'

type Options = Partial<Omit<TestGroupOptions<Events>, 'handlers'>>

function group(handlers: Handlers<Events>, options: Options = {}): TestGroup<Events> {
  const made = createTestGroup<Events>({ catalogue, handlers, retry: { attempts: 2 }, ...options })
  onTestFinished(() => made[Symbol.asyncDispose]())
  return made
}

const parking = { deadLetters: { policy: 'park' } } as const

/** Handles scores, but for those in `failing`. */
function scorer(failing: Set<number>, options?: Options) {
  const effects: number[] = []
  const handle = group(
    {
      'quiz.submitted': ({ payload }) => {
        if (failing.has(payload.score_raw)) throw new RejectMessage('not this one')
        effects.push(payload.score_raw)
      }
    },
    options
  )
  const publish = async (aggregate: string, ...given: number[]) => {
    for (const score_raw of given) {
      const payload = { submission_id: aggregate, student_id: aggregate, quiz_id: aggregate, score_raw }
      await handle.publish('quiz.submitted', aggregate, payload)
    }
    await handle.settle()
  }
  const letters = () =>
    handle.deadLetters.map(({ envelope, code }) => [(envelope.payload as { score_raw: number }).score_raw, code])
  return { handle, publish, effects, letters }
}

test('with skip, a letter that is redriven is handled after the events that came later', async () => {
  const failing = new Set([2])
  const { handle, publish, effects, letters } = scorer(failing)
  await publish(randomUUID(), 1, 2, 3)
  expect([effects, letters(), handle.parked]).toEqual([[1, 3], [[2, 'REJECTED']], []])
  failing.clear()
  expect(handle.redrive()).toBe(1)
  await handle.settle()
  expect([effects, letters()]).toEqual([[1, 3, 2], []])
  expect(handle.redrive()).toBe(0)
})

test('with park, later events of the aggregate wait for the redrive, and others continue', async () => {
  const failing = new Set([2])
  const { handle, publish, effects, letters } = scorer(failing, parking)
  const [one, other] = [randomUUID(), randomUUID()]
  await publish(one, 1, 2, 3)
  await publish(other, 10, 11)
  expect(effects).toEqual([1, 10, 11])
  expect(letters()).toEqual([
    [2, 'REJECTED'],
    [3, 'AGGREGATE_PARKED']
  ])
  expect(handle.deadLetters[1]).toMatchObject({ attempts: 0, headers: { 'dead-letter-policy': 'park' } })
  expect(handle.parked).toEqual([one])

  failing.clear()
  // All of the aggregate, whatever was chosen.
  expect(handle.redrive(({ code }) => code === 'REJECTED')).toBe(2)
  await handle.settle()
  await publish(one, 4)
  expect([effects, letters(), handle.parked]).toEqual([[1, 10, 11, 2, 3, 4], [], []])
})

test('what fails again stays parked, with all that follows it', async () => {
  const failing = new Set([1, 2])
  const { handle, publish, effects, letters } = scorer(failing, {
    ...parking,
    startAt: new Date('2026-01-01T00:00:00Z')
  })
  const order = randomUUID()
  await publish(order, 1, 2, 3)
  failing.delete(1)
  await handle.advance(60_000)
  handle.redrive()
  await handle.settle()
  expect(effects).toEqual([1])
  expect(letters()).toEqual([
    [2, 'REJECTED'],
    [3, 'AGGREGATE_PARKED']
  ])
  expect(handle.parked).toEqual([order])
  expect(handle.deadLetters[0]?.headers).toMatchObject({
    'dead-letter-offset': '1',
    'redrive-count': '1',
    'redrive-of': 'test/1'
  })

  failing.clear()
  handle.redrive()
  await publish(order, 4)
  expect([effects, letters(), handle.parked]).toEqual([[1, 2, 3, 4], [], []])
})

test('an event that is published while letters are on their way comes after them', async () => {
  const failing = new Set([1])
  const { handle, publish, effects } = scorer(failing, parking)
  const order = randomUUID()
  await publish(order, 1, 2)
  failing.clear()
  handle.redrive()
  const again = handle.redrive()
  await publish(order, 3)
  expect([again, effects, handle.parked]).toEqual([0, [1, 2, 3], []])
})

test('discarding the last letter of a parked aggregate lets it resume, without what was given up', async () => {
  const failing = new Set([1, 2])
  const { handle, publish, effects, letters } = scorer(failing, parking)
  const order = randomUUID()
  await publish(order, 1, 2)
  expect(handle.discard(({ code }) => code === 'REJECTED')).toBe(1)
  await publish(order, 3)
  expect(letters()).toEqual([
    [2, 'AGGREGATE_PARKED'],
    [3, 'AGGREGATE_PARKED']
  ])
  expect(handle.discard(({ envelope }) => (envelope.payload as { score_raw: number }).score_raw === 2)).toBe(1)
  await handle.settle()
  expect(handle.parked).toEqual([order])
  expect(handle.discard()).toBe(1)
  await publish(order, 4)
  expect([effects, letters(), handle.parked, handle.discard()]).toEqual([[4], [], [], 0])
})

test('with skip there is nothing to release when letters are discarded', async () => {
  const { handle, publish, effects } = scorer(new Set([1]))
  await publish(randomUUID(), 1, 2)
  expect(handle.discard()).toBe(1)
  await handle.settle()
  expect([effects, handle.deadLetters, handle.unfinished]).toEqual([[2], [], []])
})

test('after a crash, redriven letters are delivered again too', async () => {
  const failing = new Set([1])
  const { handle, publish, effects } = scorer(failing, parking)
  await publish(randomUUID(), 1, 2)
  failing.clear()
  handle.redrive()
  await handle.settle()
  handle.redeliver()
  await handle.settle()
  expect(effects).toEqual([1, 2, 1, 2, 1, 2])
  expect([handle.deadLetters, handle.unfinished, handle.parked]).toEqual([[], [], []])
})

test('an event of a batch that fails is parked, and its aggregate alone', async () => {
  const failing = new Set([2])
  const effects: number[] = []
  const handle = group(
    {
      'quiz.submitted': {
        onBatch(events) {
          if (events.some(({ payload }) => failing.has(payload.score_raw))) throw new RejectMessage('not this one')
          effects.push(...events.map(({ payload }) => payload.score_raw))
        }
      }
    },
    parking
  )
  const [one, other] = [randomUUID(), randomUUID()]
  for (const [aggregate, score_raw] of [
    [one, 1],
    [one, 2],
    [one, 3],
    [other, 4]
  ] as const)
    await handle.publish('quiz.submitted', aggregate, {
      submission_id: aggregate,
      student_id: aggregate,
      quiz_id: aggregate,
      score_raw
    })
  await handle.settle()
  expect([effects.toSorted(), handle.parked]).toEqual([[1, 4], [one]])
  failing.clear()
  handle.redrive()
  await handle.settle()
  expect(effects.toSorted()).toEqual([1, 2, 3, 4])
  expect(effects.indexOf(2)).toBeLessThan(effects.indexOf(3))
})
