import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { looksOf, lossInMs, type PartitionLook, paceOf } from '../../../../operations/groups/lag.ts'
import { runs } from '../../../support/properties.ts'

const look = (over: Partial<PartitionLook> = {}): PartitionLook => ({
  ...{ topic: 'a', partition: 0, committed: 10, note: undefined, start: 0, end: 30, lag: 20, lost: 0 },
  ...over
})

describe('a look at a group', () => {
  it('counts what waits, and what was removed before it was handled', () => {
    const ends = [0, 1, 2].map(partition => ({ topic: 'a', partition, start: 5, end: 20, highWatermark: 20 }))
    const commits = new Map([
      [
        'a',
        new Map([
          [0, { offset: 12 }],
          [1, { offset: 2, metadata: 'rewind:7' }]
        ])
      ]
    ])
    expect(looksOf(ends, commits).map(({ committed, note, lag, lost }) => [committed, note, lag, lost])).toEqual([
      [12, undefined, 8, 0],
      [2, 'rewind:7', 15, 3],
      [undefined, undefined, 15, 0]
    ])
  })
})

describe('the pace of a group', () => {
  it('falls with a time to clear, grows without one, and nothing waits when there is no lag', () => {
    const at = (committed: number, end: number) => [look({ committed, end, lag: end - committed })]
    expect(paceOf(at(0, 100), at(60, 110), 1_000)).toEqual({
      ...{ handled: 60, published: 10, trend: 'falling', clearMs: 1_000 }
    })
    expect(paceOf(at(0, 100), at(5, 120), 1_000)).toMatchObject({ trend: 'growing', clearMs: undefined })
    expect(paceOf(at(0, 100), at(0, 100), 1_000)).toMatchObject({ trend: 'steady', clearMs: undefined })
    expect(paceOf(at(90, 100), at(100, 100), 1_000)).toMatchObject({ trend: 'none', clearMs: 0 })
  })

  it('counts nothing as handled where a position was moved back', () => {
    expect(paceOf([look({ committed: 30, lag: 0 })], [look({ committed: 0, lag: 30 })], 1_000).handled).toBe(0)
  })

  it('never promises to clear what does not shrink', () => {
    const number = fc.nat(1_000)
    fc.assert(
      fc.property(number, number, number, number, (committed, more, lag, published) => {
        const before = [look({ committed, end: committed + lag, lag })]
        const end = committed + lag + published
        const after = [
          look({ committed: Math.min(committed + more, end), end, lag: Math.max(0, lag + published - more) })
        ]
        const { clearMs, trend } = paceOf(before, after, 1_000)
        const shrinks = (after[0]?.lag ?? 0) < lag
        expect(clearMs !== undefined).toBe(trend === 'falling' || trend === 'none')
        if (!shrinks) expect(trend).not.toBe('falling')
      }),
      { numRuns: runs(500) }
    )
  })
})

describe('the time until loss', () => {
  const hour = 3_600_000
  it('is what retention leaves the first unread record', () => {
    expect(lossInMs(look(), { oldestUnread: 0, retentionMs: 5 * hour, now: 2 * hour })).toBe(3 * hour)
    expect(lossInMs(look(), { oldestUnread: 0, retentionMs: hour, now: 2 * hour })).toBe(0)
  })
  it('is none where nothing waits, or time removes nothing', () => {
    const facts = { oldestUnread: 0, retentionMs: hour, now: 0 }
    expect(lossInMs(look({ lag: 0 }), facts)).toBeUndefined()
    expect(lossInMs(look(), { ...facts, retentionMs: -1 })).toBeUndefined()
    expect(lossInMs(look(), { ...facts, retentionMs: undefined })).toBeUndefined()
  })
})
