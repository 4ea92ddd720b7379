import { expect, test } from 'vitest'
import { controlTopicOf, reportsTopicOf } from '../../../../control/index.ts'
import { runCli } from '../../../support/processes/cli.ts'
import { eventually } from '../../../support/stack.ts'
import { quiz, testSchool } from '../../consumers/school.ts'

const school = await testSchool()
const to = (group: string) => ['--group', group, '--reason', 'mail server']

test('a group is paused, shown and listed by commands, which make the topics of orders where they are missing', {
  timeout: 180_000
}, async () => {
  const term = school.enrol()
  await term.offer('quiz.submitted', 2)
  const env = { ...school.env, TOPIC_PREFIX: term.topicPrefix }
  const run = (...args: string[]) => runCli(['groups', ...args], env)
  const group = await term.group({
    group: 'readers',
    version: '4.5.6',
    handlers: { 'quiz.submitted': () => undefined }
  })
  await term.publish(...[1, 2, 3].map(score => quiz(crypto.randomUUID(), score)))
  await group.whenCaughtUp()

  const unrecorded = await run('pause', ...to('readers'))
  expect(unrecorded.code).not.toBe(0)
  expect((await school.admin.topics()).has(controlTopicOf(term.topicPrefix))).toBe(false)
  expect((await runCli(['migrate'], env)).code).toBe(0)

  expect((await run('list')).stdout).toMatch(new RegExp(`${term.topicPrefix}readers +group +Stable +1 +0 +0`))
  // The member looks for the topic now and then: it has not heard of the order yet.
  const first = await run(
    'pause',
    ...to('readers'),
    '--topic',
    'quiz.submitted',
    '--partition',
    '0',
    '--wait',
    '0',
    '--json'
  )
  expect(JSON.parse(first.stdout)).toMatchObject({
    members: 1,
    pauses: [{ scope: { partition: 0 }, reason: 'mail server' }]
  })
  const topics = await school.admin.topics()
  for (const name of [controlTopicOf(term.topicPrefix), reportsTopicOf(term.topicPrefix)])
    expect(topics.get(name)).toBe(1)

  const shown = await run('show', '--group', 'readers', '--over', '100')
  expect(shown.stdout).toMatch(/readers: Stable, 1 member; nothing waits; handled 0\.0\/s, published 0\.0\/s/)
  expect(shown.stdout).toMatch(/quiz\.submitted\/0 .*paused/)
  expect(shown.stdout).toMatch(/ 4\.5\.6 /)
  expect((await run('list')).stdout).toContain('quiz.submitted/0')
  const nothing = await run('resume', ...to('readers'), '--topic', 'quiz.submitted', '--partition', '1', '--wait', '0')
  expect(nothing.stdout).toContain('nothing within')

  expect((await run('rewind', '--group', 'readers', '--to', 'earliest')).stderr).toContain('required without --dry-run')
  const dry = await run('rewind', '--group', 'readers', '--to', 'earliest', '--dry-run', '--json')
  const { plan } = JSON.parse(dry.stdout) as { plan: { again: number }[] }
  expect(plan.reduce((sum, { again }) => sum + again, 0)).toBe(3)
  expect((await run('rewind', ...to('readers'), '--to', '5')).stderr).toContain(
    'An offset is one of a single partition'
  )
  expect((await run('pause', ...to('readers'), '--topic', 'other')).stderr).toContain('reads no topic other')
  expect(await run('pause', ...to('nobody'))).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Kafka has no group')
  })
  expect((await run('rewind', ...to('readers'), '--to', '2026-01-01')).code).toBe(2)
})

test('a group of another program is shown without orders, with the command that moves it', async () => {
  const term = school.enrol()
  await term.offer('quiz.submitted', 1)
  const env = { ...school.env, TOPIC_PREFIX: term.topicPrefix }
  const consumer = school.client.kafka.consumer({ groupId: `${term.topicPrefix}foreign` })
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: [`${term.topicPrefix}quiz.submitted`] })
    await consumer.run({ eachMessage: async () => undefined })
    await eventually(async () => (await school.admin.groupMembers(`${term.topicPrefix}foreign`)) === 1, {
      what: 'it has joined'
    })
    const shown = await runCli(['groups', 'show', '--group', 'foreign', '--over', '100'], env)
    expect(shown.stderr).toContain(`kafka-consumer-groups.sh --bootstrap-server ${school.brokers.join()} --describe`)
    expect((await runCli(['groups', 'pause', ...to('foreign')], env)).stderr).toContain(
      'No member of eventtrail is in group'
    )
  } finally {
    await consumer.disconnect()
  }
})
