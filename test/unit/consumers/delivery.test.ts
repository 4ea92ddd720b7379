import { expect, test } from 'vitest'
import { RejectMessage } from '../../../consumers/index.ts'
import { type DeliveryOptions, deliver, type Message } from '../../../consumers/pipeline/delivery.ts'
import { AssignedPartition } from '../../../consumers/progress/assigned-partition.ts'
import { silentLogger } from '../../../core/logger.ts'
import { SendError } from '../../../kafka/index.ts'

const message: Message = {
  eventName: 'badge.awarded',
  record: { offset: 7, key: null, value: null, headers: [], timestamp: 0 },
  source: new AssignedPartition('badge.awarded', 0, new AbortController().signal)
}
const slot = { rest: <T>(rest: () => Promise<T>): Promise<T> => rest() }

/** Delivers a message that is turned down, with a dead-letter topic that fails so; returns what was asked of it. */
async function givenUp(failures: readonly unknown[]) {
  const asked: boolean[] = []
  const waiting: string[] = []
  const unwritten: DeliveryOptions['unwritten'] = new Map()
  const left = [...failures]
  const outcome = await deliver(
    message,
    slot,
    {
      group: 'readers',
      decode: () => Promise.reject(new RejectMessage('no use')),
      handle: () => Promise.resolve(),
      async sendDeadLetter(_message, _facts, { barest }) {
        asked.push(barest)
        waiting.push([...unwritten.values()].join())
        if (left.length > 0) throw left.shift()
        return []
      },
      unwritten,
      retry: { attempts: 1, initialMs: 1, maxMs: 1 },
      closing: new AbortController().signal,
      log: silentLogger
    },
    () => undefined
  )
  return { outcome, asked, waiting, unwritten }
}

const clientFailed = new SendError('CLIENT_FAILED', 'the Kafka client failed by itself', { sent: true })
const unreachable = new SendError('KAFKA_UNAVAILABLE', 'Kafka is unreachable', { sent: false })

test('our own fault while giving up costs the message its content at last, never its partition', async () => {
  const { outcome, asked } = await givenUp([new TypeError(), clientFailed, new RangeError()])
  expect(outcome).toBe('dead-lettered')
  expect(asked).toEqual([false, false, false, true])
})

test('a Kafka that is away costs a message nothing, however long', async () => {
  const refused = new SendError('KAFKA_REFUSED', 'no', { sent: false })
  const { outcome, asked } = await givenUp([...Array(6).fill(unreachable), refused])
  expect(outcome).toBe('dead-lettered')
  expect(asked).toEqual(Array(8).fill(false))
})

test('as long as a dead letter waits its fault is known, and no longer', async () => {
  const { waiting, unwritten } = await givenUp([unreachable, clientFailed])
  expect(waiting).toEqual(['', 'KAFKA_UNAVAILABLE', 'CLIENT_FAILED'])
  expect(unwritten.size).toBe(0)
})
