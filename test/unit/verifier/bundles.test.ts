import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { composeRow, keptDigest, leafOf, type ProofRow } from '../../../proof/index.ts'
import { checkpointOf, writeBundle } from '../../support/proof/bundles/bundle.ts'
import { MadeLog, madeUuid } from '../../support/proof/bundles/made-log.ts'
import { runVerifier } from '../../support/proof/verifier.ts'

const folder = mkdtempSync(join(tmpdir(), 'eventtrail-bundles-'))
afterAll(() => rmSync(folder, { recursive: true }))
const bundle = join(folder, 'bundle')
const trust = join(folder, 'trust.txt')

const verify = ({ bundle: made }: MadeLog, ...words: string[]) => {
  writeBundle(folder, made)
  return runVerifier(bundle, '--trust', trust, ...words)
}
const clean = { status: 0, codes: [] }

const digest = Buffer.alloc(32, 5)
const duplicate = (offset: number, id = madeUuid(1)) => ({ kind: 'duplicate', offset, id }) as const
const quarantined = (offset: number, last?: number) =>
  ({ kind: 'quarantined', offset, code: 'DECODE_FAILED', digest, ...(last !== undefined && { last }) }) as const
const words = createHash('sha256').digest('base64')
const stream = { group: 'sink', prefix: '' }
const place = { topic: 'badge.awarded', partition: 0, incarnation: 1 }

describe('the lists of a bundle', () => {
  const made = (): MadeLog => {
    const log = new MadeLog()
    const lost = { kind: 'lost', offset: 10, last: 12 } as const
    log.store({ first: 0, last: 9, aside: [duplicate(2), quarantined(4), quarantined(6, 8)] })
    log.store({ first: 10, last: 19, aside: [lost, duplicate(15)] })
    return log
  }

  test('hold against what the entries say of them', () => {
    const { output, ...found } = verify(made())
    expect(found, output).toEqual(clean)
    expect(output).toContain('2 duplicates, 2 in quarantine, 1 gaps')
  })

  type Lists = MadeLog['bundle']['lists']
  const first = (lists: Lists, name: string): Record<string, unknown> => lists[name]?.[0] as Record<string, unknown>
  test.each<[string, string[], (lists: Lists) => void]>([
    ['a duplicate is left out', ['LIST_CHANGED', 'ROW_MISSING'], lists => void lists.duplicates?.shift()],
    ['a duplicate is of another event', ['LIST_CHANGED'], lists => (first(lists, 'duplicates').event_id = madeUuid(2))],
    ['a record of the quarantine has another code', ['LIST_CHANGED'], l => (first(l, 'quarantine').code = 'CONFLICT')],
    ['a record of the quarantine is another', ['LIST_CHANGED'], l => (first(l, 'quarantine').digest = 'ab'.repeat(32))],
    ['a gap is shorter', ['LIST_CHANGED'], lists => (first(lists, 'gaps').last = 11)],
    ['an offset is a text', ['LIST_CHANGED'], lists => (first(lists, 'duplicates').offset = '2')],
    ['a duplicate was added', ['LIST_CHANGED'], l => l.duplicates?.push({ ...first(l, 'duplicates'), offset: 9 })]
  ])('are found to be changed: %s', (_, codes, change) => {
    const log = made()
    change(log.bundle.lists)
    const { status, codes: found, output } = verify(log)
    expect(found, output).toContain(codes[0])
    expect(status).toBe(1)
  })

  test('are found to be changed where they are missing', () => {
    const log = made()
    log.bundle.lists = {}
    expect(verify(log).codes).toContain('LIST_CHANGED')
  })
})

test('a row of a topic that two groups read belongs to the one that has not found it there already', () => {
  const log = new MadeLog()
  log.store({ first: 0, last: 9 })
  const known = Array.from({ length: 10 }, (_, offset) => duplicate(offset, madeUuid(10_000 + offset)))
  log.store({ group: 'other', first: 0, last: 11, aside: known })
  const [row] = log.store({ first: 10, last: 11, aside: [duplicate(10), duplicate(11)] })
  expect(row).toBeUndefined()
  const { output, ...found } = verify(log)
  expect(found, output).toEqual(clean)
  log.bundle.rows.splice(3, 1)
  expect(verify(log)).toMatchObject({ status: 1, codes: ['ROW_MISSING'] })
})

describe('a partition that was reset', () => {
  const made = (from: number, isSigned = true): MadeLog => {
    const log = new MadeLog()
    log.store({ first: 0, last: 9 })
    if (isSigned) log.say('reset', { ...stream, reset: [{ ...place, incarnation: 2, from, to: 0 }], words })
    log.store({ incarnation: 2, first: 0, last: 12 })
    return log
  }
  test('has rows of the same offsets twice, each of its time', () => {
    const { output, ...found } = verify(made(10))
    expect(found, output).toEqual(clean)
    const log = made(10)
    log.bundle.rows.splice(3, 1)
    const missing = verify(log)
    expect(missing).toMatchObject({ status: 1, codes: ['ROW_MISSING'] })
    expect(missing.output).toContain('offsets 0-9 (entry 1): 9 rows of 10; missing: 3')
  })
  test('has an entry that says so, and where it was', () => {
    expect(verify(made(10, false)).codes).toEqual(['RESET_UNSIGNED'])
    expect(verify(made(12)).codes).toEqual(['OFFSETS_HOLE'])
    expect(verify(made(8)).codes).toEqual(['OFFSETS_OVERLAP'])
  })
})

