import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { eventually } from '../../../support/stack.ts'
import { testTrail } from '../../../support/trail.ts'
import { failingGroup } from './failing-group.ts'
import { killAndContinue } from './killed-redrive.ts'

const trail = await testTrail({ partitions: 2 })
await trail.offer('quiz.submitted')
const other = await testTrail({ partitions: 2 })
await other.offer('quiz.submitted')

const numbers = (to: number) => Array.from({ length: to }, (_, number) => number)

test('what was parked after the plan was made follows in another round, and the aggregate is released', async () => {
  const { fails, done, start, publish, run, json } = await failingGroup(trail, 'rounds')
  const [broken, fine] = [randomUUID(), randomUUID()]
  fails.add(`${broken} 1`)
  const member = await start()
  await publish([broken, fine], 0, 4)
  await member.whenCaughtUp()
  const { plan } = await json('redrive', '--all', '--dry-run')
  await publish([broken, fine], 4, 7)
  await member.whenCaughtUp()
  expect(done.get(broken)).toEqual([0])
  expect((await run('list')).stderr).toContain('letters: open 6')
  fails.clear()
  const redriven = await json('redrive', '--plan', String(plan), '--reason', 'fixed')
  expect(redriven).toMatchObject({ sent: 6, handled: 6, rounds: 2, released: 1, stillParked: 0, parked: [] })
  await publish([broken, fine], 7, 9)
  await member.whenCaughtUp()
  expect(done.get(broken)).toEqual(numbers(9))
  expect(done.get(fine)).toEqual(numbers(9))
  const [recorded] = await trail.rows("SELECT result FROM operator_log WHERE operation = 'dead-letters redrive'")
  expect(recorded?.result).toMatchObject({ rounds: 2, released: 1, stillParked: 0 })
})

test('a redrive says which aggregates stay parked, and why', async () => {
  const { fails, done, start, publish, run, json } = await failingGroup(trail, 'stubborn')
  const [one, two] = [randomUUID(), randomUUID()]
  for (const failing of [`${one} 1`, `${two} 1`, `${two} 3`]) fails.add(failing)
  const member = await start()
  await publish([one, two], 0, 5)
  await member.whenCaughtUp()
  fails.delete(`${two} 1`)
  fails.delete(`${one} 1`)
  const first = await run('redrive', '--all', '--reason', 'fixed')
  expect(first.code).toBe(1)
  expect(first.stdout).toContain('8 sent, 6 handled, 2 dead again, 0 waiting')
  expect(first.stdout).toContain('parked aggregates: 1 released, 1 parked still')
  expect(first.stdout).toMatch(
    /^ {2}[0-9a-f]{32} in \S+quiz\.submitted\/\d: one of its letters failed again; 2 letters open, the first at offset \d+$/m
  )
  expect(first.stdout + first.stderr).not.toContain(two)
  expect([done.get(one), done.get(two)]).toEqual([numbers(5), numbers(3)])
  const again = await json('redrive', '--all', '--reason', 'not fixed')
  const [still] = again.parked
  expect(again).toMatchObject({ sent: 2, deadAgain: 2, rounds: 1, released: 0, stillParked: 1 })
  expect(still).toMatchObject({ why: 'failed again', openLetters: 2, topic: `${trail.topicPrefix}quiz.submitted` })
  expect(await json('show', String(still.firstLetter))).toMatchObject({ code: 'TypeError', state: 'open' })
  fails.clear()
  expect(await json('redrive', '--all', '--reason', 'fixed')).toMatchObject({ handled: 2, released: 1, stillParked: 0 })
  expect(done.get(two)).toEqual(numbers(5))
})

