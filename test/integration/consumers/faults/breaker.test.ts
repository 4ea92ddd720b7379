import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { RejectMessage } from '../../../../consumers/index.ts'
import { eventually } from '../../../support/stack.ts'
import { badge, lesson, testSchool } from '../school.ts'

const school = await testSchool()

test('case 25: of 10,500 records that cannot be read at most a window become dead letters, and other topics are read', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  await term.offer('lesson.published', 1)
  const topic = `${term.topicPrefix}badge.awarded`
  const sender = await school.client.connectSender()
  const records = Array.from({ length: 10_500 }, () => ({ key: null, value: Buffer.from('garbage'), headers: [] }))
  const [result] = await sender.send([{ topic, partition: 0, records }])
  await sender.close()
  expect(result).not.toHaveProperty('error')
  const titles: string[] = []
  const group = await term.group({
    group: 'garbage',
    breaker: { probeAfterMs: 60_000 },
    handlers: {
      'badge.awarded': () => undefined,
      'lesson.published': ({ payload }) => void titles.push(payload.title)
    }
  })
  await eventually(() => group.stats().stoppedTopics === 1, { what: 'the topic is stopped' })
  await term.publish(lesson('Fractions'))
  await eventually(() => titles.length === 1, { what: 'the other topic is read' })
  await eventually(() => group.stats().running === 0, { what: 'what had begun has ended' })
  const { deadLettered, queued } = group.stats()
  expect(queued).toBe(0)
  expect(deadLettered).toBeGreaterThan(100)
  expect(deadLettered).toBeLessThanOrEqual(200)
  expect(group.health().notReady.join()).toContain(`topic ${topic} is stopped: `)
  // Each dead letter is committed, and nothing else.
  const committed = async () =>
    (await school.admin.groupOffsets(`${term.topicPrefix}garbage`)).get(topic)?.get(0) === deadLettered
  await eventually(committed, { what: 'the position is after the last dead letter' })
  group.resume({ topic })
  await eventually(() => group.stats().deadLettered > deadLettered + 100, { what: 'it is read, and is stopped again' })
  await eventually(() => group.stats().stoppedTopics === 1, { what: 'the topic is stopped' })
  expect(group.stats().deadLettered).toBeLessThanOrEqual(deadLettered + 200)
})

test('single messages are tried after a while, and enough that are handled open the topic again', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 2)
  const events = Array.from({ length: 60 }, (_, n) => badge(randomUUID(), String(n)))
  let broken = true
  let isProbing = false
  let running = 0
  let mostAtOnce = 0
  const handled: string[] = []
  const group = await term.group({
    group: 'recovering',
    breaker: { window: 10, probeAfterMs: 300, probes: 4 },
    handlers: {
      'badge.awarded': async ({ payload }) => {
        running += 1
        if (isProbing && group.stats().stoppedTopics === 1) mostAtOnce = Math.max(mostAtOnce, running)
        try {
          if (broken) throw new RejectMessage('no use')
          await new Promise(resolve => setTimeout(resolve, 5))
          handled.push(payload.reason)
        } finally {
          running -= 1
        }
      }
    }
  })
  await eventually(() => group.stats().assignments === 1, { what: 'it has joined' })
  await term.publish(...events)
  await eventually(() => group.stats().stoppedTopics === 1 && running === 0, { what: 'the topic is stopped' })
  const before = group.stats().deadLettered
  expect(before).toBeLessThanOrEqual(10 + 16)
  isProbing = true
  await eventually(() => group.stats().deadLettered > before, { what: 'one is tried, and fails' })
  broken = false
  await group.whenCaughtUp()
  expect(mostAtOnce).toBe(1)
  expect(handled.length + group.stats().deadLettered).toBe(60)
  expect(group.stats()).toMatchObject({ stoppedTopics: 0, handled: handled.length })
  expect(new Set(handled).size).toBe(handled.length)
})

test('without a breaker everything that fails becomes a dead letter', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const group = await term.group({
    group: 'unbroken',
    breaker: false,
    handlers: {
      'badge.awarded': () => {
        throw new RejectMessage('no use')
      }
    }
  })
  for (let n = 0; n < 300; n += 1) await term.send('badge.awarded', { key: null, value: null })
  await group.whenCaughtUp()
  expect(group.stats()).toMatchObject({ deadLettered: 300, stoppedTopics: 0 })
})
