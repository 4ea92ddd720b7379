import { expect, it } from 'vitest'
import { keyOf } from '../../../kafka/types/partition.ts'
import { sortDenied } from '../../../trail/positions/fence.ts'
import type { StoredPosition } from '../../../trail/positions/start-point.ts'
import { chunk } from '../sink/chunks.ts'

const last = { offset: 9, digest: Buffer.from('the record') }
const claimed = chunk(5, 5, { lastRecord: last })
const position: StoredPosition = { nextOffset: 10, incarnation: 1, lastRecord: last }

it.each<[string, Partial<StoredPosition> | undefined, 'stored' | 'fenced']>([
  ['the answer to its COMMIT was lost', {}, 'stored'],
  ['another sink is elsewhere', { nextOffset: 11 }, 'fenced'],
  ['the log is another one by an operator', { incarnation: 2 }, 'fenced'],
  ['the log is another one by itself', { lastRecord: { offset: 9, digest: Buffer.from('another') } }, 'fenced'],
  ['nobody knows the partition', undefined, 'fenced']
])('judges a chunk whose claim was refused: %s', (_, facts, verdict) => {
  const actual = new Map(facts ? [[keyOf(claimed), { ...position, ...facts }]] : [])
  const { stored, fenced } = sortDenied([claimed], actual)
  expect({ stored, fenced }).toEqual({ stored: [], fenced: [], [verdict]: [claimed] })
})

it('takes a chunk without a record by its offsets alone', () => {
  const empty = chunk(5, 0, { last: 9, skipped: 5 })
  expect(sortDenied([empty], new Map([[keyOf(empty), position]])).stored).toEqual([empty])
})
