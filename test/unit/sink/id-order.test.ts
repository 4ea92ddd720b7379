import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { v7 } from 'uuid'
import { expect, test } from 'vitest'
import { IdOrder } from '../../../sink/write/id-order.ts'
import { readRow, rowEnd } from '../../../trail/rows/copy-row.ts'
import { copyRow } from '../../support/trail/plain-rows.ts'

const rowOf = (id: string, offset: number): Buffer =>
  copyRow({
    id,
    aggregateId: randomUUID(),
    occurredAt: 1_700_000_000_000_000n,
    eventName: 'quiz.submitted',
    payload: JSON.stringify({ n: 'x'.repeat(offset % 50) }),
    schemaVersion: 1,
    partition: 0,
    offset
  })

/** Offset and time of all rows in some bytes. */
function rowsIn(bytes: Buffer): { offset: number; time: number }[] {
  const rows: { offset: number; time: number }[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = rowEnd(bytes, at)
    const { id, offset } = readRow(bytes, at, end)
    rows.push({ offset, time: Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16) })
    at = end
  }
  return rows
}

const times = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 2 ** 48 - 1 }))

test('rows are in the order of the time in their ids, those of one ms as they came, and none is missing', () => {
  const order = new IdOrder()
  fc.assert(
    fc.property(fc.array(times, { maxLength: 60 }), fc.nat({ max: 20 }), (list, gap) => {
      const rows = list.map((msecs, offset) => rowOf(v7({ msecs }), offset))
      // What is between two chunks must not change.
      const middle = list.length >> 1
      const first = Buffer.concat(rows.slice(0, middle))
      const bytes = Buffer.concat([first, Buffer.alloc(gap, 0xff), ...rows.slice(middle)])
      const sorted = order.sort(bytes, [
        { start: 0, end: first.length },
        { start: first.length + gap, end: bytes.length }
      ])
      const wanted = list
        .map((time, offset) => ({ offset, time }))
        .toSorted((one, other) => one.time - other.time || one.offset - other.offset)
      expect(rowsIn(Buffer.from(sorted))).toEqual(wanted)
    })
  )
})

test('of more rows than are sorted at once none is missing', () => {
  const rows = Array.from({ length: 70_000 }, (_, offset) => rowOf(v7({ msecs: 1_000_000 - offset }), offset))
  const bytes = Buffer.concat(rows)
  const sorted = rowsIn(new IdOrder().sort(bytes, [{ start: 0, end: bytes.length }]))
  expect(sorted.map(({ offset }) => offset).toSorted((a, b) => a - b)).toEqual(rows.map((_, offset) => offset))
  expect(sorted.slice(0, 2).map(({ offset }) => offset)).toEqual([65_535, 65_534])
})
