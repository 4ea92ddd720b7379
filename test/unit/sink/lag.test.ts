import { describe, expect, it } from 'vitest'
import { readLag } from '../../../sink/lag.ts'
import type { StoredPosition } from '../../../trail/positions/start-point.ts'
import { lagOf } from '../../../trail/read/lag.ts'
import type { TrailPositions } from '../../../trail/session/session.ts'

const at = (nextOffset: number, facts: Partial<StoredPosition> = {}): StoredPosition => ({
  nextOffset,
  incarnation: 1,
  ...facts
})
const cutBack = { halted: 'LOG_CUT_BACK' }
const replaced = { halted: 'LOG_REPLACED' }

describe('the lag of a partition', () => {
  it.each([
    ['that is read', at(70), { start: 50, end: 100 }, 30],
    ['that is read to its end', at(100), { start: 50, end: 100 }, 0],
    ['that was never read', undefined, { start: 50, end: 100 }, 50],
    ['of which retention took what was not read', at(20), { start: 50, end: 100 }, 50],
    ['of which retention took all', at(20), { start: 100, end: 100 }, 0],
    ['that ends before the position, while the sink has not judged it', at(100), { start: 10, end: 40 }, 0],
    ['that the breaker stopped', at(70, { halted: 'TOO_MANY_BAD' }), { start: 50, end: 100 }, 30]
  ])('%s is counted from its position', (_, stored, log, lag) => {
    expect(lagOf(stored, { ...log, highWatermark: log.end })).toBe(lag)
  })

  it('counts what an open transaction blocks', () => {
    expect(lagOf(at(70), { start: 50, end: 70, highWatermark: 568 })).toBe(498)
    expect(lagOf(undefined, { start: 50, end: 50, highWatermark: 60 })).toBe(10)
  })

  it.each([
    ['was replaced', at(100, replaced), { start: 0, end: 40 }, 40],
    ['was replaced and has grown past the position', at(100, replaced), { start: 10, end: 130 }, 120],
    [
      'was replaced, as its id says, and the sink has not noticed',
      at(100, { topicId: 'old' }),
      { start: 0, end: 130 },
      130
    ],
    [
      'was replaced while the breaker had it',
      at(100, { topicId: 'old', halted: 'TOO_MANY_BAD' }),
      { start: 0, end: 130 },
      130
    ],
    ['was replaced by an empty one', at(100, replaced), { start: 0, end: 0 }, 0],
    ['was cut back', at(100, cutBack), { start: 10, end: 40 }, 30],
    ['was cut back and has grown past the position', at(100, cutBack), { start: 10, end: 130 }, 120]
  ])('whose log %s is all that the log holds', (_, stored, log, lag) => {
    expect(lagOf(stored, { ...log, highWatermark: log.end, topicId: 'new' })).toBe(lag)
  })

  it('is read of the partitions that Kafka has', async () => {
    const trail: Partial<TrailPositions> = {
      read: async () =>
        new Map([
          ['a/0', at(70)],
          ['b/0', at(9, { topicId: 'old' })]
        ])
    }
    const readings = await readLag(
      {
        trail: trail as TrailPositions,
        logEnds: async () => [
          { topic: 'a', partition: 0, start: 0, end: 100, highWatermark: 110 },
          { topic: 'b', partition: 0, start: 0, end: 10, highWatermark: 10 }
        ],
        topicIds: async () => new Map([['b', 'new']])
      },
      [
        { topic: 'a', partition: 0 },
        { topic: 'a', partition: 1 },
        { topic: 'b', partition: 0 }
      ]
    )
    expect(readings).toEqual([
      { topic: 'a', partition: 0, start: 0, end: 100, highWatermark: 110, lag: 40 },
      { topic: 'b', partition: 0, start: 0, end: 10, highWatermark: 10, lag: 10 }
    ])
  })
})
