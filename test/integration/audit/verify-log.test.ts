import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { composeCheckpoint, composeNote, parseNote, signNote } from '../../../proof/index.ts'
import { testSigner } from '../../support/proof/keys.ts'
import { testOrigin, testParties } from '../../support/proof/parties.ts'
import { provedTrail } from '../../support/proof/proved-trail.ts'
import { sealedCheckpoint, writeLog } from '../../support/proof/seal.ts'
import { verifierOf } from '../../support/trail/proof-verifier.ts'

const trail = await provedTrail()
const { verify } = verifierOf(trail)
const badge = `${trail.topicPrefix}badge.awarded`
const beginning = (...places: string[]) => places.map(place => expect.stringContaining(place))

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})
/** A place with the same log. */
function copyOfLog(): string {
  const folder = mkdtempSync(join(tmpdir(), 'eventtrail-log-'))
  folders.push(folder)
  cpSync(trail.folder, folder, { recursive: true })
  return folder
}
const sealed = async (): Promise<string[]> =>
  (await trail.rows('SELECT entry FROM proof_entries WHERE log_index IS NOT NULL ORDER BY log_index')).map(
    ({ entry }) => String(entry)
  )

await trail.stored([{ first: 0, last: 9 }])
const kept = await trail.seal()
await trail.writer().store([{ partition: 1, first: 0, last: 9 }])
await trail.stored([{ first: 10, last: 19 }])
await trail.seal()

test('what is newer than a checkpoint that was kept is verified by itself, and the log has to continue it', async () => {
  const { verified, found } = await verify({ since: kept, kept: [kept] })
  expect(found).toEqual([])
  expect(verified?.rows).toMatchObject({ rows: 20, proved: 20, old: 0 })
  const [row] = await trail.rows('SELECT id FROM event_envelopes WHERE kafka_partition = 1 AND kafka_offset = 3')
  await trail.tamper("UPDATE event_envelopes SET actor = 'user:x' WHERE id = $1", [row?.id])
  expect((await verify({ since: kept })).found).toEqual(beginning(`ROWS_CHANGED  ${badge}/1, offsets 0-9 (entry `))
  await trail.tamper("UPDATE event_envelopes SET actor = 'user:7f0c' WHERE id = $1", [row?.id])
  expect((await verify()).found).toEqual([])
})

test('a verification that is interrupted says nothing, wherever it is', async () => {
  const doings: string[] = []
  await verify({ onProgress: words => void doings.push(words) })
  expect(doings).toEqual([
    'reading the log',
    'comparing the lists of duplicates, quarantine and gaps',
    'reading the rows'
  ])
  for (const words of doings) {
    const stop = new AbortController()
    const { verified } = await verify({ onProgress: now => now === words && stop.abort(), signal: stop.signal })
    expect(verified, words).toBeUndefined()
  }
  expect((await verify()).verified).toBeDefined()
})

test('a checkpoint, a tile or an entry that is changed or gone is found, and another place is used', async () => {
  const good = trail.store
  for (const [file, change, code] of [
    ['checkpoint', (text: Buffer) => Buffer.from(text.toString().replace(/^\d$/m, '9')), 'CHECKPOINT_INVALID'],
    ['tile/entries/000.p/4', (bytes: Buffer) => bytes.fill(0x41, 300, 301), 'ENTRY_MISSING'],
    ['tile/entries/000.p/4', () => undefined, 'ENTRY_MISSING'],
    ['tile/0/000.p/4', (bytes: Buffer) => bytes.fill(0x41, 0, 1), 'ENTRY_MISSING'],
    ['checkpoint', () => undefined, 'CHECKPOINT_INVALID']
  ] as const) {
    const folder = copyOfLog()
    const changed = change(readFileSync(join(folder, file)))
    if (changed) writeFileSync(join(folder, file), changed)
    else rmSync(join(folder, file))
    const { verified, found } = await verify({}, [`file:${folder}`, good])
    expect(found, file).toEqual(beginning(`${code}  `))
    expect(found[0]).toContain(folder)
    expect(verified?.rows.proved, file).toBe(30)
  }
})