test('an entry that its writer left open may be in the log after one that follows it', () => {
  const log = new MadeLog()
  log.store({ first: 10, last: 19 })
  log.store({ first: 0, last: 9 })
  expect(verify(log)).toMatchObject(clean)
})

describe('rows that retention has dropped', () => {
  const october = (number: number): string => `019991f2-0000-7000-8000-${String(number).padStart(12, '0')}`
  const made = (more: { rows?: number; incarnation?: number; leaves?: (leaves: Buffer[]) => Buffer[] } = {}) => {
    const log = new MadeLog()
    const gone = log.store({ first: 0, last: 9, skipped: [0, 9], id: october })
    const both = log.store({ first: 10, last: 19, id: offset => (offset < 13 ? october(offset) : madeUuid(offset)) })
    log.storeByBus(october(100), october(101))
    const kept = both.slice(0, 3)
    const leaves = kept.map(row => leafOf(composeRow(row)))
    log.say('retention', {
      month: '2025-09',
      bounds: { from: '2025-09-01T00:00:00.000000Z', to: '2025-10-01T00:00:00.000000Z' },
      rows: (more.rows ?? 11) + 2,
      dropped: [{ ...place, incarnation: more.incarnation ?? 1, rows: more.rows ?? 11, first: 1, last: 12 }],
      kept: { leaves: 3, digest: keptDigest(Buffer.concat(leaves)) },
      words
    })
    log.bundle.lists.kept = (more.leaves?.(leaves) ?? leaves).map((leaf, index) => ({
      ...place,
      retention: 4,
      event_id: kept[index]?.id,
      offset: 10 + index,
      leaf: leaf.toString('base64')
    }))
    log.remove(...gone, ...kept)
    log.bundle.rows = log.bundle.rows.filter(({ row }) => row.offset !== null)
    return log
  }

  test('are not missing, and the leaves that were kept complete their stretches', () => {
    const { output, ...found } = verify(made())
    expect(found, output).toEqual(clean)
    expect(output).toContain('13 dropped by retention')
  })
  test('are of the incarnation that its entry names, and not more than it says', () => {
    expect(verify(made({ incarnation: 2 })).codes).toContain('ROW_MISSING')
    expect(verify(made({ rows: 10 })).codes).toEqual(['ROW_MISSING'])
  })
  test('have other kept leaves: found', () => {
    expect(verify(made({ leaves: each => each.slice(1) })).codes).toEqual(['KEPT_CHANGED', 'ROW_MISSING'])
    expect(verify(made({ leaves: ([, ...each]) => [digest, ...each] })).codes).toEqual(['KEPT_CHANGED', 'ROWS_CHANGED'])
  })
  test('leave no other row of a stretch out', () => {
    const log = made()
    log.remove(log.bundle.rows[0]?.row as ProofRow)
    expect(verify(log).codes).toEqual(['ROW_MISSING'])
  })
})

test('rows that a signed loss names are not missing, in its incarnation', () => {
  const made = (incarnation: number): MadeLog => {
    const log = new MadeLog()
    const rows = log.store({ first: 0, last: 9 })
    log.say('loss', { ...stream, lost: [{ ...place, incarnation, first: 4, last: 9 }], words })
    log.remove(...rows.slice(4))
    return log
  }
  const { output, ...found } = verify(made(1))
  expect(found, output).toEqual(clean)
  expect(output).toContain('6 lost as signed')
  expect(verify(made(2)).codes).toEqual(['ROW_MISSING'])
})

test('after a restore a sink stores again what the database had lost, and both entries hold', () => {
  const log = new MadeLog()
  log.store({ first: 0, last: 9 })
  const lost = log.store({ first: 10, last: 19, aside: [duplicate(12), quarantined(14)] })
  log.say('restored', { entries: { had: 2, of: 3 }, words })
  log.remove(...lost)
  log.bundle.lists = {}
  log.store({ first: 10, last: 24, aside: [duplicate(12), quarantined(14)] })
  const { output, ...found } = verify(log)
  expect(found, output).toEqual(clean)
  log.say('restored', { entries: { had: 2, of: 3 }, words })
  log.store({ first: 26, last: 27 })
  expect(verify(log).codes).toEqual(['OFFSETS_HOLE'])
})

