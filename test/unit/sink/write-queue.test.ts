import { describe, expect, it, vi } from 'vitest'
import { PostgresError } from '../../../postgres/errors.ts'
import type { Batch } from '../../../sink/write/types.ts'
import { TrailError } from '../../../trail/errors.ts'
import { chunk } from './chunks.ts'
import { answer, queueOf } from './queues.ts'

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

describe('a queue', () => {
  it('writes what was added, in order, each row once', async () => {
    const { queue, written } = queueOf()
    for (let first = 0; first < 50; first += 1) queue.add(chunk(first, 1))
    expect(await queue.drain()).toBeUndefined()
    expect(offsets(written)).toEqual(Array.from({ length: 50 }, (_, offset) => offset))
    expect(queue.pendingRows).toBe(0)
  })

  it('collects while it writes, and says what it holds until that is stored', async () => {
    const held = heldWrite()
    const { queue, written } = queueOf({ write: held.write })
    queue.add(chunk(0, 3))
    expect(queue.waits).toBe(true)
    await held.started
    expect([queue.waits, queue.idle]).toEqual([false, false])
    queue.add(chunk(3, 2))
    expect(queue.waits).toBe(true)
    queue.add(chunk(0, 1, { partition: 1 }))
    expect(queue.pendingRows).toBe(6)
    expect([queue.holds('lesson.published/0'), queue.holds('lesson.published/1')]).toEqual([true, true])
    held.end.resolve()
    await queue.drain()
    expect(written.map(({ rows }) => rows)).toEqual([3, 3])
    expect(queue.holds('lesson.published/0')).toBe(false)
  })

  it('is full from two batches on after the one that is written, and reports when that changes', async () => {
    const held = heldWrite()
    const { queue } = queueOf({ write: held.write })
    queue.add(chunk(0, 20))
    await held.started
    expect(queue.full).toBe(false)
    queue.add(chunk(20, 19))
    expect(queue.full).toBe(false)
    queue.add(chunk(39, 1))
    expect(queue.full).toBe(true)
    held.end.resolve()
    while (queue.full) await queue.changed
    expect(queue.pendingRows).toBeLessThan(40)
    await queue.close()
  })

  it('writes on next to the buffer of the batch that is being written', async () => {
    const held = heldWrite()
    const { queue, written } = queueOf({ write: held.write })
    const first = queue.buffer
    first.byte(1)
    queue.add(chunk(0, 1))
    const { buffer } = await held.started
    expect(buffer).toBe(first)
    expect(queue.buffer).not.toBe(first)
    held.end.resolve()
    while (written.length === 0) await queue.changed
    expect(first.at).toBe(0)
    await queue.close()
  })

  it('writes the very same batch again until it is stored', async () => {
    const tries: Batch[] = []
    const onRetry = vi.fn()
    const { queue, written, failures } = queueOf({
      onRetry,
      write: async batch => {
        tries.push(batch)
        if (tries.length < 4) throw Object.assign(new Error('terminating connection'), { code: '57P01' })
        return answer(batch)
      }
    })
    queue.add(chunk(0, 2))
    while (tries.length === 0) await queue.changed
    queue.add(chunk(2, 1))
    await queue.drain()
    expect(new Set(tries.slice(0, 4)).size).toBe(1)
    expect(onRetry.mock.calls.map(([, attempt]) => attempt)).toEqual([1, 2, 3])
    expect(offsets(written)).toEqual([0, 1, 2])
    expect(failures).toEqual([])
  })

  it.each([
    ['a fault of the program', new TypeError('undefined is not a function')],
    ['a ledger that does not add up', new TrailError('LEDGER_MISMATCH', 'it does not')]
  ])('fails for good on %s, and takes nothing more', async (_, fault) => {
    const { queue, written, failures } = queueOf({
      write: async () => {
        throw fault
      }
    })
    queue.add(chunk(0, 1))
    expect(await queue.drain()).toBe(fault)
    expect(failures).toEqual([fault])
    expect(written).toEqual([])
    expect(() => queue.add(chunk(1, 1))).toThrow(fault)
  })

  it('leaves what follows a chunk that was refused, and writes what is of other partitions', async () => {
    const held = heldWrite()
    const { queue, written } = queueOf({
      write: async batch => {
        const result = await held.write(batch)
        return batch.chunks.some(({ first }) => first === 0) ? { ...result, stored: [], fenced: batch.chunks } : result
      }
    })
    queue.add(chunk(0, 1))
    await held.started
    queue.add(chunk(1, 1))
    queue.add(chunk(5, 2, { partition: 1 }))
    held.end.resolve()
    await queue.drain()
    expect(written.map(({ chunks }) => chunks.map(({ partition, first }) => [partition, first]))).toEqual([
      [[0, 0]],
      [[1, 5]]
    ])
    expect(queue.pendingRows).toBe(0)
  })

  it('says whether all that was added is stored', async () => {
    const held = heldWrite()
    const { queue } = queueOf({ write: held.write })
    expect(queue.idle).toBe(true)
    queue.add(chunk(0, 1))
    expect(queue.idle).toBe(false)
    await held.started
    expect(queue.idle).toBe(false)
    held.end.resolve()
    while (!queue.idle) await queue.changed
    await queue.close()
  })

  it('says how often a batch has failed and how long it waits, until it is stored', async () => {
    let fails = 3
    const retried: number[] = []
    const { queue } = queueOf({
      write: async batch => {
        if (fails-- > 0) throw new PostgresError('POSTGRES_UNAVAILABLE', 'away')
        return answer(batch)
      },
      onRetry: (_, attempt) => {
        retried.push(attempt)
        expect(queue.failures).toBe(attempt)
      }
    })
    expect([queue.failures, queue.waitingMs]).toEqual([0, 0])
    queue.add(chunk(0, 1))
    while (retried.length < 3) await new Promise(resolve => setTimeout(resolve, 5))
    expect(queue.waitingMs).toBeGreaterThan(0)
    await queue.drain()
    expect(retried).toEqual([1, 2, 3])
    expect([queue.failures, queue.waitingMs]).toEqual([0, 0])
  })

  it('writes together what one turn brings to several partitions', async () => {
    const { queue, written } = queueOf()
    queue.add(chunk(0, 1))
    await Promise.resolve()
    queue.add(chunk(0, 1, { partition: 1 }))
    await queue.drain()
    expect(written.map(({ chunks }) => chunks.length)).toEqual([2])
  })

  it('draining writes what waits for its linger, and may be asked for twice', async () => {
    const { queue, written } = queueOf({ limits: { maxRows: 10, maxBytes: 1_000, lingerMs: 3_600_000 } })
    queue.add(chunk(0, 1))
    while (written.length === 0) await queue.changed
    queue.add(chunk(1, 1))
    await Promise.all([queue.drain(), queue.drain()])
    expect(written.map(({ trigger }) => trigger)).toEqual(['linger', 'drain'])
  })

  it('closing leaves what is pending, also in the middle of its retries', async () => {
    const tried = Promise.withResolvers<void>()
    const { queue, written } = queueOf({
      write: async () => {
        tried.resolve()
        throw new PostgresError('POSTGRES_UNAVAILABLE', 'away')
      }
    })
    queue.add(chunk(0, 1))
    await tried.promise
    await queue.close()
    await queue.drain()
    expect(written).toEqual([])
  })
})
