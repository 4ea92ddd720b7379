import { createRequire } from 'node:module'
import { expect, test, vi } from 'vitest'
import { createKafkaClient } from '../../../../kafka/kafkajs/client.ts'
import { lateCheckMs } from '../../../../kafka/kafkajs/patches/quiet-timers.ts'

interface Queue {
  requestTimeout: number
  inflight: Map<number, { sentAt: number; requestTimeout: number; timeoutRequest: () => void }>
  scheduleRequestTimeoutCheck(): void
  destroy(): void
}

test('late requests are looked for once a second, more often where they have less time', () => {
  expect([30_000, 120_000, 9_000, 1_000, 50].map(lateCheckMs)).toEqual([1_000, 1_000, 300, 100, 50])
})

test('a request that got no answer fails soon after its time, and the looks end with the connection', () => {
  vi.useFakeTimers({ now: 0 })
  try {
    createKafkaClient({ brokers: ['127.0.0.1:1'] })
    const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as new (
      options: object
    ) => Queue
    let connected = true
    const logger = { namespace: () => ({ debug: () => undefined }) }
    const requestTimeout = 30_000
    const queue = new RequestQueue({
      ...{ requestTimeout, enforceRequestTimeout: true, clientId: 'test', broker: 'none', logger },
      isConnected: () => connected
    })
    const late = vi.fn()
    queue.inflight.set(1, { sentAt: 0, requestTimeout, timeoutRequest: late })
    queue.scheduleRequestTimeoutCheck()
    vi.advanceTimersByTime(30_000)
    expect(late).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1_000)
    expect(late).toHaveBeenCalledOnce()
    connected = false
    vi.advanceTimersByTime(1_000)
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})
