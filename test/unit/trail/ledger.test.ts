import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bookEntries } from '../../../trail/positions/ledger.ts'
import type { Row } from '../../../trail/types.ts'
import { chunk, refused, row } from '../sink/chunks.ts'

const count = (fates: readonly string[], wanted: string) => fates.filter(fate => fate === wanted).length

const fault = { code: 'CONFLICT', reason: 'other content' } as const

describe('booking', () => {
  it('counts each entry once, in the chunk that it is in', () => {
    const fates = fc.array(
      fc.array(fc.constantFrom('stored', 'duplicate', 'refused by Postgres', 'refused by us'), { maxLength: 12 }),
      { minLength: 1, maxLength: 4 }
    )
    fc.assert(
      fc.property(fates, fc.nat(3), fc.nat(3), (partitions, skipped, lost) => {
        const result = {
          stored: 0,
          duplicates: [] as Row[],
          badRows: [] as { row: Row; fault: typeof fault }[]
        }
        const chunks = partitions.map((each, partition) => {
          const last = 10 + lost + each.length + skipped - 1
          const bad = each.flatMap((fate, index) => (fate === 'refused by us' ? [refused(10 + lost + index)] : []))
          const made = chunk(10, each.length - bad.length, { partition, badRecords: bad, last, skipped, lost })
          for (const [index, fate] of each.entries()) {
            if (fate === 'stored') result.stored += 1
            else if (fate === 'duplicate') result.duplicates.push(row(made, 10 + lost + index))
            else if (fate === 'refused by Postgres') result.badRows.push({ row: row(made, 10 + lost + index), fault })
          }
          return made
        })
        expect(bookEntries(chunks, result)).toEqual(
          partitions.map((each, partition) => ({
            chunk: chunks[partition],
            rows: count(each, 'stored'),
            duplicates: count(each, 'duplicate'),
            quarantined: count(each, 'refused by us') + count(each, 'refused by Postgres')
          }))
        )
      })
    )
  })

  it('counts all offsets of what is refused as one', () => {
    const batch = { ...refused(12), lastOffset: 14 }
    expect(
      bookEntries([chunk(10, 2, { last: 14, badRecords: [batch] })], { stored: 2, duplicates: [], badRows: [] })
    ).toMatchObject([{ rows: 2, duplicates: 0, quarantined: 3 }])
  })

  it('refuses a chunk of which an offset went nowhere', () => {
    expect(() => bookEntries([chunk(0, 3, { last: 3 })], { stored: 3, duplicates: [], badRows: [] })).toThrow(
      'offsets 0 to 3 are 4, not 3 records, 0 skipped and 0 lost'
    )
  })

  it('refuses a chunk with more records than offsets', () => {
    expect(() =>
      bookEntries([chunk(0, 3, { last: 1, skipped: -1 })], { stored: 3, duplicates: [], badRows: [] })
    ).toThrow(expect.objectContaining({ code: 'LEDGER_MISMATCH' }))
  })

  it('refuses a count of Postgres that is another one than ours', () => {
    expect(() => bookEntries([chunk(0, 3)], { stored: 2, duplicates: [], badRows: [] })).toThrow(
      expect.objectContaining({ code: 'LEDGER_MISMATCH', retryable: false })
    )
  })
})
