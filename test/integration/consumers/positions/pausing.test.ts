import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { RetryLater } from '../../../../consumers/index.ts'
import { eventually } from '../../../support/stack.ts'
import { badge, lesson, testSchool } from '../school.ts'

const school = await testSchool()

test('a paused topic begins nothing, what runs ends and is committed, the others continue; nothing is handled twice', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  await term.offer('lesson.published', 1)
  const topic = `${term.topicPrefix}badge.awarded`
  const release = Promise.withResolvers<void>()
  const handled: string[] = []
  const group = await term.group({
    group: 'pausing',
    concurrency: 2,
    handlers: {
      'badge.awarded': async ({ payload }) => {
        if (payload.reason === '0') await release.promise
        handled.push(payload.reason)
      },
      'lesson.published': ({ payload }) => void handled.push(payload.title)
    }
  })
  const student = randomUUID()
  const badges = Array.from({ length: 8 }, (_, n) => badge(student, String(n), { aggregateId: student }))
  await term.publish(...badges)
  await eventually(() => group.stats().running === 1 && group.stats().queued === 7, { what: 'one runs, seven wait' })
  group.pause({ topic })
  expect(group.stats()).toMatchObject({ paused: 1, queued: 0 })
  release.resolve()
  await term.publish(lesson('Fractions'))
  await eventually(() => handled.length === 2, { what: 'what ran has ended, and the lesson is handled' })
  expect(handled).toEqual(['0', 'Fractions'])
  const committed = async () => (await school.admin.groupOffsets(`${term.topicPrefix}pausing`)).get(topic)?.get(0) === 1
  await eventually(committed, { what: 'what ran is committed' })
  group.resume({ topic })
  await group.whenCaughtUp()
  expect(handled).toEqual(['0', 'Fractions', '1', '2', '3', '4', '5', '6', '7'])
  expect(group.stats()).toMatchObject({ paused: 0, handled: 9, assignments: 1 })
})

test('a message that is tried again begins no attempt while its partition is paused', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  let away = true
  let calls = 0
  const group = await term.group({
    group: 'resting',
    handlers: {
      'badge.awarded': () => {
        calls += 1
        if (away) throw new RetryLater('the mail server is away')
      }
    }
  })
  await term.publish(badge(randomUUID()), badge(randomUUID()))
  await eventually(() => group.stats().retried > 3, { what: 'both are tried again' })
  group.pause()
  await eventually(() => group.stats().running === 0, { what: 'nothing runs' })
  const before = calls
  away = false
  group.resume()
  await group.whenCaughtUp()
  expect(calls).toBe(before + 2)
  expect(group.stats()).toMatchObject({ handled: 2, deadLettered: 0 })
})

test('a pause holds through a rebalance, for this member alone', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 4)
  const handled: string[] = []
  const handlers = { 'badge.awarded': ({ id }: { id: string }) => void handled.push(id) }
  const first = await term.group({ group: 'halves', handlers })
  await eventually(() => first.stats().partitions === 10, { what: 'it has all partitions' })
  first.pause()
  const second = await term.group({ group: 'halves', handlers })
  await eventually(() => first.stats().partitions === 5 && second.stats().partitions === 5, { what: 'a fair share' })
  expect(first.stats().paused).toBe(5)
  const ids = await term.publish(...Array.from({ length: 40 }, () => badge(randomUUID())))
  await second.drain()
  await eventually(() => first.stats().partitions === 10, { what: 'it has all partitions again' })
  expect(first.stats()).toMatchObject({ paused: 10, handled: 0 })
  expect(handled.length).toBeLessThan(40)
  first.resume()
  await first.whenCaughtUp()
  expect(handled.toSorted()).toEqual(ids.toSorted())
})

test('wrong scopes are refused', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const group = await term.group({ group: 'wrong', handlers: { 'badge.awarded': () => undefined } })
  expect(() => group.pause({ topic: 'badge.awarded' })).toThrow(/one that the group reads/)
  expect(() => group.pause({ partition: 1 })).toThrow(/topic/)
  expect(() => group.resume({ topik: 'x' } as never)).toThrow(/topik/)
})
