import { expect, test } from 'vitest'
import { controlTopics } from '../../../../control/index.ts'
import { runCli } from '../../../support/processes/cli.ts'
import { eventually } from '../../../support/stack.ts'
import { badge, quiz, testSchool } from '../../consumers/school.ts'

const school = await testSchool()

test('what a group has stopped by itself and what runs is shown, and a resume lets it read again what it has stopped', {
  timeout: 180_000
}, async () => {
  const term = school.enrol()
  const [badges, quizzes] = [`${term.topicPrefix}badge.awarded`, `${term.topicPrefix}quiz.submitted`]
  await term.offer('badge.awarded', 1)
  await term.offer('quiz.submitted', 1)
  await school.admin.createTopics(controlTopics(term.topicPrefix, 1))
  const env = { ...school.env, TOPIC_PREFIX: term.topicPrefix }
  expect((await runCli(['migrate'], env)).code).toBe(0)
  const show = () => runCli(['groups', 'show', '--group', 'stuck', '--over', '100'], env)
  const ended = Promise.withResolvers<void>()
  let broken = true
  const handled: string[] = []
  let attempts = 0
  const group = await term.group({
    group: 'stuck',
    retry: { attempts: 3, initialMs: 5, maxMs: 10 },
    breaker: { window: 10, probeAfterMs: 600_000 },
    handlers: {
      'badge.awarded': ({ payload }) => {
        attempts += 1
        if (broken) throw new TypeError('the mail server is away')
        handled.push(payload.reason)
      },
      'quiz.submitted': () => ended.promise
    }
  })
  await term.publish(quiz(crypto.randomUUID()))
  for (let n = 0; n < 30; n += 1) await term.publish(badge(crypto.randomUUID(), String(n)))
  await eventually(() => group.stats().stoppedTopics === 1 && group.stats().running === 1, {
    what: 'the topic is stopped'
  })
  const { deadLettered } = group.stats()
  // Attempts that are followed by another do not count: with them it would have stopped after two events.
  expect(deadLettered).toBeGreaterThanOrEqual(6)
  expect(attempts).toBeGreaterThanOrEqual(3 * deadLettered)

  const looked = await eventually(
    async () => {
      const { stdout } = await show()
      return stdout.includes('running: ') && stdout.includes('stopped: ') && stdout
    },
    { what: 'it has reported', timeoutMs: 60_000 }
  )
  expect(looked).toMatch(new RegExp(`^stopped: ${badges} on \\S+: \\d+ of its latest \\d+ messages`, 'm'))
  expect(looked).toMatch(new RegExp(`^${badges}/0 .* stopped$`, 'm'))
  expect(looked).not.toMatch(new RegExp(`^${quizzes}/0 .* stopped$`, 'm'))
  expect(looked).toMatch(new RegExp(`^running: ${quizzes}/0@0 for .* on \\S+:${process.pid}$`, 'm'))

  broken = false
  const resumed = await runCli(
    ['groups', 'resume', '--group', 'stuck', '--topic', 'badge.awarded', '--reason', 'it is back', '--wait', '60000'],
    env
  )
  expect(resumed).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`and ${badges}, which members had stopped; carried out by 1 of 1`)
  })
  await eventually(() => handled.length + deadLettered === 30, { what: 'the rest is handled' })
  expect(group.stats().stoppedTopics).toBe(0)
  ended.resolve()
  await group.whenCaughtUp()
  // It has reported at once, and stops nothing that an earlier order was about.
  expect((await show()).stdout).not.toContain('stopped: ')
})
