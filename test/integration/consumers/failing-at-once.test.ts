import { randomUUID } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { deadLetterHeaders } from '../../../consumers/index.ts'
import { createProducer } from '../../../producers/index.ts'
import { catalogue, type Events } from '../../../schemas/catalogue/index.ts'
import { testSchool } from './school.ts'

const school = await testSchool()
const events = 5_000

test('a handler that throws at once on a backlog has few messages begun, and a dead letter for each', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded')
  const { connection } = school
  const producer = createProducer<Events>({ connection, catalogue, topicPrefix: term.topicPrefix })
  onTestFinished(() => producer.close())
  const ids = Array.from({ length: events }, () => randomUUID())
  await producer.publishAll(
    ids.map(id => ({
      eventName: 'badge.awarded' as const,
      aggregateId: randomUUID(),
      payload: { badge_id: id, awarded_to: randomUUID(), reason: 'Ten quizzes' }
    }))
  )
  let most = 0
  const group = await term.group({
    group: 'broken',
    breaker: false,
    retry: { attempts: 2, initialMs: 50 },
    handlers: {
      'badge.awarded': () => {
        most = Math.max(most, group.stats().running)
        throw new SyntaxError('Unexpected token')
      }
    }
  })
  await group.whenCaughtUp({ timeoutMs: 60_000 })
  expect(most).toBeGreaterThan(16)
  expect(most).toBeLessThanOrEqual(1_016)
  expect(group.stats()).toMatchObject({ handled: 0, deadLettered: events, retried: events, assignments: 1 })
  const letters = await school.read(group.deadLetterTopic, events)
  const places = letters.map(
    ({ headers }) => `${headers[deadLetterHeaders.partition]}/${headers[deadLetterHeaders.offset]}`
  )
  expect(places).toHaveLength(events)
  expect(new Set(places).size).toBe(events)
})
