import fc from 'fast-check'
import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { lowestId, monthPartition } from '../../../trail/months.ts'

describe('the partition of a month', () => {
  it('goes over the end of the year', () => {
    const december = monthPartition(new Date('2026-12-31T23:59:59.999Z'))
    const january = monthPartition(new Date('2026-12-31T23:59:59.999Z'), 1)
    expect(december.table).toBe('event_envelopes_2026_12')
    expect(january.table).toBe('event_envelopes_2027_01')
    expect(december.to).toBe(january.from)
    expect(january).toEqual(monthPartition(new Date('2027-01-01T00:00:00.000Z')))
    expect(monthPartition(new Date('2026-11-15T00:00:00Z'), 14).table).toBe('event_envelopes_2028_01')
  })

  it('takes the day of the month for no month of its own', () => {
    expect(monthPartition(new Date('2026-01-31T12:00:00Z'), 1).table).toBe('event_envelopes_2026_02')
    expect(monthPartition(new Date('2024-02-29T00:00:00Z')).table).toBe('event_envelopes_2024_02')
  })

  it('holds every id of its time and none of another, and has no gap to the next', () => {
    const time = fc.date({ min: new Date('1970-01-01'), max: new Date('9998-12-31'), noInvalidDate: true })
    fc.assert(
      fc.property(time, now => {
        const { from, to, table } = monthPartition(now)
        const id = v7({ msecs: now.getTime() })
        expect(id >= from && id < to).toBe(true)
        expect(monthPartition(now, 1).from).toBe(to)
        expect(table).toMatch(/^event_envelopes_\d{4}_(0[1-9]|1[0-2])$/)
      })
    )
  })

  it('begins at the lowest UUID of its first millisecond', () => {
    expect(lowestId(0)).toBe('00000000-0000-0000-0000-000000000000')
    expect(lowestId(Date.UTC(2026, 10))).toBe('01a19467-e800-0000-0000-000000000000')
    expect(lowestId(2 ** 48 - 1)).toBe('ffffffff-ffff-0000-0000-000000000000')
  })
})
