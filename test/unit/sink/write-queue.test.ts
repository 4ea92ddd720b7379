import { describe, expect, it, vi } from 'vitest'
import { machineClock } from '../../../core/clock.ts'
import { silentLogger } from '../../../core/logger.ts'
import { PostgresError } from '../../../postgres/errors.ts'
import type { Batch, WriteResult } from '../../../sink/write/types.ts'
import { Lane, type LaneOptions } from '../../../sink/write/write-queue.ts'
import { TrailError } from '../../../trail/errors.ts'
import { chunk } from './chunks.ts'

const answer = (batch: Batch): WriteResult => ({
  rows: batch.rows,
  duplicates: 0,
  quarantined: 0,
  refusals: new Map(),
  booked: [],
  stored: batch.chunks,
  fenced: []
})

/** A lane that writes to a list; `write` may be replaced by one that waits or fails. */
function laneOf(options: Partial<LaneOptions> = {}) {
  const written: Batch[] = []
  const failures: Error[] = []
  const lane = new Lane({
    limits: { maxRows: 10, maxBytes: 1_000_000, lingerMs: 1 },
    write: async batch => answer(batch),
    onWritten: batch => written.push(batch),
    onFailure: error => failures.push(error),
    log: silentLogger,
    ...options
  })
  return { lane, written, failures }
}

/** Waits for nothing. */
const quickClock = { ...machineClock, after: (_: number, work: () => void) => machineClock.after(0, work) }

/** A write that begins, and ends when the test says so. */
function heldWrite() {
  const started = Promise.withResolvers<Batch>()
  const end = Promise.withResolvers<void>()
  const write = async (batch: Batch) => {
    started.resolve(batch)
    await end.promise
    return answer(batch)
  }
  return { write, started: started.promise, end }
}

const offsets = (batches: readonly Batch[]) =>
  batches.flatMap(({ chunks }) =>
    chunks.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, index) => first + index))
  )

