import { describe, expect, it } from 'vitest'
import type { PartitionLook } from '../../../../operations/groups/lag.ts'
import { ordersOf, rewindPlan } from '../../../../operations/groups/rewind-plan.ts'

const look = (topic: string, partition: number, committed: number | undefined): PartitionLook => ({
  ...{ topic, partition, committed, note: undefined, start: 10, end: 100, lag: 0, lost: 0 }
})
const looks = [look('a', 0, 50), look('a', 1, 100), look('b', 0, undefined)]

describe('a plan to rewind', () => {
  it('says of each partition where it was and will be, and how much comes again', () => {
    expect(rewindPlan(looks, { topic: 'a' }, 'earliest')).toEqual([
      { topic: 'a', partition: 0, from: 50, to: 10, again: 40, skipped: 0 },
      { topic: 'a', partition: 1, from: 100, to: 10, again: 90, skipped: 0 }
    ])
  })

  it('counts what handlers never get, and leaves out what stays where it is', () => {
    expect(rewindPlan(looks, { topic: 'a' }, 'latest')).toEqual([
      { topic: 'a', partition: 0, from: 50, to: 100, again: 0, skipped: 50 }
    ])
  })

  it('stays within the log, and sets a position where none was committed', () => {
    expect(rewindPlan(looks, { topic: 'b', partition: 0 }, 3)).toEqual([
      { topic: 'b', partition: 0, from: undefined, to: 10, again: 0, skipped: 0 }
    ])
    expect(rewindPlan(looks, { topic: 'a', partition: 0 }, 1_000)[0]).toMatchObject({ to: 100, skipped: 50 })
  })

  it('to a date takes the offsets that were found for it, and the end where no record is as new', () => {
    const plan = rewindPlan(
      looks,
      {},
      new Date(),
      new Map([
        ['a/0', 20],
        ['b/0', 30]
      ])
    )
    expect(plan.map(({ topic, partition, to }) => [topic, partition, to])).toEqual([
      ['a', 0, 20],
      ['b', 0, 30]
    ])
  })

  it('is refused for one offset of many partitions, and for what the group does not read', () => {
    expect(() => rewindPlan(looks, { topic: 'a' }, 5)).toThrow(expect.objectContaining({ code: 'REWIND_INVALID' }))
    expect(() => rewindPlan(looks, { topic: 'c' }, 'latest')).toThrow(/no topic c/)
    expect(() => rewindPlan(looks, { topic: 'a', partition: 7 }, 'latest')).toThrow(/no partition a\/7/)
  })

  it('becomes orders of one action', () => {
    expect(ordersOf(rewindPlan(looks, { topic: 'a', partition: 0 }, 20), '7')).toEqual([
      { topic: 'a', partition: 0, offset: 20, action: '7' }
    ])
  })
})
