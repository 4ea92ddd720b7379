import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { eventually } from '../../../support/stack.ts'
import { badge, testSchool } from '../school.ts'

const school = await testSchool()

test('a seek goes back and forth while the group runs, to offsets and times, and holds for the next member', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const topic = `${term.topicPrefix}badge.awarded`
  const handled: string[] = []
  const handlers = {
    'badge.awarded': ({ payload }: { payload: { reason: string } }) => void handled.push(payload.reason)
  }
  const group = await term.group({ group: 'seeking', handlers })
  const named = (...numbers: number[]) => numbers.map(String)
  await term.publish(...named(0, 1, 2, 3, 4).map(reason => badge(randomUUID(), reason)))
  await group.whenCaughtUp()
  await group.seek({ topic, partition: 0, offset: 3 })
  await eventually(() => handled.length === 7, { what: 'the last two are handled again' })
  expect(handled.toSorted()).toEqual(named(0, 1, 2, 3, 3, 4, 4))
  const since = new Date()
  await term.publish(...named(5, 6).map(reason => badge(randomUUID(), reason)))
  await group.whenCaughtUp()
  await group.seek({ topic, partition: 0, offset: since })
  await eventually(() => handled.length === 11, { what: 'what is as new as the date is handled again' })
  expect(handled.slice(7).toSorted()).toEqual(named(5, 5, 6, 6))
  // Past the end means the end.
  await group.seek({ topic, partition: 0, offset: 1_000 })
  await term.publish(badge(randomUUID(), '7'))
  await group.whenCaughtUp()
  expect(handled.slice(11)).toEqual(['7'])
  group.pause()
  await group.seek({ topic, partition: 0, offset: 6 })
  await group.drain()
  const next = await term.group({ group: 'seeking', handlers })
  await next.whenCaughtUp()
  expect(handled.slice(12).toSorted()).toEqual(named(6, 7))
})

test('what runs during a seek ends, and counts no more', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const topic = `${term.topicPrefix}badge.awarded`
  const release = Promise.withResolvers<void>()
  const handled: string[] = []
  const group = await term.group({
    group: 'overlapping',
    handlers: {
      'badge.awarded': async ({ payload }) => {
        if (payload.reason === '1' && !handled.includes('1')) {
          handled.push('1')
          await release.promise
        } else handled.push(payload.reason)
      }
    }
  })
  const student = randomUUID()
  await term.publish(...['0', '1', '2', '3'].map(reason => badge(student, reason, { aggregateId: student })))
  await eventually(() => handled.includes('1'), { what: 'the second one runs' })
  await group.seek({ topic, partition: 0, offset: 3 })
  release.resolve()
  await group.whenCaughtUp()
  // In the lane of its aggregate the one that ran came first.
  expect(handled).toEqual(['0', '1', '3'])
})

test('only the member that reads a partition seeks in it', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const topic = `${term.topicPrefix}badge.awarded`
  const group = await term.group({ group: 'elsewhere', handlers: { 'badge.awarded': () => undefined } })
  await group.whenCaughtUp()
  await expect(group.seek({ topic, partition: 7, offset: 0 })).rejects.toMatchObject({ code: 'NOT_ASSIGNED' })
  await expect(group.seek({ topic: 'other', partition: 0, offset: 0 })).rejects.toMatchObject({ option: 'topic' })
  await expect(group.seek({ topic, partition: 0, offset: -1 })).rejects.toMatchObject({ option: 'offset' })
  await group.drain()
  await expect(group.seek({ topic, partition: 0, offset: 0 })).rejects.toMatchObject({ code: 'CLOSED' })
})