describe('a lane', () => {
  it('writes what was added, in order, each row once', async () => {
    const { lane, written } = laneOf()
    for (let first = 0; first < 50; first += 1) lane.add(chunk(first, 1))
    expect(await lane.drain()).toBeUndefined()
    expect(offsets(written)).toEqual(Array.from({ length: 50 }, (_, offset) => offset))
    expect(lane.pendingRows).toBe(0)
  })

  it('collects while it writes, and says what it holds until that is stored', async () => {
    const held = heldWrite()
    const { lane, written } = laneOf({ write: held.write })
    lane.add(chunk(0, 3))
    expect(lane.waits).toBe(true)
    await held.started
    expect([lane.waits, lane.idle]).toEqual([false, false])
    lane.add(chunk(3, 2))
    expect(lane.waits).toBe(true)
    lane.add(chunk(0, 1, { partition: 1 }))
    expect(lane.pendingRows).toBe(6)
    expect([lane.holds('lesson.published/0'), lane.holds('lesson.published/1')]).toEqual([true, true])
    held.end.resolve()
    await lane.drain()
    expect(written.map(({ rows }) => rows)).toEqual([3, 3])
    expect(lane.holds('lesson.published/0')).toBe(false)
  })

  it('is full from two batches on behind the one that is written, and tells when that changes', async () => {
    const held = heldWrite()
    const { lane } = laneOf({ write: held.write })
    lane.add(chunk(0, 20))
    await held.started
    expect(lane.full).toBe(false)
    lane.add(chunk(20, 19))
    expect(lane.full).toBe(false)
    lane.add(chunk(39, 1))
    expect(lane.full).toBe(true)
    held.end.resolve()
    while (lane.full) await lane.changed
    expect(lane.pendingRows).toBeLessThan(40)
    await lane.close()
  })

  it('writes on beside the text of the batch that is being written', async () => {
    const held = heldWrite()
    const { lane, written } = laneOf({ write: held.write })
    const first = lane.text
    first.byte(1)
    lane.add(chunk(0, 1))
    const { text } = await held.started
    expect(text).toBe(first)
    expect(lane.text).not.toBe(first)
    held.end.resolve()
    while (written.length === 0) await lane.changed
    expect(first.at).toBe(0)
    await lane.close()
  })

  it('writes the very same batch again until it is stored', async () => {
    const tries: Batch[] = []
    const onRetry = vi.fn()
    const { lane, written, failures } = laneOf({
      onRetry,
      write: async batch => {
        tries.push(batch)
        if (tries.length < 4) throw Object.assign(new Error('terminating connection'), { code: '57P01' })
        return answer(batch)
      }
    })
    lane.add(chunk(0, 2))
    while (tries.length === 0) await lane.changed
    lane.add(chunk(2, 1))
    await lane.drain()
    expect(new Set(tries.slice(0, 4)).size).toBe(1)
    expect(onRetry.mock.calls.map(([, attempt]) => attempt)).toEqual([1, 2, 3])
    expect(offsets(written)).toEqual([0, 1, 2])
    expect(failures).toEqual([])
  })

  it.each([
    ['a fault of the program', new TypeError('undefined is not a function')],
    ['a ledger that does not add up', new TrailError('LEDGER_MISMATCH', 'it does not')]
  ])('fails for good on %s, and takes nothing more', async (_, fault) => {
    const { lane, written, failures } = laneOf({
      write: async () => {
        throw fault
      }
    })
    lane.add(chunk(0, 1))
    expect(await lane.drain()).toBe(fault)
    expect(failures).toEqual([fault])
    expect(written).toEqual([])
    expect(() => lane.add(chunk(1, 1))).toThrow(fault)
  })

  it('leaves what follows a stretch that was refused, and writes what is of other partitions', async () => {
    const held = heldWrite()
    const { lane, written } = laneOf({
      write: async batch => {
        const result = await held.write(batch)
        return batch.chunks.some(({ first }) => first === 0) ? { ...result, stored: [], fenced: batch.chunks } : result
      }
    })
    lane.add(chunk(0, 1))
    await held.started
    lane.add(chunk(1, 1))
    lane.add(chunk(5, 2, { partition: 1 }))
    held.end.resolve()
    await lane.drain()
    expect(written.map(({ chunks }) => chunks.map(({ partition, first }) => [partition, first]))).toEqual([
      [[0, 0]],
      [[1, 5]]
    ])
    expect(lane.pendingRows).toBe(0)
  })

  it('says whether all that was added is stored', async () => {
    const held = heldWrite()
    const { lane } = laneOf({ write: held.write })
    expect(lane.idle).toBe(true)
    lane.add(chunk(0, 1))
    expect(lane.idle).toBe(false)
    await held.started
    expect(lane.idle).toBe(false)
    held.end.resolve()
    while (!lane.idle) await lane.changed
    await lane.close()
  })

  it('says how often a batch has failed and how long it waits, until it is stored', async () => {
    let fails = 3
    const retried: number[] = []
    const { lane } = laneOf({
      write: async batch => {
        if (fails-- > 0) throw new PostgresError('POSTGRES_UNAVAILABLE', 'away')
        return answer(batch)
      },
      onRetry: (_, attempt) => {
        retried.push(attempt)
        expect(lane.failures).toBe(attempt)
      }
    })
    expect([lane.failures, lane.waitingMs]).toEqual([0, 0])
    lane.add(chunk(0, 1))
    while (retried.length < 3) await new Promise(resolve => setTimeout(resolve, 5))
    expect(lane.waitingMs).toBeGreaterThan(0)
    await lane.drain()
    expect(retried).toEqual([1, 2, 3])
    expect([lane.failures, lane.waitingMs]).toEqual([0, 0])
  })

  it('writes together what one turn brings to several partitions', async () => {
    const { lane, written } = laneOf()
    lane.add(chunk(0, 1))
    await Promise.resolve()
    lane.add(chunk(0, 1, { partition: 1 }))
    await lane.drain()
    expect(written.map(({ chunks }) => chunks.length)).toEqual([2])
  })

  it('draining writes what waits for its linger, and may be asked for twice', async () => {
    const { lane, written } = laneOf({ limits: { maxRows: 10, maxBytes: 1_000, lingerMs: 3_600_000 } })
    lane.add(chunk(0, 1))
    while (written.length === 0) await lane.changed
    lane.add(chunk(1, 1))
    await Promise.all([lane.drain(), lane.drain()])
    expect(written.map(({ trigger }) => trigger)).toEqual(['linger', 'drain'])
  })

  it('closing leaves what is pending, also in the middle of its retries', async () => {
    const tried = Promise.withResolvers<void>()
    const { lane, written } = laneOf({
      write: async () => {
        tried.resolve()
        throw new PostgresError('POSTGRES_UNAVAILABLE', 'away')
      }
    })
    lane.add(chunk(0, 1))
    await tried.promise
    await lane.close()
    await lane.drain()
    expect(written).toEqual([])
  })
})

