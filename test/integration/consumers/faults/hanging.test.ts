import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { createLogger } from '../../../../cli/log.ts'
import { RetryLater } from '../../../../consumers/index.ts'
import { eventually } from '../../../support/stack.ts'
import { badge, testSchool } from '../school.ts'

const school = await testSchool()

function ears() {
  const lines: Record<string, unknown>[] = []
  const log = createLogger({ level: 'info', destination: { write: line => lines.push(JSON.parse(line)) } })
  return { log, said: (start: string) => lines.filter(({ msg }) => String(msg).startsWith(start)) }
}

test('a handler that hangs is reported, other aggregates are handled, and the member keeps its partitions', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const topic = `${term.topicPrefix}badge.awarded`
  const release = Promise.withResolvers<void>()
  const handled: string[] = []
  const { log, said } = ears()
  const group = await term.group({
    group: 'hanging',
    log,
    sessionTimeoutMs: 1_000,
    hangAfterMs: 1_500,
    concurrency: 2,
    handlers: {
      'badge.awarded': async ({ payload }) => {
        if (payload.reason === 'hangs') await release.promise
        handled.push(payload.reason)
      }
    }
  })
  const student = randomUUID()
  await term.publish(
    badge(student, 'hangs', { aggregateId: student }),
    badge(student, 'waits', { aggregateId: student }),
    badge(randomUUID(), 'another')
  )
  await eventually(() => group.stats().hanging === 1, { what: 'it is reported' })
  await term.publish(badge(randomUUID(), 'later'))
  await eventually(() => handled.length === 2, { what: 'the other aggregates are handled' })
  expect(handled).toEqual(['another', 'later'])
  // The log has it at the next look.
  await eventually(() => said('a handler has been running for long').length === 1, { what: 'the log has it' })
  const [line] = said('a handler has been running for long')
  expect(line).toMatchObject({ level: 50, topic, partition: 0, offset: 0, eventName: 'badge.awarded' })
  expect(JSON.stringify(line)).not.toContain(student)
  expect(group.health().notReady.join()).toMatch(/a handler has been running for \d+ s: \S+badge\.awarded\/0@0$/)
  release.resolve()
  await group.whenCaughtUp()
  expect(handled).toEqual(['another', 'later', 'hangs', 'waits'])
  await eventually(() => said('a handler that had been running').length === 1, { what: 'the log has its end' })
  expect(group.stats()).toMatchObject({ hanging: 0, assignments: 1 })
  expect(group.health().notReady).toEqual([])
})

test('a handler that ignores its timeout hangs, and a slot of its own is not needed to see that', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const release = Promise.withResolvers<void>()
  const { log, said } = ears()
  const group = await term.group({
    group: 'deaf',
    log,
    timeoutMs: 200,
    hangAfterMs: 1_000,
    concurrency: 1,
    handlers: { 'badge.awarded': ({ payload }) => (payload.reason === 'hangs' ? release.promise : undefined) }
  })
  await term.publish(badge(randomUUID(), 'hangs'), badge(randomUUID(), 'another'))
  await eventually(() => said('a handler has been running for long').length === 1, { what: 'the log has it' })
  expect(group.stats()).toMatchObject({ hanging: 1, handled: 1 })
  release.resolve()
  await eventually(() => group.stats().hanging === 0, { what: 'it has ended' })
})

test('a message that waits for its next attempt does not hang', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const since = performance.now()
  const { log, said } = ears()
  const group = await term.group({
    group: 'waiting',
    log,
    hangAfterMs: 400,
    handlers: {
      'badge.awarded': () => {
        if (performance.now() - since < 3_000) throw new RetryLater('the mail server is away')
      }
    }
  })
  await term.publish(badge(randomUUID()))
  await group.whenCaughtUp()
  expect(said('a handler has been running for long')).toEqual([])
})
