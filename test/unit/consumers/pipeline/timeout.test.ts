import { expect, test } from 'vitest'
import { delivered } from './delivered.ts'

const timeoutMs = 500

test('an attempt that takes too long has its signal aborted, fails, and counts', async () => {
  const reasons: unknown[] = []
  const { deliver, clock, letters, log } = delivered({
    timeoutMs,
    handlers: {
      'order.placed': (_envelope, { signal }) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason)
            reject(signal.reason)
          })
        )
    }
  })
  const outcome = deliver()
  await clock.pass(10_000)
  expect(await outcome).toBe('dead-lettered')
  expect(reasons).toHaveLength(3)
  expect(reasons[0]).toMatchObject({
    code: 'HANDLER_TIMEOUT',
    message: 'An attempt took longer than 500 ms (timeoutMs)'
  })
  expect(letters).toMatchObject([{ code: 'HANDLER_TIMEOUT', attempts: 3 }])
  expect(log.lines.filter(({ text }) => text.includes('ignores'))).toEqual([])
})

test('a handler that returns because its time is over has not handled the event', async () => {
  let calls = 0
  const { deliver, clock } = delivered({
    timeoutMs,
    handlers: {
      'order.placed': (_envelope, { signal }) => {
        calls += 1
        return calls === 1
          ? new Promise(resolve => signal.addEventListener('abort', () => resolve()))
          : Promise.resolve()
      }
    }
  })
  const outcome = deliver()
  await clock.pass(1_000)
  expect(await outcome).toBe('handled')
  expect(calls).toBe(2)
})

test('a handler that ignores its signal keeps its lane and not its slot, and is reported', async () => {
  const ends: (() => void)[] = []
  const { deliver, clock, rests, log, calls } = delivered({
    timeoutMs,
    handlers: { 'order.placed': () => new Promise(resolve => ends.push(resolve)) }
  })
  let outcome: string | undefined
  const delivering = deliver().then(ended => {
    outcome = ended
  })
  await clock.pass(60_000)
  expect(ends).toHaveLength(1)
  expect(calls.size).toBe(1)
  expect(rests).toEqual(['rest'])
  expect(log.lines).toEqual([
    {
      level: 'warn',
      fields: expect.objectContaining({ offset: 7, attempt: 1, timeoutMs, eventId: expect.any(String) }),
      text: 'a handler ignores that its time is over; its aggregate waits until it ends'
    }
  ])
  ends[0]?.()
  await clock.pass(200)
  expect(ends).toHaveLength(2)
  expect(outcome).toBeUndefined()
  for (let attempt = 2; attempt <= 3; attempt += 1) {
    await clock.pass(timeoutMs)
    ends.at(-1)?.()
    await clock.pass(400)
  }
  await delivering
  expect(outcome).toBe('dead-lettered')
})

test('the failure of a handler that is in time is its own, and the signal still aborts when the group closes', async () => {
  const signals: AbortSignal[] = []
  const { deliver, clock, letters, closing } = delivered({
    timeoutMs,
    handlers: {
      'order.placed': (_envelope, { signal, attempt }) => {
        signals.push(signal)
        return attempt < 2
          ? Promise.reject(new TypeError('no'))
          : new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      }
    }
  })
  const outcome = deliver()
  await clock.pass(300)
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, false])
  closing.abort()
  expect(await outcome).toBe('left')
  expect(letters).toEqual([])
})
