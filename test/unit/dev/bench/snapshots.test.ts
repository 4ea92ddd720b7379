import { describe, expect, it } from 'vitest'
import { parseSnapshots, visibleSince } from '../../../../dev/bench/measure/snapshots.ts'

describe('visibleSince', () => {
  it('takes the first look at which a transaction is neither running nor still to come', () => {
    const looks = [
      { at: 1, text: '10:10:' },
      { at: 2, text: '10:12:10' },
      { at: 3, text: '12:13:12' }
    ]
    expect(visibleSince(looks, [10, 11, 12])).toEqual(
      new Map([
        [11, 2],
        [10, 3]
      ])
    )
  })

  it('asks for each transaction once, however many rows it wrote', () => {
    expect(visibleSince([{ at: 5, text: '9:9:' }], [8, 8, 8])).toEqual(new Map([[8, 5]]))
  })
})

describe('parseSnapshots', () => {
  it('reads what the observer wrote', () => {
    expect(parseSnapshots('1700000000000.25 5:7:5\n1700000000001.5 7:7:\n')).toEqual([
      { at: 1700000000000.25, text: '5:7:5' },
      { at: 1700000000001.5, text: '7:7:' }
    ])
  })
})
