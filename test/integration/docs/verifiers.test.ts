import { createHash } from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { composeRow, keptDigest, leafOf, type ProofRow } from '../../../proof/index.ts'
import { cleanBundle, writeBundle } from '../../support/proof/bundles/bundle.ts'
import { MadeLog, madeUuid } from '../../support/proof/bundles/made-log.ts'
import { heldByJava } from '../../support/proof/java-verifier.ts'
import { runVerifier } from '../../support/proof/verifier.ts'

// verify.mjs and test/verifiers/java/Verify.java have no code in common, and one author for bundles.
const folder = mkdtempSync(join(tmpdir(), 'eventtrail-verifiers-'))
afterAll(() => rmSync(folder, { recursive: true }))

const words = createHash('sha256').digest('base64')
const stream = { group: 'sink', prefix: '' }
const place = { topic: 'badge.awarded', partition: 0, incarnation: 1 }
const duplicate = (offset: number) => ({ kind: 'duplicate', offset, id: madeUuid(1) }) as const
const quarantined = (offset: number, last = offset) =>
  ({ kind: 'quarantined', offset, last, code: 'DECODE_FAILED', digest: Buffer.alloc(32, 5) }) as const

const plain = (change: (log: MadeLog) => void = () => undefined) => {
  const log = new MadeLog()
  const lost = { kind: 'lost', offset: 10, last: 12 } as const
  log.store({ first: 0, last: 9, aside: [duplicate(2), quarantined(4), quarantined(6, 8)] })
  log.store({ first: 10, last: 40, aside: [lost, duplicate(15)], skipped: [17] }, { partition: 1, first: 3, last: 20 })
  log.storeByBus(madeUuid(500), madeUuid(501))
  change(log)
  return log
}
const row = (log: MadeLog, index: number) => log.bundle.rows[index] as { row: ProofRow; recorded: string }

const reset = (from: number) => {
  const log = new MadeLog()
  log.store({ first: 0, last: 9 })
  log.say('reset', { ...stream, reset: [{ ...place, incarnation: 2, from, to: 0 }], words })
  log.store({ incarnation: 2, first: 0, last: 12 })
  return log
}

const restored = (first: number) => {
  const log = new MadeLog()
  log.store({ first: 0, last: 9 })
  const lost = log.store({ first: 10, last: 19 })
  log.say('restored', { entries: { had: 2, of: 3 }, words })
  log.remove(...lost)
  log.store({ first, last: first + 14 })
  return log
}

const dropped = (rows: number) => {
  const september = (number: number): string => `019991f2-0000-7000-8000-${String(number).padStart(12, '0')}`
  const log = new MadeLog()
  const gone = log.store({ first: 0, last: 9, id: september })
  const both = log.store({ first: 10, last: 19, id: offset => (offset < 13 ? september(offset) : madeUuid(offset)) })
  const kept = both.slice(0, 3)
  const leaves = kept.map(each => leafOf(composeRow(each)))
  log.say('retention', {
    month: '2025-09',
    bounds: { from: '2025-09-01T00:00:00.000000Z', to: '2025-10-01T00:00:00.000000Z' },
    rows,
    dropped: [{ ...place, rows, first: 0, last: 12 }],
    kept: { leaves: 3, digest: keptDigest(Buffer.concat(leaves)) },
    words
  })
  log.bundle.lists.kept = leaves.map((leaf, index) => ({
    ...{ ...place, retention: 3, event_id: kept[index]?.id, offset: 10 + index, leaf: leaf.toString('base64') }
  }))
  log.remove(...gone, ...kept)
  return log
}

const twoGroups = () => {
  const log = new MadeLog()
  log.store({ first: 0, last: 9 })
  log.store({ group: 'other', first: 0, last: 11, aside: Array.from({ length: 10 }, (_, offset) => duplicate(offset)) })
  return log
}

const made: Readonly<Record<string, () => MadeLog>> = {
  plain: () => plain(),
  'an entry without a place': () => plain(log => (log.bundle.unsealed = log.bundle.entries.splice(3))),
  'two groups': twoGroups,
  'a reset': () => reset(10),
  'a restore': () => restored(10),
  'a month that went': () => dropped(13),
  'a changed payload': () => plain(log => (row(log, 3).row = { ...row(log, 3).row, payload: '{}' })),
  'a missing row': () => plain(log => log.bundle.rows.splice(3, 1)),
  'a row twice': () => plain(log => log.bundle.rows.push(row(log, 3))),
  'a row of a skipped offset': () =>
    plain(log => log.bundle.rows.push({ ...row(log, 20), row: { ...row(log, 20).row, offset: 17n } })),
  'a row of another time': () => plain(log => (row(log, 3).recorded = '2026-12-24T00:00:00.000000Z')),
  'a changed row of the bus': () =>
    plain(
      log => (row(log, log.bundle.rows.length - 1).row = { ...row(log, log.bundle.rows.length - 1).row, actor: null })
    ),
  'a changed list': () => plain(log => log.bundle.lists.duplicates?.pop()),
  'no lists': () => plain(log => (log.bundle.lists = {})),
  'an entry that is gone': () => plain(log => log.bundle.entries.splice(2, 1)),
  'another order, signed': () =>
    plain(log => log.bundle.entries.splice(2, 2, ...log.bundle.entries.slice(2, 4).reverse())),
  'a reset from elsewhere': () => reset(12),
  'a hole after a restore': () => restored(21),
  'more rows gone than were dropped': () => dropped(12),
  'a group without its rows': () => {
    const log = twoGroups()
    log.bundle.rows.pop()
    return log
  }
}

test('two verifiers agree on bundles, whole ones and ones that were changed', async () => {
  const found = new Map(
    Object.entries(made).map(([name, make]) => {
      const path = join(folder, name.replaceAll(' ', '-'))
      writeBundle(folder, make().bundle)
      renameSync(join(folder, 'bundle'), path)
      return [path, runVerifier(path, '--trust', join(folder, 'trust.txt'))] as const
    })
  )
  writeBundle(folder, cleanBundle())
  renameSync(join(folder, 'bundle'), join(folder, 'clean'))
  found.set(join(folder, 'clean'), runVerifier(join(folder, 'clean'), '--trust', join(folder, 'trust.txt')))
  const java = await heldByJava(join(folder, 'trust.txt'), [...found.keys()])
  const verdicts = [...found].map(([path, { status, output }]) => ({
    path,
    ours: status === 0,
    java: java[path],
    output
  }))
  const differing = verdicts.filter(({ ours, java }) => ours !== (java === 'holds'))
  expect(differing).toEqual([])
  expect(verdicts.flatMap(({ ours, path }) => (ours ? [basename(path)] : []))).toEqual([
    ...['plain', 'an-entry-without-a-place', 'two-groups', 'a-reset', 'a-restore', 'a-month-that-went'],
    // The log is what its key has signed: only a checkpoint that was kept would show another one.
    ...['another-order,-signed', 'clean']
  ])
})

test('both name no file that they cannot read as one that holds', async () => {
  writeFileSync(join(folder, 'none.eventproof'), '{}')
  const path = join(folder, 'none.eventproof')
  expect(runVerifier(path, '--trust', join(folder, 'trust.txt')).status).toBe(1)
  expect((await heldByJava(join(folder, 'trust.txt'), [path]))[path]).toMatch(/^refused/)
})
