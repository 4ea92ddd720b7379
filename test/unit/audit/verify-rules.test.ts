import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Account, RowPlacer, settle } from '../../../audit/verify/account/index.ts'
import { rootOf, Stretch } from '../../../audit/verify/account/stretch.ts'
import { writtenLate } from '../../../audit/verify/explain/versions.ts'
import { Findings, placeWords } from '../../../audit/verify/findings.ts'
import { EntryChecker } from '../../../audit/verify/log/index.ts'
import type { Source } from '../../../audit/verify/source.ts'
import {
  composeEntry,
  composeRow,
  type Entry,
  leafLetters,
  leafOf,
  type ProofRow,
  signNote
} from '../../../proof/index.ts'
import { copied } from '../../support/proof/copied-row.ts'
import { sampleEntries } from '../../support/proof/entries.ts'
import { testOrigin, testParties } from '../../support/proof/parties.ts'
import { vectorRow } from '../../support/proof/rows.ts'
import { runs } from '../../support/properties.ts'

const source: Source = { kind: 'batch', index: 3, isOld: false, recorded: { first: 0, last: 10 }, isTrusted: true }
const place = { topic: 'badge.awarded', partition: 0, incarnation: 1 }
const codes = (findings: Findings) => findings.kept.map(each => `${each.code}  ${placeWords(each.place)}`)

const rowAt = (offset: number, more: Partial<ProofRow> = {}): ProofRow => ({
  ...vectorRow,
  ...{ partition: 0, offset: BigInt(offset), ...more }
})
const letters = (offset: number): string => leafLetters(composeRow(rowAt(offset)))
const stretchOf = (offsets: readonly number[], first: number, last: number) =>
  new Stretch(source, place, {
    ...{ first, last, rows: offsets.length, duplicates: 0, quarantined: 0, lost: 0, aside: null },
    skipped: last - first + 1 - offsets.length,
    root: rootOf(Buffer.concat(offsets.map(offset => leafOf(composeRow(rowAt(offset)))))) ?? null
  })

test('a stretch is whole with its rows in any order, and with no others', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(200), { minLength: 1, maxLength: 80 }),
      fc.nat(),
      fc.infiniteStream(fc.nat()),
      (given, wrong, order) => {
        const offsets = given.toSorted((one, other) => one - other)
        const keys = new Map(offsets.map(offset => [offset, order.next().value as number]))
        const shuffled = offsets.toSorted((one, other) => (keys.get(one) ?? 0) - (keys.get(other) ?? 0))
        const stretch = stretchOf(offsets, 0, 200)
        for (const offset of shuffled) expect(stretch.put(offset, letters(offset))).toBe('placed')
        expect(stretch.state).toBe('whole')
        const at = offsets[wrong % offsets.length] as number
        expect(stretch.put(at, letters(at))).toBe('twice')
        const free = Array.from({ length: 201 }, (_, offset) => offset).find(offset => !offsets.includes(offset))
        if (free !== undefined) expect(stretch.put(free, letters(free))).toBe('beyond')
        const other = stretchOf(offsets, 0, 200)
        for (const offset of shuffled) other.put(offset, letters(offset === at ? at + 1_000 : offset))
        expect(other.state).toBe('differs')
      }
    ),
    { numRuns: runs(60) }
  )
})

const signed = (entry: Entry, key = testParties.sink): Buffer => Buffer.from(signNote(composeEntry(entry), key))

test('an entry that does not follow the one before of its writer is found, as is a key that is added twice', () => {
  const findings = new Findings()
  const checker = new EntryChecker(testOrigin, testParties.root, findings)
  const head = { seq: 0, previous: null }
  const add = [{ key: testParties.sink.vkey, role: 'sink' as const }]
  const key = { ...sampleEntries.key, ...head, add, revoke: [] }
  expect(checker.take(signed(key, testParties.root), { index: 0, isOld: false })?.source.isTrusted).toBe(true)
  const batch = { ...sampleEntries.batch, ...head, writer: '0199e0c2-5a3c-7b0e-9d7e-000000000001' }
  checker.take(signed(batch), { index: 1, isOld: false })
  checker.take(signed({ ...batch, seq: 1, previous: Buffer.alloc(32).toString('base64') }), { index: 2, isOld: false })
  const again = { ...key, writer: '0199e0c2-5a3c-7b0e-9d7e-000000000002' }
  checker.take(signed(again, testParties.root), { index: 3, isOld: false })
  checker.finish()
  expect(codes(findings)).toEqual(['CHAIN_BROKEN  entry 2', 'KEY_NOT_ALLOWED  entry 3'])
})

/** An account of one entry of the sink with these rows. */
function accountOf(rows: readonly ProofRow[]): Account {
  const account = new Account()
  const root = rootOf(Buffer.concat(rows.map(row => leafOf(composeRow(row))))) as string
  const none = { duplicates: 0, quarantined: 0, skipped: 0, lost: 0, aside: null }
  const [first, last] = [Number(rows[0]?.offset), Number(rows.at(-1)?.offset)]
  const stretch = [{ ...place, first, last, rows: rows.length, ...none, root }]
  account.take({ entry: { ...sampleEntries.batch, stretch }, source })
  return account
}

test('more rows than all retentions have dropped are missing', () => {
  const account = accountOf([rowAt(0), rowAt(1), rowAt(2)])
  const dropped = [{ ...place, rows: 2, first: 0, last: 2 }]
  account.take({ entry: { ...sampleEntries.retention, dropped }, source: { ...source, kind: 'retention', index: 4 } })
  account.finish()
  const findings = new Findings()
  const { gone } = settle(account, new RowPlacer(account, findings), findings)
  expect(gone).toEqual({ dropped: 3, lost: 0 })
  expect(findings.kept).toMatchObject([
    { code: 'ROW_MISSING', words: '3 rows are gone, and the months that were dropped had 2' }
  ])
})

test('a payload that Postgres prints in another form is hashed in canonical JSON where that is asked for', () => {
  const row = rowAt(0)
  const other = composeRow({ ...row, payload: row.payload.replaceAll('": "', '":"') })
  for (const [normalise, found] of [
    [false, ['ROWS_CHANGED  badge.awarded/0, offset 0 (entry 3)']],
    [true, []]
  ] as const) {
    const account = accountOf([row])
    account.finish()
    const findings = new Findings()
    const placer = new RowPlacer(account, findings, { normalise })
    placer.take(...copied(other))
    settle(account, placer, findings)
    expect(codes(findings)).toEqual(found)
  }
})

test('a row that was written later than one after it is a likely one', () => {
  const versions = [5, 5, 1, 5, 3, 3].map((age, offset) => ({ offset, id: String(offset), age }))
  expect(writtenLate(versions, 5).map(({ offset }) => offset)).toEqual([2])
  expect(writtenLate(versions, 1)).toEqual([])
})

test('findings of a code are counted, and the first thousand kept', () => {
  const findings = new Findings()
  for (let index = 0; index < 1_001; index += 1) findings.report('ROW_ADDED', { topic: 'a', first: index }, 'a row')
  findings.report('ROW_TWICE', {}, 'another')
  expect([...findings.counts]).toEqual([
    ['ROW_ADDED', 1_001],
    ['ROW_TWICE', 1]
  ])
  expect(findings.kept).toHaveLength(1_001)
})
