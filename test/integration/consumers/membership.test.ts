import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { eventually } from '../../support/stack.ts'
import { badge, lesson, testSchool } from './school.ts'

const school = await testSchool()

test('case 33: a handler that runs for three session timeouts costs no rebalance', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const sessionTimeoutMs = 1_000
  const handled: string[] = []
  const group = await term.group({
    group: 'slow',
    sessionTimeoutMs,
    handlers: {
      'badge.awarded': async ({ payload }) => {
        if (payload.reason === 'slow') await new Promise(resolve => setTimeout(resolve, 3 * sessionTimeoutMs + 500))
        handled.push(payload.reason)
      }
    }
  })
  await term.publish(badge(randomUUID(), 'slow'), badge(randomUUID(), 'quick'))
  await group.whenCaughtUp()
  expect(handled).toEqual(['quick', 'slow'])
  expect(group.stats()).toMatchObject({ handled: 2, assignments: 1 })
})

test('after a drain the next member continues where it stopped, and nothing is handled twice', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 3)
  const handled: string[] = []
  const handlers = { 'badge.awarded': ({ id }: { id: string }) => void handled.push(id) }
  const ids: string[] = []
  for (let run = 0; run < 3; run += 1) {
    const group = await term.group({ group: 'resuming', handlers })
    ids.push(...(await term.publish(...Array.from({ length: 20 }, () => badge(randomUUID())))))
    await eventually(() => handled.length > run * 20 + 5, { what: 'some are handled' })
    await group.drain()
    expect(group.state).toBe('closed')
    expect(await group.closed).toBeUndefined()
  }
  const last = await term.group({ group: 'resuming', handlers })
  await last.whenCaughtUp()
  expect(handled.toSorted()).toEqual(ids.toSorted())
})

test('a drain waits for the handler that runs, and commits it', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const release = Promise.withResolvers<void>()
  let signal: AbortSignal | undefined
  const group = await term.group({
    group: 'draining',
    handlers: {
      'badge.awarded': async (_, context) => {
        signal = context.signal
        await release.promise
      }
    }
  })
  await term.publish(badge(randomUUID()))
  await eventually(() => signal, { what: 'the handler runs' })
  const drained = group.drain()
  expect(group.drain()).toBe(drained)
  expect(signal?.aborted).toBe(false)
  release.resolve()
  await drained
  const offsets = await school.admin.groupOffsets(`${term.topicPrefix}draining`)
  expect(offsets.get(`${term.topicPrefix}badge.awarded`)?.get(0)).toBe(1)
  await expect(group.start()).rejects.toMatchObject({ code: 'CLOSED' })
})

test('a handler that does not end is aborted, left after the deadline, and its message comes again', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const handlers = (onEvent: (signal: AbortSignal) => Promise<void>) => ({
    'badge.awarded': (_: unknown, { signal }: { signal: AbortSignal }) => onEvent(signal)
  })
  let called = false
  let told = false
  const first = await term.group({
    group: 'stuck',
    handlers: handlers(
      signal =>
        new Promise((_, reject) => {
          called = true
          signal.addEventListener('abort', () => {
            told = true
            reject(new Error('stopped'))
          })
        })
    )
  })
  await term.publish(badge(randomUUID()))
  await eventually(() => called, { what: 'the handler runs' })
  await first.drain({ timeoutMs: 300 })
  expect(told).toBe(true)
  expect(first.stats().deadLettered).toBe(0)
  const again: number[] = []
  const second = await term.group({ group: 'stuck', handlers: handlers(async () => void again.push(1)) })
  await second.whenCaughtUp()
  expect(again.length).toBe(1)
})

test('a topic that is made later is read from its first event, and the running handler is not called twice', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const calls: string[] = []
  const release = Promise.withResolvers<void>()
  const group = await term.group({
    group: 'growing',
    handlers: {
      'badge.awarded': async () => {
        calls.push('badge')
        await release.promise
      },
      'lesson.published': ({ payload }) => void calls.push(payload.title)
    }
  })
  await term.publish(badge(randomUUID()))
  await eventually(() => calls.length === 1, { what: 'the badge handler runs' })
  await term.offer('lesson.published', 2)
  await term.publish(lesson('First'), lesson('Second'))
  await eventually(() => calls.length === 3, { what: 'the lessons are handled' })
  release.resolve()
  await group.whenCaughtUp()
  expect(calls.toSorted()).toEqual(['First', 'Second', 'badge'])
})

test('members share the partitions, and everything is handled while they come and go', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 4)
  const handled = new Set<string>()
  const handlers = { 'badge.awarded': ({ id }: { id: string }) => void handled.add(id) }
  const first = await term.group({ group: 'shared', handlers })
  const ids = await term.publish(...Array.from({ length: 50 }, () => badge(randomUUID())))
  const second = await term.group({ group: 'shared', handlers })
  await eventually(() => first.stats().partitions === 5 && second.stats().partitions === 5, { what: 'a fair share' })
  ids.push(...(await term.publish(...Array.from({ length: 50 }, () => badge(randomUUID())))))
  await first.drain()
  ids.push(...(await term.publish(...Array.from({ length: 50 }, () => badge(randomUUID())))))
  await second.whenCaughtUp()
  expect([...handled].toSorted()).toEqual(ids.toSorted())
  expect(second.stats().partitions).toBe(10)
})

test('memory is bounded: a partition is paused while too much of it is unfinished', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const release = Promise.withResolvers<void>()
  let handled = 0
  const group = await term.group({
    group: 'bounded',
    maxUncommitted: 10,
    concurrency: 2,
    handlers: {
      'badge.awarded': async () => {
        await release.promise
        handled += 1
      }
    }
  })
  await eventually(() => group.stats().assignments === 1, { what: 'partitions are assigned' })
  let published = 0
  while (group.stats().uncommitted < 10) {
    await term.publish(badge(randomUUID()))
    published += 1
    await eventually(() => group.stats().uncommitted === published, { what: 'the event is fetched' })
  }
  await term.publish(...Array.from({ length: 30 }, () => badge(randomUUID())))
  // A fetch that was under way when the partition was paused would have come by now: each waits at most 500 ms.
  await expect(group.whenCaughtUp({ timeoutMs: 1_500 })).rejects.toMatchObject({ code: 'CATCH_UP_TIMEOUT' })
  expect(group.stats()).toMatchObject({ uncommitted: 10, running: 2, queued: 8, assignments: 1 })
  release.resolve()
  await group.whenCaughtUp()
  expect(handled).toBe(40)
})
