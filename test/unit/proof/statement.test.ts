import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { maxEntryTextBytes, type StoredEntry } from '../../../proof/index.ts'
import { at, chunk, only, read, rootOf, statementOf, time, writer } from '../../support/proof/statements.ts'
import { runs } from '../../support/properties.ts'

describe('a statement', () => {
  test('is extended in place, and says of all its transactions what was stored', () => {
    const statement = statementOf()
    const first = statement.attempt([chunk(5, 20), chunk(0, 3, { partition: 1 })], at(0))
    statement.stored(first)
    const second = statement.attempt([chunk(25, 30)], at(500))
    expect(only(second.entries)).toMatchObject({ writer, seq: 0, open: true })
    expect(read(only(second.entries))).toMatchObject({
      seq: 0,
      previous: null,
      recorded: { first: time(0), last: time(500) },
      stretch: [
        { partition: 0, first: 5, last: 54, rows: 50, root: rootOf(5, 50), aside: null },
        { partition: 1, first: 0, last: 2, rows: 3, root: rootOf(0, 3) }
      ]
    })
  })

  test('has nothing of an attempt that was rolled back', () => {
    const statement = statementOf()
    statement.stored(statement.attempt([chunk(0, 20)], at(0)))
    statement.attempt([chunk(20, 7)], at(100))
    const { stretch } = read(only(statement.attempt([chunk(20, 30)], at(200)).entries))
    expect(stretch).toMatchObject([{ first: 0, last: 49, rows: 50, root: rootOf(0, 50) }])
  })

  test('counts the offsets that became no rows, and those that hold none', () => {
    const aside = [
      { kind: 'duplicate', offset: 2, id: writer },
      { kind: 'quarantined', offset: 3, last: 5, code: 'BATCH_CORRUPT', digest: Buffer.alloc(32) },
      { kind: 'lost', offset: 6, last: 9 }
    ] as const
    const statement = statementOf()
    const attempt = statement.attempt([{ ...chunk(0, 2), last: 11, aside }], at(0))
    expect(read(only(attempt.entries)).stretch).toMatchObject([
      { first: 0, last: 11, rows: 2, duplicates: 1, quarantined: 3, lost: 4, skipped: 2, aside: expect.any(String) }
    ])
  })

  test('joins no offsets over a gap, and none of another incarnation', () => {
    const statement = statementOf()
    const chunks = [chunk(0, 2), chunk(2, 2), chunk(5, 2), chunk(7, 1, { incarnation: 2 })]
    const { entries } = statement.attempt(chunks, at(0))
    const stretches = entries.map(entry => read(entry).stretch)
    expect(stretches.map(([one, ...more]) => [one?.incarnation, one?.first, one?.last, ...more])).toEqual([
      [1, 0, 3],
      [1, 5, 6],
      [2, 7, 7]
    ])
    expect(entries.map(({ open }) => open)).toEqual([false, false, true])
  })

  test.each([
    ['rows', { rows: 10 }, chunk(1, 9), at(1)],
    ['time', { ms: 500 }, chunk(1, 1), at(500)],
    ['bytes', { bytes: 1_300 }, chunk(0, 1, { partition: 1 }), at(1)]
  ])('is closed by its %s, and the next one names it', (_, limits, more, later) => {
    const statement = statementOf(limits)
    const first = statement.attempt([chunk(0, 1)], at(0))
    expect(only(first.entries).open).toBe(true)
    statement.stored(first)
    const second = statement.attempt([more], later)
    expect(only(second.entries)).toMatchObject({ seq: 0, open: false })
    statement.stored(second)
    const third = only(statement.attempt([chunk(100, 1)], at(1_000)).entries)
    const previous = createHash('sha256').update(only(second.entries).entry).digest('base64')
    expect(read(third)).toMatchObject({ seq: 1, previous, stretch: [{ first: 100 }] })
  })

  test('is several entries where a transaction has more stretches than one may have', () => {
    const statement = statementOf()
    const chunks = Array.from({ length: 1_000 }, (_, partition) => chunk(0, 1, { partition }))
    const attempt = statement.attempt(chunks, at(0))
    const entries = attempt.entries.map(read)
    expect(entries.flatMap(({ stretch }) => stretch.map(({ partition }) => partition))).toEqual(
      chunks.map(({ partition }) => partition)
    )
    for (const [index, { entry, open, seq }] of attempt.entries.entries()) {
      expect(Buffer.byteLength(entry)).toBeLessThan(maxEntryTextBytes)
      expect(seq).toBe(index)
      expect(open).toBe(index === attempt.entries.length - 1)
      const before = attempt.entries[index - 1]
      const previous = before ? createHash('sha256').update(before.entry).digest('base64') : null
      expect(entries[index]?.previous).toBe(previous)
    }
    expect(entries.length).toBeGreaterThan(5)
  })

  test.each([
    'recorded',
    'clock'
  ] as const)('is ended where %s is set back, and the next one has the times after that', which => {
    const statement = statementOf()
    const first = statement.attempt([chunk(0, 2)], at(5_000))
    statement.stored(first)
    const back = { ...at(6_000), [which]: time(4_000) }
    const attempt = statement.attempt([chunk(2, 2)], back)
    expect(attempt.entries).toMatchObject([
      { seq: 0, open: false, entry: only(first.entries).entry },
      { seq: 1, open: true }
    ])
    const next = read(attempt.entries[1] as StoredEntry)
    expect(next).toMatchObject({ [which]: { first: time(4_000), last: time(4_000) }, stretch: [{ first: 2, last: 3 }] })
    statement.stored(statement.attempt([chunk(2, 2)], back))
    expect(read(only(statement.attempt([chunk(4, 1)], at(7_000)).entries))).toMatchObject({
      seq: 1,
      stretch: [{ last: 4 }]
    })
  })

  test('can be ended: what is stored then is the same text, closed', () => {
    const statement = statementOf()
    expect(statement.finish()).toBeUndefined()
    const attempt = statement.attempt([chunk(0, 1)], at(0))
    statement.stored(attempt)
    expect(statement.finish()).toEqual({ ...only(attempt.entries), open: false })
    expect(statement.finish()).toBeUndefined()
    expect(read(only(statement.attempt([chunk(1, 1)], at(1)).entries)).seq).toBe(1)
  })
})

