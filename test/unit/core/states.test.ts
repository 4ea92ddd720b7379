import { expect, it } from 'vitest'
import { createConsumerGroup } from '../../../consumers/index.ts'
import type { DrainOptions, Handle } from '../../../core/index.ts'
import { createBus } from '../../../producers/bus/index.ts'
import { createProducer } from '../../../producers/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { createSink } from '../../../sink/index.ts'

const connection = {
  kafka: { brokers: ['127.0.0.1:1'] },
  registry: { url: 'http://127.0.0.1:1' },
  postgres: { url: 'postgres://127.0.0.1:1/trail' }
}
const badge = { badge_id: crypto.randomUUID(), awarded_to: crypto.randomUUID(), reason: 'r' }

const parts: Readonly<Record<string, () => Handle>> = {
  createProducer: () => createProducer({ connection, catalogue }),
  createBus: () => createBus({ catalogue, store: { append: async () => undefined } }),
  createConsumerGroup: () =>
    createConsumerGroup({ connection, catalogue, group: 'g', handlers: { 'badge.awarded': () => undefined } }),
  createSink: () => createSink({ connection })
}

it.each(
  Object.entries(parts)
)('%s: drained or closed, it ends in the same state, however often and in whatever order', async (_, create) => {
  for (const end of [(part: Handle) => part.drain(), (part: Handle) => part.close()]) {
    const part = create()
    expect(part.state).toBe('new')
    await end(part)
    await Promise.all([part.drain(), part.close(), part.drain({ timeoutMs: 1 })])
    expect(part.state).toBe('closed')
    expect(await part.closed).toBeUndefined()
  }
})

it.each(Object.entries(parts))('%s refuses a time that cannot be waited for, and continues', async (_, create) => {
  await using part = create()
  const { state } = part
  for (const timeoutMs of [-1, Number.NaN, '5'] as DrainOptions['timeoutMs'][])
    await expect(part.drain({ timeoutMs: timeoutMs as number })).rejects.toMatchObject({ option: 'timeoutMs' })
  expect(part.state).toBe(state)
})

it('a producer that is drained waits no longer than it may, and says what became of the rest', async () => {
  const producer = createProducer({ connection, catalogue })
  const publishing = producer.publish('badge.awarded', badge.badge_id, badge).catch((error: unknown) => error)
  const draining = producer.drain({ timeoutMs: 50 })
  expect(producer.state).toBe('draining')
  await draining
  expect(await publishing).toMatchObject({ code: 'CLOSED', outcome: 'failed' })
})

it('a bus whose store hangs is drained in time', async () => {
  const bus = createBus({ catalogue, store: { append: () => new Promise(() => undefined) } })
  const published = bus.publish('badge.awarded', badge.badge_id, badge)
  published.catch(() => undefined)
  const draining = bus.drain({ timeoutMs: 50 })
  expect(bus.state).toBe('draining')
  await expect(bus.publish('badge.awarded', badge.badge_id, badge)).rejects.toMatchObject({ code: 'CLOSED' })
  await draining
  expect(bus.state).toBe('closed')
})
