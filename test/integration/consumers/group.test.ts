import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { type MessageContext, RejectMessage, RetryLater } from '../../../consumers/index.ts'
import { eventually } from '../../support/stack.ts'
import { badge, lesson, quiz, testSchool } from './school.ts'

const school = await testSchool()

test('every event reaches its handler, and old versions are read as the latest', async () => {
  const term = school.enrol()
  await term.offer('lesson.published')
  await term.offer('badge.awarded')
  const titles: string[] = []
  const reasons: string[] = []
  const contexts: MessageContext[] = []
  const group = await term.group({
    group: 'readers',
    handlers: {
      'lesson.published': ({ payload }, context) => {
        titles.push(payload.title)
        contexts.push(context)
      },
      'badge.awarded': async ({ payload }) => void reasons.push(payload.reason)
    }
  })
  await term.publish(
    lesson('Fractions', { headers: { source: 'lessons' } }),
    lesson(),
    badge(randomUUID(), 'Ten quizzes')
  )
  await group.whenCaughtUp()
  expect(titles.toSorted()).toEqual(['', 'Fractions'])
  expect(reasons).toEqual(['Ten quizzes'])
  expect(contexts.map(({ headers }) => headers)).toContainEqual({ source: 'lessons' })
  expect(contexts[0]).toMatchObject({ topic: `${term.topicPrefix}lesson.published`, attempt: 1 })
  expect(group.stats()).toMatchObject({ handled: 3, deadLettered: 0, running: 0, queued: 0, uncommitted: 0 })
})

test('one aggregate at a time and in order, several aggregates at once', async () => {
  const term = school.enrol()
  await term.offer('quiz.submitted', 2)
  const aggregates = Array.from({ length: 5 }, () => randomUUID())
  const events = Array.from({ length: 60 }, (_, n) =>
    quiz(randomUUID(), n, { aggregateId: aggregates[n % aggregates.length] as string })
  )
  await term.publish(...events)
  const seen = new Map<string, number[]>()
  const running = new Set<string>()
  let most = 0
  const group = await term.group({
    group: 'ordered',
    concurrency: 4,
    handlers: {
      'quiz.submitted': async ({ aggregate_id, payload }) => {
        expect(running.has(aggregate_id)).toBe(false)
        running.add(aggregate_id)
        most = Math.max(most, running.size)
        await new Promise(resolve => setTimeout(resolve, Math.random() * 5))
        seen.set(aggregate_id, [...(seen.get(aggregate_id) ?? []), payload.score_raw])
        running.delete(aggregate_id)
      }
    }
  })
  await group.whenCaughtUp()
  expect(most).toBe(4)
  expect(seen.size).toBe(5)
  for (const [index, aggregate] of aggregates.entries()) {
    expect(seen.get(aggregate)).toEqual(Array.from({ length: 12 }, (_, n) => n * 5 + index))
  }
})

test('case 32: whatever a handler throws is tried again, then dead-lettered, and the group continues', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const thrown: Record<string, unknown> = {
    TypeError: new TypeError('Ada Lovelace'),
    RangeError: new RangeError('Ada Lovelace'),
    string: 'Ada Lovelace',
    undefined: undefined
  }
  const attempts = new Map<string, number>()
  const group = await term.group({
    group: 'throwing',
    handlers: {
      'badge.awarded': ({ payload: { reason } }) => {
        attempts.set(reason, (attempts.get(reason) ?? 0) + 1)
        if (reason in thrown) throw thrown[reason]
      }
    }
  })
  const names = Object.keys(thrown)
  await term.publish(...names.map(reason => badge(randomUUID(), reason)), badge(randomUUID(), 'fine'))
  await group.whenCaughtUp()
  expect(Object.fromEntries(attempts)).toEqual({ TypeError: 3, RangeError: 3, string: 3, undefined: 3, fine: 1 })
  expect(group.stats()).toMatchObject({ handled: 1, retried: 8, deadLettered: 4, assignments: 1 })
  const letters = await school.read(group.deadLetterTopic, 4)
  expect(letters.map(({ headers }) => String(headers['dead-letter-code'])).toSorted()).toEqual(names.toSorted())
  for (const { headers } of letters) {
    expect(String(headers['dead-letter-attempts'])).toBe('3')
    expect(JSON.stringify(headers)).not.toContain('Ada')
  }
})