test('letters of an aggregate that has others on their way are left out of a plan', async () => {
  const { fails, done, start, publish, json, topics } = await failingGroup(trail, 'underway')
  const aggregate = randomUUID()
  fails.add(`${aggregate} 1`)
  const member = await start()
  await publish([aggregate], 0, 3)
  await member.whenCaughtUp()
  member.pause({ topic: topics.redrive })
  fails.clear()
  expect(await json('redrive', '--all', '--reason', 'fixed', '--no-wait')).toMatchObject({ sent: 2, released: null })
  await publish([aggregate], 3, 4)
  await eventually(async () => (await json('redrive', '--all', '--dry-run')).leftOut.underway === 1, {
    what: 'the letter that was parked since is left out'
  })
  member.resume({ topic: topics.redrive })
  await member.whenCaughtUp()
  const rest = await json('redrive', '--all', '--reason', 'the rest')
  expect(rest).toMatchObject({ stillParked: 0 })
  expect(done.get(aggregate)).toEqual(numbers(4))
})

test('of two redrives at the same time one is refused, and each letter is handled once', async () => {
  const { fails, done, start, publish, run } = await failingGroup(trail, 'twice')
  const aggregates = numbers(20).map(() => randomUUID())
  for (const aggregate of aggregates) fails.add(`${aggregate} 0`)
  const member = await start()
  await publish(aggregates, 0, 3)
  await member.whenCaughtUp()
  fails.clear()
  const both = await Promise.all([1, 2].map(() => run('redrive', '--all', '--reason', 'fixed', '--rate', '12')))
  expect(both.map(({ code }) => code).toSorted()).toEqual([0, 3])
  expect(both.find(({ code }) => code === 3)?.stderr).toContain('wait until it has ended')
  for (const aggregate of aggregates) expect(done.get(aggregate)).toEqual(numbers(3))
})

test('an aggregate whose letters are gone from their topic is released by a discard', async () => {
  const { fails, done, start, publish, run, json, topics } = await failingGroup(trail, 'gone')
  const aggregate = randomUUID()
  fails.add(`${aggregate} 0`)
  const member = await start()
  await publish([aggregate], 0, 3)
  await member.whenCaughtUp()
  expect((await run('list')).stderr).toContain('open 3')
  const admin = trail.kafka.kafka.admin()
  await admin.connect()
  await admin.fetchTopicOffsets(topics.deadLetters)
  await admin.deleteTopicRecords({ topic: topics.deadLetters, partitions: [{ partition: 0, offset: '3' }] })
  await admin.disconnect()
  expect(await json('redrive', '--all', '--dry-run')).toMatchObject({ letters: 0, leftOut: { gone: 3 } })
  expect(await json('discard', '--all', '--reason', 'too old')).toMatchObject({ discarded: 3, released: 1 })
  await eventually(() => member.stats().parked === 0, { what: 'the aggregate is released' })
  await publish([aggregate], 3, 5)
  await member.whenCaughtUp()
  expect(done.get(aggregate)).toEqual([3, 4])
})

test('letters that were in a redrive topic that is gone are open again, and are redriven once the group has made another', async () => {
  const { fails, done, start, publish, run, json, topics } = await failingGroup(trail, 'lost')
  const aggregate = randomUUID()
  fails.add(`${aggregate} 0`)
  const first = await start()
  await publish([aggregate], 0, 3)
  await first.whenCaughtUp()
  first.pause({ topic: topics.redrive })
  fails.clear()
  expect(await json('redrive', '--all', '--reason', 'fixed', '--no-wait')).toMatchObject({ sent: 3 })
  await first.drain()
  await trail.admin.deleteTopics([topics.redrive])
  await eventually(async () => !(await trail.admin.topics()).has(topics.redrive), { what: 'the topic is gone' })
  const refused = await run('redrive', '--all', '--reason', 'again')
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining(`Kafka has no topic ${topics.redrive}`) })
  const second = await start()
  await publish([aggregate], 3, 5)
  await second.whenCaughtUp()
  expect(await json('redrive', '--all', '--reason', 'again')).toMatchObject({ sent: 5, handled: 5, stillParked: 0 })
  expect(done.get(aggregate)).toEqual(numbers(5))
})

// Case 34. With 5,000 letters it is test/integrity/groups/redrive.test.ts.
test('a redrive that is killed and run again has the group handle each letter once, and is recorded once', async () => {
  await killAndContinue(other, 'killed', { policy: 'park', aggregates: 60, turns: 6 })
}, 120_000)
