import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { badge, testSchool } from './school.ts'

const school = await testSchool()

test('records of an aborted transaction are passed over, and the group catches up with a log that ends in them', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const seen: string[] = []
  const group = await term.group({
    group: 'committed',
    handlers: { 'badge.awarded': ({ payload }) => void seen.push(payload.reason) }
  })
  const producer = school.client.kafka.producer({
    transactionalId: randomUUID(),
    idempotent: true,
    maxInFlightRequests: 1
  })
  await producer.connect()
  const topic = `${term.topicPrefix}badge.awarded`
  const transaction = async (reason: string, end: 'commit' | 'abort'): Promise<void> => {
    const { key, value } = await term.encode(badge(randomUUID(), reason))
    const open = await producer.transaction()
    await open.send({ topic, messages: [{ key, value }] })
    await open[end]()
  }
  try {
    await transaction('committed', 'commit')
    await group.whenCaughtUp()
    await transaction('aborted', 'abort')
    await group.whenCaughtUp({ timeoutMs: 10_000 })
    await transaction('aborted', 'abort')
    await transaction('committed too', 'commit')
    await group.whenCaughtUp()
  } finally {
    await producer.disconnect()
  }
  expect(seen).toEqual(['committed', 'committed too'])
})
