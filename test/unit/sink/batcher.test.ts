import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyOf } from '../../../kafka/types/partition.ts'
import { Batcher } from '../../../sink/write/batcher.ts'
import { chunk, refused } from './chunks.ts'

const limits = { maxRows: 100, maxBytes: 100_000, lingerMs: 10 }

describe('a batch', () => {
  it('holds one chunk a partition, with everything that was added, in order', () => {
    const steps = fc.array(
      fc.record({ partition: fc.nat(3), rows: fc.nat(5), skipped: fc.nat(3), lost: fc.nat(3), bytes: fc.nat(900) }),
      { minLength: 1, maxLength: 40 }
    )
    fc.assert(
      fc.property(steps, taken => {
        const batcher = new Batcher(limits)
        const next = new Map<number, number>()
        const sum = { rows: 0, bytes: 0, range: 0 }
        for (const { partition, rows, skipped, lost, bytes } of taken) {
          const range = rows + skipped + lost
          if (range === 0) continue
          const first = next.get(partition) ?? 7
          const [bad, good] = [Math.min(rows, 1), Math.max(rows - 1, 0)]
          const last = first + range - 1
          const faulty = bad > 0 ? [refused(first + lost)] : []
          batcher.add(chunk(first, good, { partition, last, badRecords: faulty, skipped, lost, bytes }))
          next.set(partition, first + range)
          sum.rows += rows
          sum.bytes += bytes
          sum.range += range
        }
        expect(batcher).toMatchObject({ rows: sum.rows, bytes: sum.bytes, empty: sum.range === 0 })
        const batch = batcher.flush('drain', 0)
        expect(batch).toMatchObject({ rows: sum.rows, bytes: sum.bytes, trigger: 'drain' })
        expect(new Set(batch.chunks.map(keyOf)).size).toBe(batch.chunks.length)
        for (const { partition, first, last, rows, badRecords, skipped, lost } of batch.chunks) {
          expect(first).toBe(7)
          expect(last + 1).toBe(next.get(partition))
          expect(rows + badRecords.length + skipped + lost).toBe(last - first + 1)
          const offsets = badRecords.map(({ offset }) => offset)
          expect(offsets).toEqual([...offsets].sort((a, b) => a - b))
        }
        expect(batcher).toMatchObject({ rows: 0, bytes: 0, empty: true })
      })
    )
  })

  it('refuses a chunk that does not follow the one before it, or is of another incarnation', () => {
    const batcher = new Batcher(limits)
    batcher.add(chunk(0, 5))
    expect(() => batcher.add(chunk(6, 1))).toThrow('lesson.published/0 do not follow')
    expect(() => batcher.add(chunk(4, 1))).toThrow(TypeError)
    expect(() => batcher.add(chunk(5, 1, { incarnation: 2 }))).toThrow(TypeError)
    batcher.add(chunk(6, 1, { partition: 1 }))
    expect(batcher.rows).toBe(6)
  })

  it('takes no more from twice its limits on', () => {
    const batcher = new Batcher(limits)
    batcher.add(chunk(0, 199))
    expect(batcher.full).toBe(false)
    batcher.add(chunk(199, 1))
    expect(batcher.full).toBe(true)
    batcher.flush('rows', 0)
    expect(batcher.full).toBe(false)
    batcher.add(chunk(200, 1, { bytes: 200_000 }))
    expect(batcher.full).toBe(true)
  })

  it('has a buffer of its own, which is reused once the batch is stored, and not before', () => {
    const batcher = new Batcher(limits)
    batcher.buffer.byte(1)
    batcher.add(chunk(0, 1))
    const first = batcher.flush('rows', 0)
    batcher.buffer.byte(2)
    batcher.add(chunk(1, 1))
    expect([first.buffer.at, first.buffer.bytes[0]]).toEqual([1, 1])
    batcher.recycle(first)
    const second = batcher.flush('rows', 0)
    expect([second.buffer.at, second.buffer.bytes[0]]).toEqual([1, 2])
    expect(batcher.buffer).toBe(first.buffer)
    expect(batcher.buffer.at).toBe(0)
  })

  it('does not keep a text that a huge batch has made huge', () => {
    const batcher = new Batcher({ ...limits, maxBytes: 100 })
    const { buffer } = batcher
    buffer.reserve(100_000)
    batcher.add(chunk(0, 1))
    batcher.recycle(batcher.flush('bytes', 0))
    batcher.add(chunk(1, 1))
    batcher.flush('bytes', 0)
    expect(batcher.buffer).not.toBe(buffer)
  })

  it('knows which partitions it holds until it is flushed', () => {
    const batcher = new Batcher(limits)
    batcher.add(chunk(0, 1))
    expect([batcher.holds('lesson.published/0'), batcher.holds('lesson.published/1')]).toEqual([true, false])
    batcher.flush('rows', 0)
    expect(batcher.holds('lesson.published/0')).toBe(false)
  })
})

describe('when a batch is due', () => {
  it('is said by rows first, then bytes, then the linger since the batch before; the first waits for nothing', () => {
    const batcher = new Batcher(limits)
    expect([batcher.due(1_000), batcher.untilNext(1_000)]).toEqual([undefined, undefined])
    batcher.add(chunk(0, 99))
    expect([batcher.due(1_000), batcher.untilNext(1_000)]).toEqual(['linger', 0])
    batcher.add(chunk(99, 0, { last: 99, skipped: 1, bytes: 100_000 }))
    expect(batcher.due(1_000)).toBe('bytes')
    batcher.add(chunk(100, 1))
    expect(batcher.due(1_000)).toBe('rows')
    batcher.flush('rows', 1_000)
    expect(batcher.due(9_999)).toBeUndefined()
    batcher.add(chunk(101, 1))
    expect([batcher.due(1_009), batcher.untilNext(1_009)]).toEqual([undefined, 1])
    expect([batcher.due(1_010), batcher.untilNext(1_011)]).toEqual(['linger', 0])
  })

  it('is said of offsets without rows too: they must be booked', () => {
    const batcher = new Batcher(limits)
    batcher.add(chunk(0, 0, { last: 2, skipped: 3 }))
    expect(batcher.empty).toBe(false)
    expect(batcher.due(10)).toBe('linger')
  })
})
