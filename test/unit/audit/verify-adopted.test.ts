import { expect, test } from 'vitest'
import { Account, RowPlacer, settle } from '../../../audit/verify/account/index.ts'
import { rootOf } from '../../../audit/verify/account/stretch.ts'
import { Findings, placeWords } from '../../../audit/verify/findings.ts'
import type { Source } from '../../../audit/verify/source.ts'
import { composeRow, type EntryOf, leafOf, type ProofRow } from '../../../proof/index.ts'
import { copiedRow } from '../../support/proof/copied-row.ts'
import { sampleEntries } from '../../support/proof/entries.ts'
import { vectorRow } from '../../support/proof/rows.ts'

const monthOf = (month: string, next: string) => ({
  ...{ month, bounds: { from: `${month}-01T00:00:00.000000Z`, to: `${next}-01T00:00:00.000000Z` } }
})
const september = monthOf('2026-09', '2026-10')
const october = monthOf('2026-10', '2026-11')

/** An id of this time, as version 7 has it. */
function idAt(time: string, last: number): string {
  const ms = Date.parse(time).toString(16).padStart(12, '0')
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7000-8000-${String(last).padStart(12, '0')}`
}

const ofBus = (time: string, last: number): ProofRow => ({
  ...{ ...vectorRow, id: idAt(time, last), partition: null, offset: null }
})
const ofKafka = (offset: number): ProofRow => ({ ...vectorRow, partition: 3, offset: BigInt(offset) })

const source = (kind: Source['kind'], index: number): Source => ({
  ...{ kind, index, isOld: false, isTrusted: true, recorded: { first: 1_000, last: 1_000 } }
})
const rootOver = (rows: readonly ProofRow[]) =>
  rootOf(Buffer.concat(rows.map(row => leafOf(composeRow(row))))) as string
const idOf = (row: ProofRow | undefined) => row?.id as string

interface Given {
  readonly bus?: readonly ProofRow[]
  readonly blocks?: readonly ProofRow[]
  readonly retentions?: readonly Partial<EntryOf<'retention'>>[]
  /** With when each was stored, µs since 2000. */
  readonly rows: readonly (readonly [row: ProofRow, recorded: number])[]
}

function found({ bus = [], blocks = [], retentions = [], rows }: Given): string[] {
  const account = new Account()
  const range = { first: idOf(bus[0]), last: idOf(bus.at(-1)), rows: bus.length }
  const [first, last] = [Number(blocks[0]?.offset), Number(blocks.at(-1)?.offset)]
  account.take({
    entry: {
      ...{ ...sampleEntries.adopted, position: [] },
      block:
        blocks.length === 0
          ? []
          : [{ event: 'badge.awarded', partition: 3, first, last, rows: blocks.length, root: rootOver(blocks) }],
      bus: bus.length === 0 ? [] : [{ ...range, root: rootOver(bus) }]
    },
    source: source('adopted', 1)
  })
  const given = { first: 100, last: 109, rows: 0, duplicates: 0, quarantined: 0, skipped: 10, lost: 0 }
  account.take({
    entry: {
      ...sampleEntries.batch,
      stretch: [{ topic: 'badge.awarded', partition: 3, incarnation: 1, ...given, root: null, aside: null }]
    },
    source: source('batch', 2)
  })
  for (const [index, each] of retentions.entries())
    account.take({
      entry: { ...sampleEntries.retention, dropped: [], kept: { leaves: 0, digest: null }, ...each },
      source: source('retention', index + 3)
    })
  account.finish()
  const findings = new Findings()
  const placer = new RowPlacer(account, findings)
  for (const [row, recorded] of rows) placer.take(...copiedRow(row, recorded))
  settle(account, placer, findings)
  return findings.kept.map(each => `${each.code}  ${placeWords(each.place)}: ${each.words}`)
}

test('adopted rows of the bus may go with their month, and with no other one', () => {
  const bus = [ofBus('2026-09-03Z', 1), ofBus('2026-09-04Z', 2)]
  expect(found({ bus, rows: [], retentions: [{ ...september, rows: 2 }] })).toEqual([])
  const gone = ['ROW_MISSING  bus (entry 1): 2 rows of 2 are gone']
  expect(found({ bus, rows: [] })).toEqual(gone)
  expect(found({ bus, rows: [], retentions: [{ ...october, rows: 2 }] })).toEqual(gone)
  // Its first row went with the month, and the leaf of it would be there.
  const both = [ofBus('2026-09-03Z', 1), ofBus('2026-10-04Z', 2)]
  const months = [september, october].map(each => ({ ...each, rows: 1 }))
  expect(found({ bus: both, rows: [], retentions: months })).toEqual(gone)
})

test('no more rows of the bus are gone with a month than its entry says', () => {
  const bus = [ofBus('2026-09-03Z', 1), ofBus('2026-09-04Z', 2)]
  const dropped = [{ topic: 'badge.awarded', partition: 3, incarnation: 1, rows: 5, first: 0, last: 9 }]
  expect(found({ bus, rows: [], retentions: [{ ...september, rows: 6, dropped }] })).toEqual([
    'ROW_MISSING  bus: 2 rows are gone, and the months that were dropped had 1'
  ])
})

test('a row that says that it is of before the proof was added where such rows were adopted', () => {
  const blocks = [ofKafka(50), ofKafka(51)]
  const bus = [ofBus('2026-09-03Z', 1), ofBus('2026-09-04Z', 2)]
  const adopted = [...blocks, ...bus].map(row => [row, 10] as const)
  const added = [[ofKafka(7), 10] as const, [ofBus('2026-08-03Z', 9), 10] as const]
  expect(found({ blocks, bus, rows: adopted })).toEqual([])
  expect(found({ blocks, bus, rows: [...adopted, ...added] })).toEqual([
    expect.stringContaining('ROW_ADDED  badge.awarded/3, offset 7: '),
    expect.stringContaining(`ROW_ADDED  badge.awarded, event ${idAt('2026-08-03Z', 9)}: `)
  ])
  // Without an adoption they are not covered.
  expect(found({ rows: added })).toEqual([])
})
