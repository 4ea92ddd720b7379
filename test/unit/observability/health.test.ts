import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { silentLogger } from '../../../core/logger.ts'
import { Pulse } from '../../../core/pulse.ts'
import { allOf, Reach } from '../../../observability/health.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function reachOf(probe: () => Promise<unknown>) {
  const asked = vi.fn(probe)
  return { reach: new Reach({ name: 'Kafka', probe: asked }), asked }
}

it('asks no server before it is asked itself', async () => {
  const { reach, asked } = reachOf(async () => undefined)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).not.toHaveBeenCalled()
  expect(reach.reasons).toEqual(['Kafka has not answered yet'])
  reach.watch()
  await vi.advanceTimersByTimeAsync(0)
  expect(reach.reasons).toEqual([])
  reach.close()
})

it('does not ask a server that it hears of anyway', async () => {
  const { reach, asked } = reachOf(async () => undefined)
  reach.heard(true)
  reach.watch()
  for (let second = 0; second < 30; second += 1) {
    await vi.advanceTimersByTimeAsync(1_000)
    reach.heard(true)
  }
  expect(asked).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(6_000)
  expect(asked).toHaveBeenCalledTimes(1)
  reach.close()
})

it('is lost at the first failure and found at the first answer, also of what the process does', async () => {
  let away = true
  const { reach } = reachOf(() => (away ? Promise.reject(new Error()) : Promise.resolve()))
  reach.watch()
  await vi.advanceTimersByTimeAsync(0)
  expect(reach.reasons).toEqual(['Kafka is unreachable'])
  reach.heard(true)
  expect(reach.reached).toBe(true)
  reach.heard(false)
  expect(reach.reached).toBe(false)
  away = false
  await vi.advanceTimersByTimeAsync(1_000)
  expect(reach.reached).toBe(true)
  reach.close()
})

it('counts a probe that hangs as failed, and sends no second one after it', async () => {
  const answer = Promise.withResolvers<void>()
  const { reach, asked } = reachOf(() => answer.promise)
  reach.watch()
  await vi.advanceTimersByTimeAsync(2_900)
  expect(reach.reasons).toEqual(['Kafka has not answered yet'])
  await vi.advanceTimersByTimeAsync(30_000)
  expect(reach.reasons).toEqual(['Kafka is unreachable'])
  expect(asked).toHaveBeenCalledTimes(1)
  answer.resolve()
  await vi.advanceTimersByTimeAsync(0)
  expect(reach.reached).toBe(true)
  reach.close()
})

it('asks nothing once it is closed', async () => {
  const { reach, asked } = reachOf(async () => undefined)
  reach.watch()
  await vi.advanceTimersByTimeAsync(0)
  reach.close()
  reach.watch()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toHaveBeenCalledTimes(1)
})

it('several parts of a process are one', () => {
  const one = { notReady: ['Kafka is unreachable'], dead: [] }
  const other = { notReady: ['Postgres is unreachable'], dead: ['nothing turns'] }
  expect(allOf(one, other)).toEqual({
    notReady: ['Kafka is unreachable', 'Postgres is unreachable'],
    dead: ['nothing turns']
  })
})

it('a pulse counts the time since the last beat, and not the time for which all was suspended', async () => {
  const seen: number[] = []
  const pulse: Pulse = new Pulse(() => seen.push(pulse.quietMs))
  await vi.advanceTimersByTimeAsync(3_000)
  expect(pulse.quietMs).toBe(3_000)
  // As after SIGSTOP and SIGCONT: the clock has moved, the timer comes once.
  vi.setSystemTime(Date.now() + 3_600_000)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(pulse.quietMs).toBe(4_000)
  pulse.beat()
  expect(pulse.quietMs).toBe(0)
  pulse.close()
  await vi.advanceTimersByTimeAsync(5_000)
  expect(seen).toEqual([1_000, 2_000, 3_000, 4_000])
})

it('warns once of a server that stays lost, and says when it is back', async () => {
  const lines: string[] = []
  const say = (facts: object, message?: string) => void lines.push(`${JSON.stringify(facts)} ${message}`)
  const log = { ...silentLogger, warn: say, info: say }
  const reach = new Reach({ name: 'the registry', probe: async () => undefined, log })
  reach.heard(false)
  reach.heard(true)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(lines).toEqual([])
  for (let second = 0; second < 30; second += 1) {
    reach.heard(false, 'the registry is unreachable')
    await vi.advanceTimersByTimeAsync(1_000)
  }
  reach.heard(true)
  reach.heard(true)
  expect(lines).toEqual([
    '{"server":"the registry","reason":"the registry is unreachable"} server unreachable; trying again',
    '{"server":"the registry","afterMs":30000} server reachable again'
  ])
  reach.heard(false)
  reach.close()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(lines).toHaveLength(2)
})
