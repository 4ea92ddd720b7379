import { expect } from 'vitest'
import type { DeadLetterFacts } from '../../../../consumers/dead-letters/index.ts'
import { RejectMessage } from '../../../../consumers/index.ts'
import { AggregateLanes } from '../../../../consumers/pipeline/aggregate-lanes.ts'
import { createBatchDelivery } from '../../../../consumers/pipeline/batches/index.ts'
import { createDelivery, type DeliveryOptions } from '../../../../consumers/pipeline/delivery.ts'
import type { Message } from '../../../../consumers/pipeline/message.ts'
import { AssignedPartition } from '../../../../consumers/progress/assigned-partition.ts'
import { memoryInbox } from '../../../../consumers/testing/memory-inbox.ts'
import type { AnyBatchHandler } from '../../../../consumers/types.ts'
import { machineClock } from '../../../../core/index.ts'
import type { Envelope } from '../../../../schemas/index.ts'
import { envelope, HandClock, keepingLog } from './delivered.ts'

/** An event as text: `a1` is number 1 of aggregate a. */
export const idOf = ({ id }: Envelope): string => id
export const aggregateOf = (id: string): string => id.slice(0, 1)

/** Messages through lanes, batches and single deliveries, with a clock that the test moves. */
export function batched(onBatch: AnyBatchHandler, options: Partial<DeliveryOptions & { maxItems: number }> = {}) {
  const clock = new HandClock()
  const log = keepingLog()
  const closing = new AbortController()
  const letters: (DeadLetterFacts & { readonly id: string })[] = []
  const ended = new Map<string, string>()
  const calls: string[][] = []
  const source = new AssignedPartition('order.placed', 0, closing.signal)
  const handler: AnyBatchHandler = (events, context) => {
    calls.push(events.map(idOf))
    return onBatch(events, context)
  }
  const parts: DeliveryOptions = {
    group: 'readers',
    groupId: 'readers',
    inbox: memoryInbox(),
    version: undefined,
    decode: async (_name, value) => {
      const id = String(value)
      if (id.includes('?')) throw new RejectMessage('bytes that are no envelope')
      return { ...structuredClone(envelope), id }
    },
    handlers: {},
    batchHandlers: new Map([['order.placed', handler]]),
    use: [],
    timeoutMs: undefined,
    onFailure: undefined,
    logMessages: false,
    retry: { attempts: 3, initialMs: 100, maxMs: 1_000, factor: 2, jitter: 0 },
    calls: new Set(),
    onRetry: () => undefined,
    onCall: () => undefined,
    async sendDeadLetter({ value }, facts) {
      letters.push({ ...facts, id: String(value) })
      return []
    },
    unwritten: new Map(),
    closing: closing.signal,
    log,
    clock,
    ...options
  }
  const deliver = createDelivery(parts)
  const deliverBatch = createBatchDelivery(parts)
  const lanes = new AggregateLanes<Message>({
    concurrency: 4,
    clock,
    batchingOf: () => ({ name: 'order.placed', maxItems: options.maxItems ?? 100, maxWaitMs: 0 }),
    async work(messages, slot) {
      const [first] = messages
      if (messages.length > 1 || !first) {
        await deliverBatch(messages, slot, (message, outcome) => {
          if (outcome === 'handled') ended.set(String(message.record.value), outcome)
        })
      } else ended.set(String(first.record.value), await deliver(first, slot))
    },
    onError: error => expect.unreachable(String(error))
  })
  let offset = 0
  const add = (...ids: string[]) =>
    lanes.add(
      ids.map(id => ({
        eventName: 'order.placed',
        lane: aggregateOf(id),
        record: { offset: offset++, key: Buffer.from(id), value: Buffer.from(id), headers: [], timestamp: 5 },
        source
      }))
    )
  const settle = async () => {
    for (let turn = 0; turn < 5; turn += 1) await machineClock.turn()
  }
  return { add, settle, lanes, clock, log, closing, source, calls, letters, ended }
}
