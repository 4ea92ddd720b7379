import { expect, it } from 'vitest'
import { type Clock, machineClock, silentLogger } from '../../../core/index.ts'
import { retryWhileUnavailable } from '../../../sink/retry-while-unavailable.ts'
import { TrailError } from '../../../trail/index.ts'

/** A clock on which every pause is over at once; it keeps how long they were, without jitter. */
function quickClock(onPause: () => void = () => undefined) {
  const pauses: number[] = []
  const clock: Clock = {
    ...machineClock,
    random: () => 0,
    after(ms, work) {
      pauses.push(ms)
      onPause()
      queueMicrotask(work)
      return () => undefined
    }
  }
  return { clock, pauses }
}
const away = Object.assign(new Error('away'), { code: 'ECONNREFUSED' })

it('repeats while a server is away, with pauses that grow to 3 s', async () => {
  const { clock, pauses } = quickClock()
  let left = 8
  const work = async () => {
    left -= 1
    if (left > 0) throw away
    return 'there'
  }
  expect(await retryWhileUnavailable(new AbortController().signal, silentLogger, work, clock)).toBe('there')
  expect(pauses).toEqual([100, 200, 400, 800, 1_600, 3_000, 3_000])
})

it('ends with nothing when it is stopped: before it began, while it asks, in a pause', async () => {
  const asked: string[] = []
  expect(
    await retryWhileUnavailable(AbortSignal.abort(), silentLogger, async () => void asked.push('before'))
  ).toBeUndefined()
  expect(asked).toEqual([])
  const asking = new AbortController()
  const stopped = async () => {
    asking.abort()
    throw away
  }
  expect(await retryWhileUnavailable(asking.signal, silentLogger, stopped)).toBeUndefined()
  const pausing = new AbortController()
  const { clock } = quickClock(() => pausing.abort())
  const refused = () => Promise.reject(away)
  expect(await retryWhileUnavailable(pausing.signal, silentLogger, refused, clock)).toBeUndefined()
})

it('passes on what no retry fixes, also when it is stopped', async () => {
  const stop = new AbortController()
  for (const fault of [new TypeError('a slip'), new TrailError('LEDGER_MISMATCH', 'counted wrongly')]) {
    await expect(retryWhileUnavailable(stop.signal, silentLogger, () => Promise.reject(fault))).rejects.toBe(fault)
    const stopping = new AbortController()
    const late = async () => {
      stopping.abort()
      throw fault
    }
    await expect(retryWhileUnavailable(stopping.signal, silentLogger, late)).rejects.toBe(fault)
  }
})