test('the row of a retry that is missing, or there twice, is found', () => {
  const log = new MadeLog()
  log.store({ first: 0, last: 3, aside: [quarantined(2)] })
  const [row] = log.bundle.rows.map(each => ({ ...each.row, offset: 2n, id: madeUuid(77) }))
  if (!row) throw new Error('no row was stored')
  const leaf = leafOf(composeRow(row)).toString('base64')
  log.say('retry', { ...stream, form: 1, record: { ...place, offset: 2 }, event: row.id, leaf, words })
  log.resolve(2, 'stored')
  expect(verify(log).codes).toEqual(['ROW_MISSING'])
  log.bundle.rows.push({ row, recorded: '2026-09-21T14:13:23.000000Z' })
  const { output, ...found } = verify(log)
  expect(found, output).toEqual(clean)
  log.bundle.rows.push({ row, recorded: '2026-09-21T14:13:23.000000Z' })
  expect(verify(log).codes).toEqual(['ROW_TWICE'])
})

test('a record of the quarantine has become what an entry says, and no other thing', () => {
  const log = new MadeLog()
  log.store({ first: 0, last: 9, aside: [quarantined(2), quarantined(4, 6)] })
  log.resolve(2, 'discarded')
  expect(verify(log).codes).toEqual(['LIST_CHANGED'])
  log.resolve(2, 'held')
  log.say('resolution', { ...stream, record: { ...place, first: 4, last: 6 }, status: 'discarded', words })
  expect(verify(log).output).toContain('LIST_CHANGED  badge.awarded/0, offset 4: a record')
  log.resolve(4, 'stored')
  expect(verify(log).codes).toEqual(['LIST_CHANGED'])
  log.resolve(4, 'discarded')
  expect(verify(log)).toMatchObject(clean)
  // Of a database that was restored from before the entry.
  log.say('restored', { entries: { had: 2, of: 3 }, words })
  log.resolve(4, 'held')
  expect(verify(log)).toMatchObject(clean)
})

test('adopted rows of the bus may go with their month, and with no other one', () => {
  const at = (month: number, last: number) =>
    `${Date.UTC(2025, month - 1, 5)
      .toString(16)
      .padStart(12, '0')
      .replace(/^.{8}/, '$&-')}-7000-8000-${String(last).padStart(12, '0')}`
  const made = (last: string, months: readonly string[], rows: number) => {
    const log = new MadeLog()
    const bus = [{ first: at(9, 1), last, rows, root: digest.toString('base64') }]
    log.say('adopted', { ...stream, form: 1, block: [], bus, position: [] })
    for (const month of months)
      log.say('retention', {
        ...{ month, bounds: { from: `${month}-01T00:00:00.000000Z`, to: after[month] } },
        ...{ rows: 2, dropped: [], kept: { leaves: 0, digest: null }, words }
      })
    return verify(log)
  }
  const after: Record<string, string> = {
    '2025-09': '2025-10-01T00:00:00.000000Z',
    '2025-10': '2025-11-01T00:00:00.000000Z'
  }
  expect(made(at(9, 2), ['2025-09'], 2)).toMatchObject(clean)
  for (const found of [
    made(at(9, 2), ['2025-10'], 2),
    // The leaves of the one month would stay until the other one goes.
    made(at(10, 2), ['2025-09', '2025-10'], 2),
    made(at(9, 2), ['2025-09'], 3)
  ])
    expect(found.codes, found.output).toEqual(['ROW_MISSING'])
})

describe('entries that have no place in the log yet', () => {
  test('account for their rows, and are counted', () => {
    const log = new MadeLog()
    log.store({ first: 0, last: 9 })
    log.store({ first: 10, last: 19 })
    log.bundle.unsealed = log.bundle.entries.splice(2)
    const { output, ...found } = verify(log)
    expect(found, output).toEqual(clean)
    expect(output).toContain('1 of them are signed, and not in the log yet')
    log.bundle.unsealed = []
    expect(verify(log).codes).toEqual(Array(10).fill('ROW_ADDED'))
  })
})

describe('a checkpoint that was kept', () => {
  const keep = (entries: readonly string[]): string => {
    writeFileSync(join(folder, 'kept'), checkpointOf(entries))
    return join(folder, 'kept')
  }
  const made = (): MadeLog => {
    const log = new MadeLog()
    for (const first of [0, 10, 20]) log.store({ first, last: first + 9 })
    return log
  }
  test('is continued by the log', () => {
    const log = made()
    for (const count of [0, 1, 2, 3, 4])
      expect(verify(log, '--kept', keep(log.bundle.entries.slice(0, count)))).toMatchObject(clean)
  })
  test('of another log of the same key shows the fork, and one of a longer log that entries are gone', () => {
    const log = made()
    const [key, one, two, three] = log.bundle.entries as [string, string, string, string]
    expect(verify(log, '--kept', keep([key, two, one])).codes).toEqual(['LOG_FORKED'])
    log.bundle.entries = [key, one, two]
    expect(verify(log, '--kept', keep([key, one, two, three])).codes).toContain('LOG_ROLLED_BACK')
  })
})