test('a log that was replaced is found by its witness, and by a checkpoint that was kept', async () => {
  const folder = copyOfLog()
  // Someone who has the keys of the log and of the sink writes the same without its second half.
  const entries = (await sealed()).slice(0, 1)
  const root = sealedCheckpoint(entries, 0)
  const { text, signatures } = parseNote(root)
  writeLog(folder, entries, composeNote({ text, signatures: signatures.slice(0, 1) }))
  expect((await verify({ kept: [kept] }, [`file:${folder}`])).found).toEqual(
    expect.arrayContaining(
      beginning('QUORUM_MISSING  checkpoint of ', 'LOG_ROLLED_BACK  the checkpoint that was kept: ')
    )
  )
  const other = testSigner(`${testOrigin}/sink-2`)
  const forged = (await sealed()).map((entry, index) => (index === 2 ? signNote(parseNote(entry).text, other) : entry))
  writeLog(folder, forged, sealedCheckpoint(forged, 0))
  expect((await verify({ kept: [kept] }, [`file:${folder}`])).found).toEqual(
    expect.arrayContaining(beginning('ENTRY_FORGED  entry 2: '))
  )
  const swapped = (await sealed()).with(1, forged[2] as string)
  writeLog(folder, swapped, sealedCheckpoint(swapped, 0))
  expect((await verify({ kept: [kept] }, [`file:${folder}`])).found).toEqual(
    expect.arrayContaining(beginning('LOG_FORKED  the checkpoint that was kept: '))
  )
})

test('a checkpoint of another log, and one that no one trusted has signed, are refused', async () => {
  const folder = copyOfLog()
  const text = composeCheckpoint({ origin: 'other.example/trail', size: 0, root: Buffer.alloc(32) })
  for (const signer of [testParties.log, testSigner('other.example/trail')]) {
    writeFileSync(join(folder, 'checkpoint'), signNote(text, signer))
    const { verified, found } = await verify({}, [`file:${folder}`])
    expect(found).toEqual(beginning('CHECKPOINT_INVALID  checkpoint of '))
    expect(verified).toBeUndefined()
  }
})

test('entries that are changed, forged or deleted in the database are found', async () => {
  const [entry] = await trail.rows('SELECT number, entry FROM proof_entries WHERE log_index = 1')
  await trail.tamper('UPDATE proof_entries SET entry = $2 WHERE number = $1', [entry?.number, `${entry?.entry}\n`])
  expect((await verify()).found).toEqual(beginning('ENTRY_FORGED  entry 1: the database has another text'))
  await trail.tamper('UPDATE proof_entries SET entry = $2 WHERE number = $1', [entry?.number, entry?.entry])

  // A statement that is not sealed yet, by a trigger that has no key.
  await trail.writer('sink', {}, testSigner(`${testOrigin}/sink-2`)).store([{ partition: 2, first: 0, last: 4 }])
  const { found } = await verify()
  const [forged] = await trail.rows('SELECT max(number) AS number FROM proof_entries')
  expect(found).toEqual(
    expect.arrayContaining(
      beginning(`ENTRY_FORGED  number ${forged?.number}, not sealed yet: `, 'ROW_ADDED  badge.awarded/2, offsets 0-4: ')
    )
  )
  await trail.tamper("UPDATE proof_entries SET rejected = 'KEY_UNKNOWN' WHERE number = $1", [forged?.number])
  expect((await verify()).found).toContainEqual(
    `ENTRY_FORGED  number ${forged?.number}, not sealed yet: the sealer has left it out of the log: KEY_UNKNOWN`
  )
  await trail.tamper('DELETE FROM proof_entries WHERE number = $1', [forged?.number])
  await trail.tamper('DELETE FROM event_envelopes WHERE kafka_partition = 2')
  for (const table of ['sink_offsets', 'sink_ledger']) await trail.tamper(`DELETE FROM ${table} WHERE partition = 2`)
  expect((await verify()).found).toEqual([])
})

test('the last rows, deleted with their entries and positions, are missing from the log', async () => {
  const at = 'WHERE kafka_partition = 0 AND kafka_offset >= 10'
  await trail.tamper(`DELETE FROM event_envelopes ${at}`)
  await trail.tamper('DELETE FROM proof_entries WHERE log_index = 3')
  await trail.tamper('UPDATE sink_offsets SET next_offset = 10 WHERE partition = 0')
  await trail.tamper('UPDATE sink_ledger SET last_offset = 9, rows = 10 WHERE partition = 0')
  expect((await verify()).found).toEqual(
    expect.arrayContaining(
      beginning(
        'LOG_ROLLED_BACK  entry 3: the database has 3 entries, and the log 4',
        `LEDGER_DIFFERS  ${badge}/0, group ${trail.group}: the position is 10, and the statements end at 20`,
        `ROW_MISSING  ${badge}/0, offsets 10-19 (entry 3): 10 rows are gone`
      )
    )
  )
})
