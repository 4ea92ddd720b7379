import { randomUUID } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { type MessageContext, RejectMessage } from '../../../../consumers/index.ts'
import { badge, lesson, testSchool } from '../school.ts'
import { redrive } from './redriven.ts'

const school = await testSchool()
const sender = await school.client.connectSender()
afterAll(() => sender.close())

/** The letters of a topic, as they are redriven. */
const lettersIn = async (topic: string, count: number) =>
  (await school.read(topic, count)).map(({ headerList, ...record }) => ({ ...record, headers: headerList }))

test('a redriven letter is handled by its group alone, as the event that it was', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 2)
  let isBroken = true
  const seen: [reason: string, context: MessageContext][] = []
  const others: string[] = []
  const group = await term.group({
    group: 'repaired',
    version: '1.2.3',
    handlers: {
      'badge.awarded': ({ payload }, context) => {
        if (isBroken) throw new RejectMessage('no printer')
        seen.push([payload.reason, context])
      }
    }
  })
  const other = await term.group({
    group: 'other',
    handlers: { 'badge.awarded': ({ payload }) => void others.push(payload.reason) }
  })
  const aggregateId = randomUUID()
  await term.publish(...['one', 'two', 'three'].map(reason => badge(randomUUID(), reason, { aggregateId })))
  await group.whenCaughtUp()
  const letters = await lettersIn(group.deadLetterTopic, 3)
  expect(Object.fromEntries(letters[0]?.headers.map(([name, value]) => [name, String(value)]) ?? [])).toMatchObject({
    'dead-letter-version': '1.2.3',
    'dead-letter-reason': 'no printer',
    'dead-letter-policy': 'skip',
    'dead-letter-first-failure': expect.stringMatching(/^20\d\d-.*Z$/),
    '__connect.errors.exception.message': 'no printer'
  })
  isBroken = false
  await redrive(sender, group.deadLetterTopic, letters, { end: 2 })
  await group.whenCaughtUp()
  expect(seen.map(([reason]) => reason)).toEqual(['one', 'two', 'three'])
  expect(seen.map(([, { topic, offset }]) => [topic, offset])).toEqual(
    [0, 1, 2].map(offset => [`${term.topicPrefix}badge.awarded`, offset])
  )
  expect(seen[0]?.[1].headers).toMatchObject({ 'redrive-count': '1' })
  await other.whenCaughtUp()
  expect(others).toHaveLength(3)
  expect(group.stats()).toMatchObject({ handled: 3, deadLettered: 3, uncommitted: 0 })
})

test('a letter that fails again names its first place and keeps its redrive', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const group = await term.group({
    group: 'stubborn',
    handlers: {
      'badge.awarded': () => {
        throw new TypeError('no')
      }
    }
  })
  await term.publish(badge(randomUUID()))
  await group.whenCaughtUp()
  const [first] = await lettersIn(group.deadLetterTopic, 1)
  await redrive(sender, group.deadLetterTopic, first ? [first] : [], { action: '41' })
  await group.whenCaughtUp()
  const [, again] = await school.read(group.deadLetterTopic, 2)
  const names = ['topic', 'partition', 'offset', 'code', 'first-failure'].map(name => `dead-letter-${name}`)
  const firstHeaders = Object.fromEntries(first?.headers ?? [])
  for (const name of names) expect(String(again?.headers[name])).toBe(String(firstHeaders[name]))
  expect(again?.headers).toMatchObject({ 'redrive-action': Buffer.from('41'), 'redrive-count': Buffer.from('1') })
  expect([again?.key, again?.value]).toEqual([first?.key, first?.value])
  // Not those of the first failure besides.
  expect(again?.headerList.filter(([name]) => name === 'dead-letter-code')).toHaveLength(1)
})

test('what has no handler in the group becomes a dead letter again', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  await term.offer('lesson.published', 1)
  const group = await term.group({ group: 'fewer', handlers: { 'badge.awarded': () => undefined } })
  const { id: _, key, value } = await term.encode(lesson())
  const headers = [
    ['dead-letter-topic', Buffer.from(`${term.topicPrefix}lesson.published`)],
    ['dead-letter-partition', Buffer.from('0')],
    ['dead-letter-offset', Buffer.from('0')]
  ] as [string, Buffer][]
  const letter = { key: Buffer.from(String(key)), value: value as Buffer, offset: 0 }
  await redrive(sender, group.deadLetterTopic, [
    { ...letter, headers },
    { ...letter, headers: [] }
  ])
  await group.whenCaughtUp()
  const letters = await school.read(group.deadLetterTopic, 2)
  expect(letters.map(each => String(each.headers['dead-letter-code']))).toEqual(['EVENT_UNHANDLED', 'EVENT_UNHANDLED'])
  expect(letters.map(each => String(each.headers['dead-letter-topic']))).toEqual([
    `${term.topicPrefix}lesson.published`,
    `${group.deadLetterTopic}-redrive`
  ])
})
