import { expect, test } from 'vitest'
import { ReconnectingAdmin } from '../../../kafka/admin-line.ts'
import { KafkaError } from '../../../kafka/errors.ts'
import type { KafkaAdmin } from '../../../kafka/types/admin.ts'

/** Admins that only know whether they were closed, as many as were connected. */
function admins() {
  const connected: { isClosed: boolean }[] = []
  const line = new ReconnectingAdmin(async () => {
    const state = { isClosed: false }
    connected.push(state)
    const close = async () => {
      state.isClosed = true
    }
    return { close, brokers: async () => connected.indexOf(state) } as Partial<KafkaAdmin> as KafkaAdmin
  })
  return { line, connected }
}

const failing = (code: 'KAFKA_UNAVAILABLE' | 'TOPIC_UNKNOWN') => async (): Promise<never> => {
  throw new KafkaError(code, 'as the test wants it')
}

test('a question that fails replaces the admin for those that follow, and takes none from those that wait', async () => {
  const { line, connected } = admins()
  const answer = Promise.withResolvers<string>()
  const waiting = line.ask(() => answer.promise)
  await expect(line.ask(failing('KAFKA_UNAVAILABLE'))).rejects.toMatchObject({ code: 'KAFKA_UNAVAILABLE' })
  expect(connected).toEqual([{ isClosed: false }])
  expect(await line.ask(admin => admin.brokers())).toBe(1)
  answer.resolve('answered')
  expect(await waiting).toBe('answered')
  expect(connected).toEqual([{ isClosed: true }, { isClosed: false }])
  await line.close()
  expect(connected).toEqual([{ isClosed: true }, { isClosed: true }])
  await expect(line.ask(admin => admin.brokers())).rejects.toMatchObject({ code: 'KAFKA_UNAVAILABLE' })
  expect(connected).toHaveLength(2)
})

test('a topic that is unknown to an admin that was asked before is looked for by another one', async () => {
  const { line, connected } = admins()
  await expect(line.ask(failing('TOPIC_UNKNOWN'))).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' })
  expect(connected).toHaveLength(1)
  expect(await line.ask(admin => admin.brokers())).toBe(1)
  const asked: number[] = []
  const lookFor = async (admin: KafkaAdmin): Promise<void> => {
    asked.push(await admin.brokers())
    if (asked.length === 1) await failing('TOPIC_UNKNOWN')()
  }
  await line.ask(lookFor)
  expect(asked).toEqual([1, 2])
  expect(connected.map(({ isClosed }) => isClosed)).toEqual([true, true, false])
})
