import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { StartFrom } from '../../../../consumers/index.ts'
import { eventually } from '../../../support/stack.ts'
import { badge, lesson, testSchool } from '../school.ts'

const school = await testSchool()

type Term = ReturnType<typeof school.enrol>

/** A member that notes the reasons of badges and the titles of lessons. */
async function member(term: Term, name: string, startFrom: StartFrom) {
  const handled: string[] = []
  const group = await term.group({
    group: name,
    startFrom,
    handlers: {
      'badge.awarded': ({ payload }) => void handled.push(payload.reason),
      'lesson.published': ({ payload }) => void handled.push(payload.title)
    }
  })
  return { group, handled }
}

const badges = (...reasons: string[]) => reasons.map(reason => badge(randomUUID(), reason))
const offsetsOf = async (term: Term, name: string) =>
  (await school.admin.groupOffsets(term.topicPrefix + name)).get(`${term.topicPrefix}badge.awarded`)
const isPlaced = (term: Term, name: string, partitions: number) =>
  eventually(async () => (await offsetsOf(term, name))?.size === partitions, { what: 'its positions are committed' })

test('latest: what comes from the first join on, also when the member dies before it has handled anything', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 3)
  await term.publish(...badges('old', 'older'))
  const first = await member(term, 'latest', 'latest')
  await isPlaced(term, 'latest', 3)
  await first.group.close()
  await term.publish(...badges('while no member ran'))
  const second = await member(term, 'latest', 'latest')
  await term.publish(...badges('new'))
  await second.group.whenCaughtUp()
  expect([...first.handled, ...second.handled].toSorted()).toEqual(['new', 'while no member ran'])
})

test('latest: several members that join at once agree on where the group begins', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 4)
  await term.publish(...badges(...Array.from({ length: 8 }, (_, n) => `old ${n}`)))
  const members = await Promise.all(Array.from({ length: 3 }, () => member(term, 'many', 'latest')))
  await isPlaced(term, 'many', 4)
  const wanted = Array.from({ length: 20 }, (_, n) => `new ${n}`)
  await term.publish(...badges(...wanted))
  await members[0]?.group.whenCaughtUp()
  expect(members.flatMap(({ handled }) => handled).toSorted()).toEqual(wanted.toSorted())
})

test('a date: what is as new as that', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  await term.publish(...badges('old'))
  // Kafka may acknowledge a record in the millisecond of its timestamp.
  const acknowledgedAt = Date.now()
  await eventually(() => Date.now() > acknowledgedAt, { what: 'the next millisecond' })
  const since = new Date()
  await term.publish(...badges('new', 'newer'))
  const { group, handled } = await member(term, 'dated', since)
  await group.whenCaughtUp()
  expect(handled.toSorted()).toEqual(['new', 'newer'])
})

test('offsets: where they are given, and all of the other partitions', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  await term.offer('lesson.published', 1)
  await term.publish(...badges('0', '1', '2'), lesson('Fractions'))
  const { group, handled } = await member(term, 'given', { [`${term.topicPrefix}badge.awarded`]: { 0: 2 } })
  await group.whenCaughtUp()
  expect(handled.toSorted()).toEqual(['2', 'Fractions'])
})

test('a committed offset is never moved by it', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const first = await member(term, 'begun', 'earliest')
  await term.publish(...badges('0', '1'))
  await first.group.whenCaughtUp()
  await first.group.drain()
  await term.publish(...badges('2', '3'))
  for (const startFrom of ['latest', { [`${term.topicPrefix}badge.awarded`]: { 0: 0 } }, new Date()] as const) {
    const next = await member(term, 'begun', startFrom)
    await next.group.whenCaughtUp()
    await next.group.drain()
    first.handled.push(...next.handled)
  }
  expect(first.handled.toSorted()).toEqual(['0', '1', '2', '3'])
})

test('topics and partitions that come later are read from their start', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const { group, handled } = await member(term, 'growing', 'latest')
  await isPlaced(term, 'growing', 1)
  await term.offer('lesson.published', 1)
  await term.publish(lesson('First'))
  await school.admin.addPartitions(`${term.topicPrefix}badge.awarded`, 4)
  const wanted = Array.from({ length: 12 }, (_, n) => `badge ${n}`)
  // A broker names itself the leader of a new partition before it acts as one.
  for (const each of badges(...wanted)) await eventually(() => term.publish(each), { what: 'its partition takes it' })
  await eventually(() => handled.length === 13, { what: 'all of it is handled' })
  expect(handled.toSorted()).toEqual(['First', ...wanted].toSorted())
  await group.whenCaughtUp()
})

test('a topic that appears after the members of a new group have started is read from its start', async () => {
  const term = school.enrol()
  const { group, handled } = await member(term, 'early', 'latest')
  await eventually(() => group.health().notReady.some(reason => reason.includes('none of its topics')), {
    what: 'it has seen that there is no topic'
  })
  await term.offer('badge.awarded', 1)
  await term.publish(...badges('first'))
  await eventually(() => handled.length === 1, { what: 'the first event is handled' })
  expect(handled).toEqual(['first'])
})
