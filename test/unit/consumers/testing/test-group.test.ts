import { randomUUID } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ConsumerGroupOptions } from '../../../../consumers/index.ts'
import { type Handlers, RejectMessage, RetryLater } from '../../../../consumers/index.ts'
import { createTestGroup, type TestGroupOptions } from '../../../../consumers/testing/index.ts'
import { catalogue, type Events } from '../../../../schemas/catalogue/index.ts'

type Options = Partial<Omit<TestGroupOptions<Events>, 'handlers'>>

function group(handlers: Handlers<Events>, options: Options = {}) {
  const made = createTestGroup<Events>({ catalogue, handlers, ...options })
  onTestFinished(() => made[Symbol.asyncDispose]())
  return made
}

const quiz = (score_raw: number) => ({
  submission_id: randomUUID(),
  student_id: randomUUID(),
  quiz_id: randomUUID(),
  score_raw
})
const scores = (events: readonly { readonly payload: unknown }[]) =>
  events.map(({ payload }) => (payload as { score_raw: number }).score_raw)

test('events are handled in the order of their aggregate, and read back from their bytes', async () => {
  const seen: unknown[] = []
  const handle = group({ 'lesson.published': ({ payload }) => void seen.push(payload) })
  const lesson = { lesson_id: randomUUID(), instructor_id: randomUUID(), course_id: randomUUID() }
  const id = await handle.publish('lesson.published', randomUUID(), lesson)
  await handle.settle()
  // The default of the schema is filled in.
  expect(seen).toEqual([{ ...lesson, title: '' }])
  expect(handle.handled.map(event => event.id)).toEqual([id])
  expect(handle.unfinished).toEqual([])
})

test('what does not fit its schema is refused, and so is an event without a handler', async () => {
  const readers = group({ 'badge.awarded': () => undefined })
  const wrong = { badge_id: 'no uuid', awarded_to: randomUUID(), reason: 'Ten quizzes' }
  await expect(readers.publish('badge.awarded', randomUUID(), wrong)).rejects.toMatchObject({ code: 'PAYLOAD_INVALID' })
  await expect(readers.publish('quiz.submitted', randomUUID(), quiz(1))).rejects.toMatchObject({
    code: 'OPTIONS_INVALID'
  })
})

describe('time', () => {
  test('of pauses passes at once with settle', async () => {
    const times: number[] = []
    const started = new Date('2026-01-01T00:00:00Z')
    const failing = group(
      {
        'quiz.submitted': () => {
          times.push(failing.now().getTime() - started.getTime())
          throw new TypeError('no')
        }
      },
      { startAt: started }
    )
    await failing.publish('quiz.submitted', randomUUID(), quiz(1))
    await failing.settle()
    expect(times).toEqual([0, 200, 600, 1_400, 3_000])
    expect(failing.deadLetters).toMatchObject([{ code: 'TypeError', attempts: 5 }])
    expect(failing.deadLetters[0]?.headers).toMatchObject({ 'dead-letter-group': 'test', 'dead-letter-offset': '0' })
  })

  test('passes as far as advance says', async () => {
    let isAway = true
    const patient = group({
      'quiz.submitted': () => {
        if (isAway) throw new RetryLater('the directory is away')
      }
    })
    await patient.publish('quiz.submitted', randomUUID(), quiz(1))
    await patient.advance(60_000)
    expect([patient.handled.length, patient.unfinished.length]).toEqual([0, 1])
    isAway = false
    await patient.advance(10_000)
    expect([patient.handled.length, patient.unfinished.length]).toEqual([1, 0])
  })

  test('an event that waits for longer than settle may take is named', async () => {
    const patient = group({
      'quiz.submitted': () => {
        throw new RetryLater('the directory is away')
      }
    })
    await patient.publish('quiz.submitted', randomUUID(), quiz(1))
    await expect(patient.settle({ withinMs: 60_000 })).rejects.toMatchObject({
      code: 'NOT_SETTLED',
      message: expect.stringMatching(/^1 event \(quiz.submitted\) did not end. .* 60000 ms/)
    })
  })

  test('ends an attempt that takes too long', async () => {
    const reasons: unknown[] = []
    const slow = group(
      {
        'quiz.submitted': async (_, { signal, attempt }) => {
          if (attempt > 1) return
          await new Promise((_, reject) =>
            signal.addEventListener('abort', () => {
              reasons.push((signal.reason as { code?: string }).code)
              reject(signal.reason)
            })
          )
        }
      },
      { timeoutMs: 30_000 }
    )
    await slow.publish('quiz.submitted', randomUUID(), quiz(1))
    await slow.advance(29_999)
    expect(reasons).toEqual([])
    await slow.advance(1)
    expect(reasons).toEqual(['HANDLER_TIMEOUT'])
    await slow.settle()
    expect(slow.handled).toHaveLength(1)
  })

  test('of real waits is waited for', async () => {
    const waiting = group({ 'quiz.submitted': () => new Promise(resolve => setTimeout(resolve, 20)) })
    for (let number = 0; number < 3; number += 1)
      await waiting.publish('quiz.submitted', '01890f5e-0000-7000-8000-000000000000', quiz(number))
    await waiting.settle()
    expect(scores(waiting.handled)).toEqual([0, 1, 2])
  })
})

