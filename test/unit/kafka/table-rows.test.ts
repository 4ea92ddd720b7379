import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { KafkaRecord } from '../../../kafka/index.ts'
import { TableRows } from '../../../kafka/table-rows.ts'
import { runs } from '../../support/properties.ts'

const record = (offset: number, key: string, value: string | undefined): KafkaRecord => ({
  offset,
  key: Buffer.from(key),
  value: value === undefined ? null : Buffer.from(value),
  headers: [],
  timestamp: 0
})
const texts = (rows: TableRows) => Object.fromEntries([...rows.current].map(([key, value]) => [key, String(value)]))
const read = (): TableRows => {
  const rows = new TableRows()
  rows.finish()
  return rows
}

describe('rows of a table', () => {
  it('are shown only once the end of the log was reached', () => {
    const rows = new TableRows()
    expect(rows.take([record(0, 'a', '1')], 1).size).toBe(0)
    expect(texts(rows)).toEqual({})
    expect([...rows.finish().keys()]).toEqual(['a'])
    expect(texts(rows)).toEqual({ a: '1' })
  })

  it('that were written here are not put back by what was read from before', () => {
    const rows = read()
    rows.wrote('a', Buffer.from('3'), 2)
    expect(rows.take([record(0, 'a', '1'), record(1, 'a', '2')], 2).size).toBe(0)
    expect(texts(rows)).toEqual({ a: '3' })
    expect(rows.take([record(2, 'a', '3')], 3).size).toBe(0)
    rows.take([record(3, 'a', undefined)], 4)
    expect(texts(rows)).toEqual({})
  })

  it('keep what another wrote later where the answer to a write comes late', () => {
    const rows = read()
    rows.take([record(0, 'a', 'mine'), record(1, 'a', 'later')], 2)
    expect(rows.wrote('a', Buffer.from('mine'), 0)).toBe(false)
    expect(texts(rows)).toEqual({ a: 'later' })
  })

  it('are replaced by those of another log when that is read to its end', () => {
    const rows = read()
    rows.take([record(7, 'a', '1'), record(8, 'b', '2')], 9)
    rows.rebuild()
    rows.take([record(0, 'b', '3')], 1)
    expect(texts(rows)).toEqual({ a: '1', b: '2' })
    expect([...rows.finish()].map(([key, value]) => [key, value?.toString()])).toEqual([
      ['a', undefined],
      ['b', '3']
    ])
  })

  it('are those that count, wherever the log has them, and say where its last record does not', () => {
    const rows = new TableRows(
      (key, value, before) => value !== undefined && String(value) >= String(before.get(key) ?? '')
    )
    rows.finish()
    rows.take([record(0, 'a', '2')], 1)
    expect([...rows.take([record(1, 'a', '1')], 2).keys()]).toEqual(['a'])
    expect([texts(rows), [...rows.outdated]]).toEqual([{ a: '2' }, ['a']])
    rows.take([record(2, 'a', undefined)], 3)
    expect(texts(rows)).toEqual({ a: '2' })
    // Another member has written 4 before 3 was stored here.
    expect(rows.wrote('a', Buffer.from('3'), 4)).toBe(true)
    rows.take([record(3, 'a', '4'), record(4, 'a', '3')], 5)
    expect([texts(rows), [...rows.outdated]]).toEqual([{ a: '4' }, ['a']])
    rows.take([record(5, 'a', '4')], 6)
    expect(rows.outdated.size).toBe(0)
  })

  it('are those of the log whenever answers to writes and pages come, also while it is read from its start', () => {
    const write = fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      value: fc.option(fc.constantFrom('1', '2', '3'), { nil: undefined }),
      isOurs: fc.boolean()
    })
    const steps = fc.array(fc.constantFrom<'read' | 'answer' | 'finish'>('read', 'answer', 'finish'), { maxLength: 40 })
    fc.assert(
      fc.property(fc.array(write, { maxLength: 20 }), steps, (log, order) => {
        const rows = new TableRows()
        const answers = log.flatMap((each, offset) => (each.isOurs ? [{ ...each, offset }] : []))
        let next = 0
        const step = {
          read: () => {
            const each = log[next]
            if (each) rows.take([record(next, each.key, each.value)], ++next)
          },
          answer: () => {
            const answer = answers.shift()
            if (answer) rows.wrote(answer.key, answer.value && Buffer.from(answer.value), answer.offset)
          },
          finish: () => void (rows.isBuilding && rows.finish())
        }
        for (const name of order) step[name]()
        while (next < log.length) step.read()
        while (answers.length > 0) step.answer()
        step.finish()
        const wanted: Record<string, string> = {}
        for (const { key, value } of log) {
          if (value === undefined) delete wanted[key]
          else wanted[key] = value
        }
        expect(texts(rows)).toEqual(wanted)
      }),
      { numRuns: runs(2_000) }
    )
  })
})
