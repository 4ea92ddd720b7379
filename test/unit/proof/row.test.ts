import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { composeRow, leafOf, leavesOf, type ProofRow, parseRow, rowColumns } from '../../../proof/index.ts'
import { copyColumns } from '../../../trail/rows/copy-row.ts'
import { vectorRow } from '../../support/proof/rows.ts'
import { anyText } from '../../support/properties.ts'
import { copyRow } from '../../support/trail/plain-rows.ts'

const text = fc.option(anyText({ maxLength: 20 }))
const ofKafka: fc.Arbitrary<ProofRow> = fc.record({
  id: fc.uuid(),
  aggregateId: fc.uuid(),
  occurredAt: fc.bigInt({ min: 0n, max: 253_402_300_799_999_999n }),
  eventName: anyText({ maxLength: 20 }),
  payload: anyText({ maxLength: 50 }),
  schemaVersion: fc.integer({ min: 1, max: 32_767 }),
  source: text,
  actor: text,
  traceparent: text,
  partition: fc.nat(),
  offset: fc.bigInt({ min: 0n, max: 2n ** 53n })
})
const rows: fc.Arbitrary<ProofRow> = fc
  .tuple(ofKafka, fc.boolean())
  .map(([row, bus]) => (bus ? { ...row, partition: null, offset: null } : row))

test('a row is read as it was composed, and its leaf is the hash of its bytes', () => {
  fc.assert(
    fc.property(rows, fc.nat(9), (row, before) => {
      const bytes = composeRow(row)
      const read = parseRow(Buffer.concat([Buffer.alloc(before), bytes, Buffer.alloc(3)]), before)
      expect(read.row).toEqual(row)
      expect(read.end).toBe(before + bytes.length)
      expect(leafOf(bytes)).toEqual(createHash('sha256').update(bytes).digest())
    })
  )
})

test('has the columns and the bytes that the sink copies', () => {
  expect(rowColumns).toEqual(copyColumns)
  const { partition, offset, source, actor, traceparent, ...row } = vectorRow
  const copied = copyRow({ ...row, source, actor, traceparent, partition: Number(partition), offset: Number(offset) })
  expect(copied).toEqual(composeRow(vectorRow))
})

test('leaves of a page are those of its rows', () => {
  fc.assert(
    fc.property(fc.array(rows, { maxLength: 5 }), each => {
      const bytes = each.map(composeRow)
      const ends = bytes.map((_, index) => 7 + bytes.slice(0, index + 1).reduce((sum, { length }) => sum + length, 0))
      const page = Buffer.concat([Buffer.alloc(7, 1), ...bytes, Buffer.alloc(5, 1)])
      expect(leavesOf(page, 7, Uint32Array.from(ends))).toEqual(Buffer.concat(bytes.map(leafOf)))
    })
  )
})

test('bytes that are no row are refused, and nothing of them is repeated', () => {
  const bytes = composeRow(vectorRow)
  for (let length = 0; length < bytes.length; length += 1)
    expect(() => parseRow(bytes.subarray(0, length))).toThrow(expect.objectContaining({ code: 'ROW_INVALID' }))
  const eight = Buffer.from(bytes)
  eight.writeInt16BE(8)
  expect(() => parseRow(eight)).toThrow('the number of columns is wrong')
  const nullName = Buffer.from(bytes)
  nullName.writeInt32BE(-1, 2 + 20 + 20 + 12)
  expect(() => parseRow(nullName)).toThrow('a null of event_name is wrong')
})

test.each<[string, Partial<ProofRow>, [at: number, bytes: string]]>([
  ['a negative version of the schema', { schemaVersion: -1 }, [-34, 'ffff']],
  ['a negative partition', { partition: -1 }, [-16, 'ffffffff']],
  ['a negative offset', { offset: -1n }, [-8, 'ffffffffffffffff']],
  ['a partition and no offset', { offset: null }, [-12, 'ffffffff']],
  ['an offset and no partition', { partition: null }, [0, '']],
  ['a time without end', { occurredAt: 2n ** 63n - 1n + 946_684_800_000_000n }, [46, '7fffffffffffffff']],
  ['a time without beginning', { occurredAt: -(2n ** 63n) + 946_684_800_000_000n }, [46, '8000000000000000']]
])('%s is refused', (_, change, [at, hex]) => {
  const refused = expect.objectContaining({ code: 'ROW_INVALID' })
  expect(() => composeRow({ ...vectorRow, ...change })).toThrow(refused)
  if (hex === '') return
  const bytes = composeRow({ ...vectorRow, source: null, actor: null, traceparent: null })
  bytes.write(hex, at < 0 ? bytes.length + at : at, 'hex')
  expect(() => parseRow(bytes)).toThrow(refused)
})