describe('a lane of which a batch keeps failing', () => {
  const unknown = () => Object.assign(new Error('no server says that'), { code: 'XX000' })
  const topicsOf = (batch: Batch) => batch.chunks.map(({ topic }) => topic)
  const two = (lane: Lane) => {
    lane.add(chunk(0, 3, { topic: 'a' }))
    lane.add(chunk(0, 2, { topic: 'b' }))
  }

  it('for an unknown reason: it is written by partitions, and the record is looked for', async () => {
    const asked: [string[], boolean][] = []
    const { lane, written } = laneOf({
      write: async (batch, { isolate }) => {
        asked.push([topicsOf(batch), isolate])
        if (topicsOf(batch).includes('a') && asked.filter(([topics]) => topics.length === 1).length < 3) throw unknown()
        return answer(batch)
      }
    })
    two(lane)
    expect(await lane.drain()).toBeUndefined()
    expect(asked).toEqual([...Array(5).fill([['a', 'b'], false]), [['a'], true], [['b'], true], [['a'], true]])
    expect(written.map(topicsOf)).toEqual([['b'], ['a']])
  })

  it('for trouble of a server: the same batch again, and nothing is looked for', async () => {
    const asked = new Set<boolean>()
    let left = 9
    const { lane, written } = laneOf({
      write: async (batch, { isolate }) => {
        asked.add(isolate)
        left -= 1
        if (left > 0) throw Object.assign(new Error('disk full'), { code: left % 2 ? '53100' : 'ECONNRESET' })
        return answer(batch)
      },
      clock: quickClock
    })
    two(lane)
    expect(await lane.drain()).toBeUndefined()
    expect([...asked]).toEqual([false])
    expect(written.map(topicsOf)).toEqual([['a', 'b']])
  })

  it('and no record is the reason: the partition is postponed, the others are stored', async () => {
    const postponed: string[] = []
    const { lane, written } = laneOf({
      write: async batch => {
        if (topicsOf(batch).includes('a')) throw unknown()
        return answer(batch)
      },
      onPostponed: ({ topic }) => void postponed.push(topic),
      clock: quickClock
    })
    two(lane)
    expect(await lane.drain()).toBeUndefined()
    expect(postponed).toEqual(['a'])
    expect(written.map(topicsOf)).toEqual([['b']])
  })

  it('for a fault of the program that no record brings about: it ends', async () => {
    const { lane, failures } = laneOf({
      write: async () => {
        throw new TypeError('a fault of ours')
      },
      clock: quickClock
    })
    two(lane)
    expect(await lane.drain()).toMatchObject({ message: 'a fault of ours' })
    expect(failures).toHaveLength(1)
  })
})
