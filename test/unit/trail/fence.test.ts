import { expect, it } from 'vitest'
import { keyOf } from '../../../kafka/types/partition.ts'
import { judgeRefused } from '../../../trail/positions/fence.ts'
import type { StoredPosition } from '../../../trail/positions/position.ts'
import { chunk } from '../sink/chunks.ts'

const last = { offset: 9, digest: Buffer.from('the record') }
const stretch = chunk(5, 5, { lastRecord: last })
const position: StoredPosition = { nextOffset: 10, incarnation: 1, lastRecord: last }

it.each<[string, Partial<StoredPosition> | undefined, 'stored' | 'fenced']>([
  ['the answer to its COMMIT was lost', {}, 'stored'],
  ['another sink is elsewhere', { nextOffset: 11 }, 'fenced'],
  ['the log is another one by an operator', { incarnation: 2 }, 'fenced'],
  ['the log is another one by itself', { lastRecord: { offset: 9, digest: Buffer.from('another') } }, 'fenced'],
  ['nobody knows the partition', undefined, 'fenced']
])('judges a stretch whose claim was refused: %s', (_, facts, verdict) => {
  const actual = new Map(facts ? [[keyOf(stretch), { ...position, ...facts }]] : [])
  const { stored, fenced } = judgeRefused([stretch], actual)
  expect({ stored, fenced }).toEqual({ stored: [], fenced: [], [verdict]: [stretch] })
})

it('takes a stretch without a record by its offsets alone', () => {
  const empty = chunk(5, 0, { last: 9, skipped: 5 })
  expect(judgeRefused([empty], new Map([[keyOf(empty), position]])).stored).toEqual([empty])
})
