import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Fetched, ReadPosition } from '../../../sink/intake/read-position.ts'
import { type StoredPosition, startPointOf } from '../../../trail/positions/start-point.ts'
import { digestOf } from '../../../trail/rows/digest.ts'
import { record } from './chunks.ts'

const lastAt = (offset: number) => ({ offset, digest: digestOf(record(offset).value) })
const stored = (nextOffset: number, lastRecord?: StoredPosition['lastRecord']): StoredPosition => ({
  nextOffset,
  incarnation: 1,
  ...(lastRecord && { lastRecord })
})

describe('placing a partition', () => {
  it.each([
    ['it was never read', stored(0), { start: 0, end: 5 }, { from: 0, verify: false, lost: 0 }],
    ['the last record is there', stored(5, lastAt(4)), { start: 0, end: 9 }, { from: 4, verify: true, lost: 0 }],
    ['the same at the end', stored(5, lastAt(4)), { start: 4, end: 5 }, { from: 4, verify: true, lost: 0 }],
    ['control records follow it', stored(8, lastAt(4)), { start: 0, end: 8 }, { from: 4, verify: true, lost: 0 }],
    ['retention took it', stored(5, lastAt(4)), { start: 5, end: 9 }, { from: 5, verify: false, lost: 0 }],
    ['retention took more', stored(5, lastAt(4)), { start: 7, end: 9 }, { from: 7, verify: false, lost: 2 }],
    ['retention took all', stored(5), { start: 9, end: 9 }, { from: 9, verify: false, lost: 4 }],
    ['there never was a record', stored(5), { start: 0, end: 9 }, { from: 5, verify: false, lost: 0 }]
  ])('where %s', (_, position, log, expected) => {
    expect(startPointOf(position, log)).toEqual({ kind: 'read', ...expected })
  })

  it('stops where the topic has another id, whatever its log holds', () => {
    const anew = { kind: 'halt', reason: 'LOG_REPLACED' }
    const known = { ...stored(5, lastAt(4)), topicId: 'old' }
    expect(startPointOf(known, { start: 0, end: 9, topicId: 'new' })).toEqual(anew)
    expect(startPointOf({ ...stored(0), topicId: 'old' }, { start: 0, end: 0, topicId: 'new' })).toEqual(anew)
    expect(startPointOf(known, { start: 0, end: 4, topicId: 'new' })).toEqual(anew)
  })

  it.each([
    ['the trail', stored(5, lastAt(4)), 'new'],
    ['Kafka', { ...stored(5, lastAt(4)), topicId: 'old' }, undefined]
  ])('goes by the last record where %s has no id', (_, position, topicId) => {
    expect(startPointOf(position, { start: 0, end: 9, topicId })).toMatchObject({ kind: 'read', from: 4, verify: true })
  })

  it('stops where the log ends before what is stored', () => {
    const halt = { kind: 'halt', reason: 'LOG_CUT_BACK' }
    expect(startPointOf(stored(5, lastAt(4)), { start: 0, end: 4 })).toEqual(halt)
    expect(startPointOf(stored(5), { start: 0, end: 0 })).toEqual(halt)
  })
})

/** A position that was placed in a log of `end` records. */
function placedAt(position: StoredPosition, end: number, start = 0) {
  const placement = startPointOf(position, { start, end })
  if (placement.kind !== 'read') throw new Error('it is halted')
  const made = new ReadPosition()
  made.startAt(position, placement)
  return { position: made, from: placement.from }
}

const fetched = (
  fetchedOffset: number,
  offsets: readonly number[],
  lastOffset = offsets.at(-1) ?? fetchedOffset
): Fetched => ({
  fetchedOffset,
  lastOffset,
  records: offsets.map(offset => record(offset))
})

