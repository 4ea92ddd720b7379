import { createRequire } from 'node:module'
import { expect, test, vi } from 'vitest'
import { measureSteadily } from '../../../../kafka/kafkajs/patches/steady-clock.ts'
import { stepClock } from '../../../support/stepped-clock.ts'

const require = createRequire(import.meta.url)
const silence = () => undefined
const logger: object = { namespace: () => logger, debug: silence, info: silence, warn: silence, error: silence }
const hour = 3_600_000

test('a clock that is set back or forward moves none of the times that kafkajs measures with', () => {
  measureSteadily.apply()
  const SocketRequest = require('kafkajs/src/network/requestQueue/socketRequest') as new (
    options: object
  ) => {
    createdAt: number
    sentAt: number | null
    duration: number
    send(): void
    completed(answer: object): void
  }
  const request = new SocketRequest({ entry: { resolve: silence }, send: silence, requestTimeout: 1_000 })
  expect(request.sentAt).toBeNull()
  request.send()
  for (const step of [-hour, 3 * hour]) {
    stepClock(step)
    expect(Math.abs(Date.now() - Number(request.sentAt))).toBeLessThan(hour / 2)
    expect(Math.abs(Date.now() - request.createdAt)).toBeLessThan(hour / 2)
  }
  request.completed({ size: 0, payload: null })
  expect(request.duration).toBeGreaterThanOrEqual(0)
  expect(request.duration).toBeLessThan(hour / 2)
})

test('a group is sent its heartbeats when the clock was set back', async () => {
  measureSteadily.apply()
  const ConsumerGroup = require('kafkajs/src/consumer/consumerGroup') as new (
    options: object
  ) => {
    memberId: string
    coordinator: object
    heartbeat(options: { interval: number }): Promise<void>
  }
  const heartbeat = vi.fn(async () => undefined)
  const group = new ConsumerGroup({ logger, instrumentationEmitter: { emit: silence }, retry: {}, topics: [] })
  Object.assign(group, { memberId: 'me', coordinator: { heartbeat } })
  await group.heartbeat({ interval: 60_000 })
  expect(heartbeat).not.toHaveBeenCalled()
  stepClock(-hour)
  await group.heartbeat({ interval: 0 })
  expect(heartbeat).toHaveBeenCalledOnce()
})