test('a dead letter is the message byte for byte, and says where it came from', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const group = await term.group({
    group: 'rejecting',
    handlers: {
      'badge.awarded': () => {
        throw new RejectMessage('no use')
      }
    }
  })
  const headers = { traceparent: '00-ab', repeated: ['one', 'two'], raw: Buffer.from([0, 255]) }
  const { id: _, ...record } = await term.encode(badge(randomUUID(), 'Ten quizzes', { headers }))
  await term.send('badge.awarded', record)
  await group.whenCaughtUp()
  const [letter] = await school.read(group.deadLetterTopic, 1)
  expect(letter?.key?.toString()).toBe(record.key)
  expect(letter?.value).toEqual(record.value)
  expect(letter?.headers.raw).toEqual(Buffer.from([0, 255]))
  expect([letter?.headers.repeated].flat().map(String)).toEqual(['one', 'two'])
  expect(String(letter?.headers.traceparent)).toBe('00-ab')
  expect(String(letter?.headers['dead-letter-topic'])).toBe(`${term.topicPrefix}badge.awarded`)
  expect(String(letter?.headers['dead-letter-partition'])).toBe('0')
  expect(String(letter?.headers['dead-letter-offset'])).toBe('0')
  expect(String(letter?.headers['dead-letter-code'])).toBe('REJECTED')
  expect(String(letter?.headers['dead-letter-attempts'])).toBe('1')
})

test('what cannot be read is dead-lettered at once, and the rest is handled', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  await term.offer('lesson.published', 1)
  const seen: string[] = []
  const group = await term.group({
    group: 'garbage',
    handlers: { 'badge.awarded': ({ payload }) => void seen.push(payload.reason) }
  })
  const whole = await term.encode(badge(randomUUID()))
  const foreign = await term.encode(lesson('Fractions'))
  const unknownId = Buffer.from(whole.value as Buffer)
  unknownId.writeUInt32BE(999_999_999, 1)
  for (const value of [
    null,
    Buffer.from([0, 0, 0]),
    Buffer.from('no avro at all'),
    (whole.value as Buffer).subarray(0, 20),
    foreign.value,
    unknownId
  ])
    await term.send('badge.awarded', { key: null, value })
  await term.publish(badge(randomUUID(), 'after it all'))
  await group.whenCaughtUp()
  expect(seen).toEqual(['after it all'])
  const letters = await school.read(group.deadLetterTopic, 6)
  expect(letters.map(({ headers }) => String(headers['dead-letter-code'])).toSorted()).toEqual([
    'DECODE_FAILED',
    'DECODE_FAILED',
    'DECODE_FAILED',
    'EVENT_NAME_MISMATCH',
    'NULL_VALUE',
    'SCHEMA_UNKNOWN'
  ])
  expect(letters.map(({ key }) => key)).toEqual(Array(6).fill(null))
  expect(group.stats().retried).toBe(0)
})

test('infrastructure trouble is waited out, never dead-lettered', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  let calls = 0
  const group = await term.group({
    group: 'patient',
    handlers: {
      'badge.awarded': () => {
        calls += 1
        if (calls <= 10) throw new RetryLater('the directory is away')
      }
    }
  })
  await term.publish(badge(randomUUID()))
  await group.whenCaughtUp()
  expect(calls).toBe(11)
  expect(group.stats()).toMatchObject({ handled: 1, retried: 10, deadLettered: 0 })
})

test('case 26: without its dead-letter topic the group does not move past the message', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const group = await term.group({
    group: 'homeless',
    handlers: {
      'badge.awarded': ({ payload }) => {
        if (payload.reason === 'bad') throw new RejectMessage('no use')
      }
    }
  })
  await school.admin.deleteTopics([group.deadLetterTopic])
  await eventually(async () => !(await school.admin.topics()).has(group.deadLetterTopic), { what: 'the topic is gone' })
  await term.publish(badge(randomUUID(), 'good'), badge(randomUUID(), 'bad'), badge(randomUUID(), 'good'))
  await eventually(() => group.stats().handled === 2, { what: 'the good ones are handled' })
  await expect(group.whenCaughtUp({ timeoutMs: 3_000 })).rejects.toMatchObject({
    code: 'CATCH_UP_TIMEOUT',
    message: expect.stringMatching(/homeless had not caught up after \d+ ms: \S+badge.awarded\/0 \(not yet at 3\)$/)
  })
  const offsets = await school.admin.groupOffsets(`${term.topicPrefix}homeless`)
  expect(offsets.get(`${term.topicPrefix}badge.awarded`)?.get(0)).toBe(1)
  expect(group.health().notReady).toContain('dead letters cannot be written (TOPIC_UNKNOWN); their partitions wait')
  const spec = { topic: group.deadLetterTopic, partitions: 1, replicationFactor: 1, config: {} }
  await eventually(async () => (await school.admin.createTopics([spec])).length === 1, { what: 'the topic is back' })
  await group.whenCaughtUp()
  expect(group.stats()).toMatchObject({ handled: 2, deadLettered: 1 })
  expect(group.health().notReady.filter(reason => reason.includes('dead letters'))).toEqual([])
})
