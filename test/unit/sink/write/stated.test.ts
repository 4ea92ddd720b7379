import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { leafOf } from '../../../../proof/index.ts'
import { PageLeaves, statedChunks } from '../../../../sink/write/stated.ts'
import type { Page, Row } from '../../../../trail/types.ts'
import { copyRow, noWho } from '../../../support/trail/plain-rows.ts'
import { chunk, refused } from '../chunks.ts'

const rows = Array.from({ length: 7 }, (_, offset) =>
  copyRow({
    ...{
      id: randomUUID(),
      aggregateId: randomUUID(),
      occurredAt: 1_700_000_000_000_000n,
      eventName: 'lesson.published'
    },
    ...{ payload: `{"title": "${'x'.repeat(offset)}"}`, schemaVersion: 1, ...noWho, partition: 0, offset }
  })
)
const bytes = Buffer.concat(rows)
const startOf = (index: number): number => Buffer.concat(rows.slice(0, index)).length
const page = (first: number, count: number): Page => ({
  ...{ records: undefined as never, suspects: [], rows: count },
  ...{ start: startOf(first), end: startOf(first + count) }
})
const pages = [page(0, 3), page(3, 4)]
const whole = chunk(0, 7, { pages })
const leaves = (...indices: number[]) => Buffer.concat(indices.map(index => leafOf(rows[index] as Buffer)))
const rowAt = (index: number): Row => ({
  ...{ chunk: whole, offset: index, record: undefined as never, buffer: { bytes } },
  ...{ start: startOf(index), end: startOf(index + 1) }
})
const buffer = { bytes } as Parameters<typeof statedChunks>[0]['buffer']
const nothing = { duplicates: [], badRows: [] }

describe('what a statement says of a chunk', () => {
  it('is the leaves of its rows, hashed as its pages came or later', () => {
    const [prepared, later] = [new PageLeaves(), new PageLeaves()]
    prepared.prepare(bytes, pages)
    for (const known of [prepared, later])
      expect(statedChunks({ buffer }, [whole], nothing, [], known)).toMatchObject([
        { topic: 'lesson.published', first: 0, last: 6, leaves: leaves(0, 1, 2, 3, 4, 5, 6), aside: [] }
      ])
  })

  it('has no leaves of rows that were not stored, also at the ends of pages', () => {
    const known = new PageLeaves()
    known.prepare(bytes, pages)
    const badRows = [{ row: rowAt(6), fault: refused(6).fault }]
    const digest = Buffer.alloc(32, 6)
    const kept = [{ ...refused(6), chunk: whole, columns: [], digest }]
    const result = { duplicates: [rowAt(3), rowAt(0), rowAt(4)], badRows }
    const [stated] = statedChunks({ buffer }, [whole], result, kept, known)
    expect(stated?.leaves).toEqual(leaves(1, 2, 5))
    expect(stated?.aside).toMatchObject([
      { kind: 'duplicate', offset: 0 },
      { kind: 'duplicate', offset: 3 },
      { kind: 'duplicate', offset: 4 },
      { kind: 'quarantined', offset: 6, last: 6, code: 'NULL_VALUE', digest }
    ])
  })

  it('is one line for a gap, before what follows it, and nothing for offsets that hold no event', () => {
    const gap = chunk(10, 0, { last: 15, lost: 4, skipped: 1 })
    const kept = [{ ...refused(14), chunk: gap, columns: [], digest: Buffer.alloc(32) }]
    const [stated] = statedChunks({ buffer }, [gap], nothing, kept, new PageLeaves())
    expect(stated).toMatchObject({
      ...{ first: 10, last: 15, leaves: Buffer.alloc(0) },
      aside: [
        { kind: 'lost', offset: 10, last: 13 },
        { kind: 'quarantined', offset: 14 }
      ]
    })
  })
})
