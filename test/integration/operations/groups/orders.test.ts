import { expect, test } from 'vitest'
import { runCli } from '../../../support/processes/cli.ts'
import { eventually } from '../../../support/stack.ts'
import { testSchool } from '../../consumers/school.ts'
import { operated } from './members.ts'

const school = await testSchool()
expect((await runCli(['migrate'], school.env)).code).toBe(0)

const to = (group: string, reason: string) => ['--group', group, '--reason', reason]

test('a pause of three members, of which one is killed and one joins, is carried out by all and kept when all start again', {
  timeout: 180_000
}, async () => {
  const { start, run, publish, members, isCaughtUp } = await operated(school)
  const all = await Promise.all([start(), start(), start()])
  await members(3)
  await publish(0, 6)
  await eventually(isCaughtUp, { what: 'what was published is handled' })
  const paused = run('pause', ...to('readers', 'mail server'), '--wait', '60000')
  await all[0]?.kill('SIGKILL')
  const late = await start()
  expect(await paused).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/all topics paused; carried out by (\d) of \1/)
  })
  const running = [all[1], all[2], late]
  const before = running.map(each => each?.handled.length)
  await publish(6, 30)
  // While one member is gone and the other has not joined yet, two are all.
  await members(3)
  const shown = await eventually(
    async () => {
      const looked = await run('show', '--group', 'readers', '--over', '300')
      return /paused: all topics by \S+@\S+ at \S+Z: mail server; carried out by 3 of 3/.test(looked.stdout) && looked
    },
    { what: 'all three have carried it out', timeoutMs: 60_000 }
  )
  expect(shown.stdout).toMatch(/quiz\.submitted\/0 .* paused/)
  expect(running.map(each => each?.handled.length)).toEqual(before)
  await Promise.all(running.map(each => each?.kill('SIGTERM')))
  await members(0)
  const again = [await start(), await start()]
  await members(2)
  const looked = await run('show', '--group', 'readers', '--json', '--over', '300')
  expect(JSON.parse(looked.stdout)).toMatchObject({ appliedBy: 2, pauses: [{ reason: 'mail server' }] })
  expect(again.flatMap(({ handled }) => handled)).toEqual([])
  expect(await run('resume', ...to('readers', 'it is back'), '--wait', '60000')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('carried out by 2 of 2')
  })
  await eventually(isCaughtUp, { what: 'the rest is handled' })
  const handled = [...all, late, ...again].flatMap(each => each.handled)
  expect(handled.toSorted((one, other) => one - other)).toEqual(Array.from({ length: 30 }, (_, score) => score))
})

test.each(['before', 'after'] as const)('a rewind whose partition loses its owner %s the commit is done once', {
  timeout: 180_000
}, async die => {
  const { start, run, publish, isCaughtUp, members, groupId, topic } = await operated(school, { partitions: 1 })
  const first = await start(die)
  await publish(0, 20)
  await eventually(isCaughtUp, { what: 'all is handled' })
  const ordered = run('rewind', ...to('readers', 'handler fixed'), '--to', '12', '--wait', '60000', '--json')
  await first.ended
  const second = await start()
  const { code, stdout } = await ordered
  expect([code, JSON.parse(stdout)]).toMatchObject([
    0,
    { plan: [{ from: 20, to: 12, again: 8, skipped: 0 }], waiting: [] }
  ])
  await eventually(() => second.handled.length >= 8, { what: 'they come again' })
  await eventually(isCaughtUp, { what: 'all is committed' })
  expect(second.handled).toEqual([12, 13, 14, 15, 16, 17, 18, 19])
  const note = (await school.admin.groupCommits(groupId)).get(topic)?.get(0)?.metadata
  expect(note).toMatch(/^rewind:\d+-[0-9a-f]{8}$/)
  await second.kill('SIGTERM')
  await members(0)
  const third = await start()
  await publish(20, 21)
  await eventually(() => third.handled.length > 0, { what: 'the new event is handled' })
  expect(third.handled).toEqual([20])
  const looked = await run('show', '--group', 'readers', '--json', '--over', '100')
  expect(JSON.parse(looked.stdout)).toMatchObject({ rewinds: [] })
})

test('a group takes orders while Kafka waits for one of its members', { timeout: 120_000 }, async () => {
  const { start, run, members, groupId } = await operated(school, { sessionMs: 30_000 })
  const first = await start()
  await members(1)
  first.child.kill('SIGSTOP')
  const second = start()
  // Of such a group Kafka does not say whose members it has.
  await eventually(async () => (await school.admin.describeGroup(groupId)).state === 'PreparingRebalance', {
    what: 'Kafka waits for the first'
  })
  const ordered = await run('pause', ...to('readers', 'it joins again and again'), '--wait', '0')
  expect(ordered).toMatchObject({ code: 1, stdout: expect.stringContaining('all topics paused') })
  first.child.kill('SIGCONT')
  await second
  await eventually(async () => (await run('show', '--group', 'readers', '--over', '100')).stdout.includes('2 of 2'), {
    what: 'both have carried it out',
    timeoutMs: 60_000
  })
})