test('an aggregate waits for its event that fails, others do not', async () => {
  const [one, other] = [randomUUID(), randomUUID()]
  const failing = group({
    'quiz.submitted': ({ payload }, { attempt }) => {
      if (payload.score_raw === 0 && attempt < 3) throw new Error('not yet')
      if (payload.score_raw === 2) throw new RejectMessage('no use')
    }
  })
  for (const [aggregate, score] of [
    [one, 0],
    [one, 1],
    [one, 2],
    [other, 3]
  ] as const)
    await failing.publish('quiz.submitted', aggregate, quiz(score))
  await failing.advance(0)
  expect(scores(failing.handled)).toEqual([3])
  expect(scores(failing.unfinished)).toEqual([0, 1, 2])
  await failing.settle()
  expect(scores(failing.handled)).toEqual([3, 0, 1])
  expect(failing.deadLetters.map(({ code, attempts }) => [code, attempts])).toEqual([['REJECTED', 1]])
})

test('middlewares are around each attempt, and onFailure is called once', async () => {
  const log: string[] = []
  const failing = group(
    {
      'quiz.submitted': (_, { attempt }) => {
        log.push(`handler ${attempt}`)
        throw new Error('no')
      }
    },
    {
      retry: { attempts: 2 },
      use: [
        next => async (envelope, context) => {
          log.push(`before ${context.attempt}`)
          await next(envelope, context)
        }
      ],
      onFailure: (error, envelope) => void log.push(`${(error as Error).message} ${envelope?.event_name}`)
    }
  )
  await failing.publish('quiz.submitted', randomUUID(), quiz(1))
  await failing.settle()
  expect(log).toEqual(['before 1', 'handler 1', 'before 2', 'handler 2', 'no quiz.submitted'])
})

test('once leaves out what is delivered again, and repeats what has failed', async () => {
  const client = { query: async () => ({ rows: [] }) }
  const effects: number[] = []
  let fails = true
  const safe = group({
    'quiz.submitted': async ({ payload }, { once }) => {
      await once(client, session => {
        expect(session).toBe(client)
        if (fails) throw new Error('no')
        effects.push(payload.score_raw)
      })
    }
  })
  const first = await safe.publish('quiz.submitted', randomUUID(), quiz(1))
  await safe.advance(0)
  fails = false
  await safe.settle()
  await safe.publish('quiz.submitted', randomUUID(), quiz(2))
  await safe.settle()
  safe.redeliver()
  safe.redeliver(first)
  await safe.settle()
  expect(effects).toEqual([1, 2])
  expect(scores(safe.handled)).toEqual([1, 2, 1, 2, 1])
})

test('batches are handled as in production: what is new of them, in one effect', async () => {
  const client = { query: async () => ({ rows: [] }) }
  const calls: number[][] = []
  const effects: number[] = []
  const many = group({
    'quiz.submitted': {
      maxEvents: 3,
      maxWaitMs: 1_000,
      async onBatch(events, { once, fail, of }) {
        calls.push(scores(events))
        for (const event of events)
          if (event.payload.score_raw === 4 && of(event).attempt === 1) fail(event, new Error('not yet'))
        await once(client, fresh => void effects.push(...scores(fresh)))
      }
    }
  })
  for (const score of [1, 2, 3, 4]) await many.publish('quiz.submitted', randomUUID(), quiz(score))
  await many.advance(999)
  expect(calls).toEqual([[1, 2, 3]])
  await many.settle()
  many.redeliver()
  await many.settle()
  expect(effects).toEqual([1, 2, 3, 4])
  expect(scores(many.handled).toSorted()).toEqual([1, 1, 2, 2, 3, 3, 4, 4])
  expect(many.deadLetters).toEqual([])
})

test.each<[string, object]>([
  ['startAt', { startAt: new Date('nonsense') }],
  ['onceIn', { onceIn: 'redis' }],
  ['retry.attempts', { retry: { attempts: 0 } }],
  ["handlers['quiz.submitted']", { handlers: { 'quiz.submitted': 'handle' } }]
])('the option %s is checked as in production', (option, given) => {
  const handlers: ConsumerGroupOptions<Events>['handlers'] = { 'quiz.submitted': () => undefined }
  expect(() => createTestGroup<Events>({ catalogue, handlers, ...given })).toThrow(
    expect.objectContaining({ code: 'OPTIONS_INVALID', option })
  )
})