describe('reading on', () => {
  it('stops where a log that was cut back has events between the last record and the position', () => {
    const { position } = placedAt(stored(8, lastAt(4)), 9)
    expect(position.judge(fetched(4, [4]))).toEqual({ kind: 'nothing new' })
    position.advance(4)
    expect(position.judge(fetched(5, [5, 8]))).toEqual({ kind: 'halt', reason: 'LOG_REPLACED' })
  })

  it('continues where nothing but control records is there, in several fetches', () => {
    const { position } = placedAt(stored(8, lastAt(4)), 9)
    position.judge(fetched(4, [4]))
    position.advance(4)
    expect(position.judge(fetched(5, [], 6))).toEqual({ kind: 'nothing new' })
    position.advance(6)
    expect(position.judge(fetched(7, [8]))).toEqual({ kind: 'records', first: 8 })
  })

  it('compares the last record, and leaves it out', () => {
    const { position } = placedAt(stored(5, lastAt(4)), 9)
    expect(position.state).toBe('verifying')
    expect(position.judge(fetched(4, [4, 5, 6]))).toEqual({ kind: 'records', first: 5 })
    position.advance(6)
    expect(position).toMatchObject({ state: 'flowing', next: 7 })
  })

  it('finds nothing new where the last record is the last one', () => {
    const { position } = placedAt(stored(5, lastAt(4)), 5)
    expect(position.judge(fetched(4, [4]))).toEqual({ kind: 'nothing new' })
    position.advance(4)
    expect(position).toMatchObject({ state: 'flowing', next: 5 })
    expect(position.expects(5)).toBe(true)
  })

  it('follows control records after the last record, in one batch with it or in their own', () => {
    const together = placedAt(stored(7, lastAt(4)), 9).position
    expect(together.judge(fetched(4, [4, 7, 8]))).toEqual({ kind: 'records', first: 7 })
    const apart = placedAt(stored(7, lastAt(4)), 9).position
    expect(apart.judge(fetched(4, [4]))).toEqual({ kind: 'nothing new' })
    apart.advance(4)
    expect(apart.judge(fetched(5, [], 6))).toEqual({ kind: 'nothing new' })
    apart.advance(6)
    expect(apart.judge(fetched(7, [7]))).toMatchObject({ kind: 'records', first: 7 })
  })

  it.each([
    ['another record', { ...fetched(4, []), records: [record(4, Buffer.from('another'))] }],
    ['a record without a value', { ...fetched(4, []), records: [record(4, null)] }],
    ['control records in its place', fetched(4, [], 6)],
    ['a record behind it, and not itself', fetched(4, [5])],
    ['a record where none stood before', fetched(4, [4, 5, 7])]
  ])('stops where the log holds %s', (_, batch) => {
    const { position } = placedAt(stored(7, lastAt(4)), 9)
    expect(position.judge(batch)).toEqual({ kind: 'halt', reason: 'LOG_REPLACED' })
  })

  it('passes over offsets that hold no event', () => {
    const { position } = placedAt(stored(5), 9)
    expect(position.judge(fetched(5, [], 8))).toEqual({ kind: 'records', first: 5 })
    position.advance(8)
    expect(position.next).toBe(9)
  })

  it('never takes a batch from elsewhere for the next one: asks for it once, then at the position of the trail', () => {
    const batches = fc.array(fc.record({ fetchedOffset: fc.integer({ min: 3, max: 7 }), length: fc.nat(5) }))
    fc.assert(
      fc.property(batches, all => {
        const { position } = placedAt(stored(5), 20)
        let strayed = 0
        for (const { fetchedOffset, length } of all) {
          const offsets = Array.from({ length }, (_, index) => fetchedOffset + index)
          const reading = position.judge(fetched(fetchedOffset, offsets))
          if (strayed > 1) expect(reading).toEqual({ kind: 'reposition' })
          else if (fetchedOffset === 5) expect(reading).toMatchObject({ kind: 'records', first: 5 })
          else if (strayed === 0) expect(reading).toEqual({ kind: 'reread', from: 5 })
          else expect(reading).toEqual({ kind: 'reposition' })
          strayed = strayed > 1 ? strayed : fetchedOffset === 5 ? 0 : strayed + 1
        }
        expect(position.state).toBe(strayed > 1 ? 'unknown' : 'flowing')
      })
    )
  })

  it('judges a batch that comes again as before', () => {
    const { position } = placedAt(stored(5, lastAt(4)), 9)
    const batch = fetched(4, [4, 5])
    expect(position.judge(batch)).toEqual(position.judge(batch))
  })

  it('forgets where it is, unless it is halted', () => {
    const { position } = placedAt(stored(5), 9)
    position.forget()
    expect(position.judge(fetched(5, [5]))).toEqual({ kind: 'reposition' })
    position.state = 'halted'
    position.forget()
    expect(position.state).toBe('halted')
  })

  it('accounts for every offset once, however the log is cut into batches and whenever it is recreated', () => {
    // A log of events and control records; a client that fetches some, and a process that now and then begins again.
    const logs = fc.array(fc.boolean(), { minLength: 1, maxLength: 30 })
    const moves = fc.array(
      fc.record({ size: fc.integer({ min: 1, max: 6 }), restart: fc.boolean(), lost: fc.boolean() })
    )
    fc.assert(
      fc.property(logs, moves, (isEvent, all) => {
        let trail = stored(0)
        const events: number[] = []
        let { position, from } = placedAt(trail, isEvent.length)
        for (const { size, restart, lost } of all) {
          if (restart) ({ position, from } = placedAt(trail, isEvent.length))
          if (from >= isEvent.length) continue
          const last = Math.min(from + size, isEvent.length) - 1
          const offsets = Array.from({ length: last - from + 1 }, (_, index) => from + index).filter(
            offset => isEvent[offset]
          )
          const reading = position.judge(fetched(from, offsets, last))
          expect(['records', 'nothing new']).toContain(reading.kind)
          if (lost) continue
          if (reading.kind === 'records') {
            expect(reading.first).toBe(trail.nextOffset)
            const fresh = offsets.filter(offset => offset >= reading.first)
            events.push(...fresh)
            const lastEvent = fresh.at(-1)
            trail = stored(last + 1, lastEvent === undefined ? trail.lastRecord : lastAt(lastEvent))
          }
          position.advance(last)
          from = last + 1
        }
        expect(events).toEqual(isEvent.flatMap((event, offset) => (event && offset < trail.nextOffset ? [offset] : [])))
      })
    )
  })
})