describe('when the database does not take an entry', () => {
  test('another one begins, which names what was stored; where that is not taken either, another writer has to', () => {
    const statement = statementOf()
    const first = statement.attempt([chunk(0, 2)], at(0))
    statement.stored(first)
    statement.attempt([chunk(2, 2)], at(1))
    expect(statement.refused()).toBe(true)
    const again = statement.attempt([chunk(2, 2)], at(2))
    const previous = createHash('sha256').update(only(first.entries).entry).digest('base64')
    expect(read(only(again.entries))).toMatchObject({ seq: 1, previous, stretch: [{ first: 2, last: 3, rows: 2 }] })
    expect(statement.refused()).toBe(false)
  })

  test('whose number is new, another writer has to begin', () => {
    const statement = statementOf()
    statement.attempt([chunk(0, 2)], at(0))
    expect(statement.refused()).toBe(false)
  })

  test('after one that it took, it may refuse again', () => {
    const statement = statementOf()
    for (let seq = 0; seq < 3; seq += 1) {
      statement.stored(statement.attempt([chunk(seq, 1)], at(seq)))
      expect(statement.refused()).toBe(true)
    }
    expect(read(only(statement.attempt([chunk(3, 1)], at(9)).entries)).seq).toBe(3)
  })
})

test('whatever fails, the entries that are stored say of each offset once what is stored', () => {
  const outcome = fc.constantFrom('stored', 'rolled back', 'lost and stored', 'lost', 'refused', 'finished')
  const ms = fc.integer({ min: -500, max: 4_000 })
  const step = fc.record({ outcome, partition: fc.nat(2), rows: fc.integer({ min: 1, max: 40 }), ms })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), steps => {
      // One for each session: the answer to COMMIT is lost with it.
      let database = new Map<number, StoredEntry>()
      const sessions = [database]
      let statement = statementOf({ rows: 100 })
      const next = [0, 0, 0]
      let now = 0
      for (const { outcome, partition, rows, ms } of steps) {
        now += ms
        if (outcome === 'finished') {
          const ended = statement.finish()
          if (ended) database.set(ended.seq, ended)
          continue
        }
        const attempt = statement.attempt([chunk(next[partition] as number, rows, { partition })], at(now))
        // The sealer takes an entry only where there is one.
        if (outcome === 'refused' && database.get(attempt.entries[0]?.seq as number)?.open) statement.refused()
        if (outcome === 'refused' || outcome === 'rolled back') continue
        if (outcome !== 'lost') {
          for (const entry of attempt.entries) database.set(entry.seq, entry)
          next[partition] = (next[partition] as number) + rows
        }
        if (outcome === 'stored') statement.stored(attempt)
        else {
          statement = statementOf({ rows: 100 })
          database = new Map()
          sessions.push(database)
        }
      }
      for (const session of sessions) {
        const entries = [...session.values()]
        expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index))
        for (const [index, entry] of entries.entries()) {
          const before = entries[index - 1]
          const previous = before ? createHash('sha256').update(before.entry).digest('base64') : null
          expect(read(entry).previous).toBe(previous)
        }
      }
      const entries = sessions.flatMap(session => [...session.values()])
      for (const partition of [0, 1, 2]) {
        const stretches = entries.flatMap(entry => read(entry).stretch.filter(each => each.partition === partition))
        let offset = 0
        for (const { first, last, rows, root } of stretches) {
          expect(first).toBe(offset)
          expect(root).toBe(rootOf(first, rows))
          offset = last + 1
        }
        expect(offset).toBe(next[partition])
      }
    }),
    { numRuns: runs(200) }
  )
})
