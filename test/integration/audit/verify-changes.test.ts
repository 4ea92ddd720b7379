import { hash } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  composeRow,
  type EntryOf,
  keptDigest,
  leafOf,
  type ProofRow,
  rowForm,
  wordsDigest
} from '../../../proof/index.ts'
import { sayProved } from '../../../trail/index.ts'
import { copyPieces } from '../../../trail/session/pg-rows.ts'
import { givenRecord, givenRow } from '../../support/proof/given-rows.ts'
import { testSigner } from '../../support/proof/keys.ts'
import { testOrigin, testParties } from '../../support/proof/parties.ts'
import { provedTrail } from '../../support/proof/proved-trail.ts'
import { verifierOf } from '../../support/trail/proof-verifier.ts'

const trail = await provedTrail()
const { verify, fresh } = verifierOf(trail)
const prefix = trail.topicPrefix
const badge = `${prefix}badge.awarded`
const words = wordsDigest(Buffer.alloc(16), '{}')
const stream = { group: trail.group, prefix }
const beginning = (...places: string[]) => places.map(place => expect.stringContaining(place))
const place = (partition: number, incarnation = 1) => ({ topic: badge, partition, incarnation })
const rowsOf = (partition: number, first: number, last: number, more: Partial<ProofRow> = {}) =>
  Array.from({ length: last - first + 1 }, (_, index) => givenRow('badge.awarded', partition, first + index, more))
const leafText = (row: ProofRow) => leafOf(composeRow(row)).toString('base64')
const found = async () => (await verify()).found

test('of two groups on one topic, and of two incarnations, each row belongs to one statement', async () => {
  const rows = rowsOf(0, 0, 19)
  await trail.stored([{ first: 0, last: 19, rows }])
  const other = trail.writer('other')
  // It finds ids that are there already, but for one that it was first with.
  const duplicates = rows.map(({ id, offset }) => ({ offset: Number(offset), id }))
  await other.store([{ first: 0, last: 19, rows: [], duplicates }])
  const fresh = rowsOf(0, 20, 24)
  await other.store([{ first: 20, last: 24, rows: fresh }])
  await trail.stored([
    { first: 20, last: 24, rows: [], duplicates: fresh.map(({ id, offset }) => ({ offset: Number(offset), id })) }
  ])
  // The topic is made again, and its offsets begin again.
  await trail.inTransaction(client =>
    trail.say(client, 'reset', { ...stream, reset: [{ ...place(0, 2), from: 25, to: 0 }], words })
  )
  await trail.stored([{ incarnation: 2, first: 0, last: 9 }])
  await trail.seal()
  expect(await found()).toEqual([])
})

test('a reset that no operator has signed is found', async () => {
  await trail.stored([{ partition: 1, first: 0, last: 9 }])
  await trail.stored([{ partition: 1, incarnation: 2, first: 0, last: 4 }])
  expect(await fresh()).toEqual(
    beginning(`RESET_UNSIGNED  ${badge}/1, incarnation 2, group ${trail.group}, offset 0: `)
  )
  await trail.inTransaction(client =>
    trail.say(client, 'reset', { ...stream, reset: [{ ...place(1, 2), from: 10, to: 0 }], words })
  )
  expect(await found()).toEqual([])
  await fresh()
})

test('a statement that is left out, or says what another one says, is found', async () => {
  // The ledger would refuse it.
  await trail.tamper('ALTER TABLE sink_ledger DROP CONSTRAINT sink_ledger_adds_up')
  await trail.writer().store([{ partition: 2, first: 0, last: 9 }])
  await trail.writer().store([{ partition: 2, first: 12, last: 19 }])
  await trail.writer().store([{ partition: 2, first: 18, last: 21, rows: rowsOf(2, 20, 21) }])
  expect(await fresh()).toEqual(
    expect.arrayContaining(
      beginning(
        `OFFSETS_HOLE  ${badge}/2, offsets 10-11 (number `,
        `OFFSETS_OVERLAP  ${badge}/2, offsets 18-19 (number `
      )
    )
  )
})

test('a record from quarantine is a row by its own entry', async () => {
  await trail.stored([{ partition: 3, first: 0, last: 9, quarantined: [givenRecord(4), givenRecord(7)] }])
  const row = givenRow('badge.awarded', 3, 4)
  const entry: Omit<EntryOf<'retry'>, 'kind' | 'origin' | 'writer' | 'seq' | 'previous' | 'recorded' | 'clock'> = {
    ...{ ...stream, form: rowForm, record: { ...place(3), offset: 4 }, event: row.id, leaf: leafText(row), words }
  }
  await trail.inTransaction(async client => {
    await sayProved(client)
    await copyPieces(client, [composeRow(row)], 1)
    await trail.say(client, 'retry', entry)
    const record = { ...place(3), first: 7, last: 7 }
    await trail.say(client, 'resolution', { ...stream, record, status: 'discarded', words })
  })
  const resolve = (offset: number, status: string) =>
    trail.tamper(`UPDATE sink_quarantine SET status = '${status}' WHERE partition = 3 AND kafka_offset = ${offset}`)
  await resolve(7, 'discarded')
  const isHeld = ` ${badge}/3, group ${trail.group}, offset 4: the record in quarantine is held`
  expect(await fresh()).toEqual(beginning(`LIST_CHANGED ${isHeld}`))
  await resolve(4, 'stored')
  expect(await fresh()).toEqual([])
  await resolve(7, 'stored')
  expect(await fresh()).toEqual(beginning(`LIST_CHANGED  ${badge}/3, group ${trail.group}, offset 7: `))
  await resolve(7, 'discarded')
  await fresh()
  await trail.tamper("UPDATE event_envelopes SET actor = 'user:x' WHERE id = $1", [row.id])
  expect(await fresh()).toEqual(beginning(`ROWS_CHANGED  ${badge}/3, offset 4 (number `))
  await trail.tamper('DELETE FROM event_envelopes WHERE id = $1', [row.id])
  expect(await fresh()).toEqual(beginning(`ROW_MISSING  ${badge}/3, offset 4 (number `))
})

/** Takes rows out of the trail with the entry of their retention, and keeps the leaves of some. */
async function drop(gone: readonly ProofRow[], kept: readonly ProofRow[]): Promise<void> {
  const leaves = kept.map(row => leafOf(composeRow(row)))
  const offsets = gone.map(({ offset }) => Number(offset))
  const partition = gone[0]?.partition as number
  const number = await trail.inTransaction(client =>
    trail.say(client, 'retention', {
      ...{ month: '2026-09', bounds: { from: '2026-09-01T00:00:00.000000Z', to: '2026-10-01T00:00:00.000000Z' } },
      rows: gone.length,
      dropped: [{ ...place(partition), rows: gone.length, first: Math.min(...offsets), last: Math.max(...offsets) }],
      kept: { leaves: leaves.length, digest: keptDigest(Buffer.concat(leaves)) },
      words
    })
  )
  for (const [index, row] of kept.entries())
    await trail.rows('INSERT INTO proof_kept VALUES ($1, $2, $3, $4, 1, $5, $6)', [
      ...[number, row.id, badge, row.partition, Number(row.offset), leaves[index]]
    ])
  await trail.tamper('DELETE FROM event_envelopes WHERE id = ANY($1)', [gone.map(({ id }) => id)])
}

test('rows of a dropped month are not missing, those that went with them by hand are', async () => {
  const [whole, part] = [rowsOf(4, 0, 9), rowsOf(4, 10, 19)]
  await trail.writer().store([{ partition: 4, first: 0, last: 9, rows: whole }])
  await trail.writer().store([{ partition: 4, first: 10, last: 19, rows: part }])
  await trail.writer().store([{ partition: 4, first: 20, last: 29 }])
  await trail.seal()
  await fresh()
  await drop([...whole, ...part.slice(0, 3)], part.slice(0, 3))
  await trail.seal()
  expect(await fresh()).toEqual([])
  expect((await verify()).verified?.gone).toEqual({ dropped: 10, lost: 0 })

  await trail.tamper('DELETE FROM event_envelopes WHERE kafka_partition = 4 AND kafka_offset = 15')
  expect(await fresh()).toEqual(beginning(`ROW_MISSING  ${badge}/4, offset 15 (entry `))
  await trail.tamper('DELETE FROM event_envelopes WHERE kafka_partition = 4 AND kafka_offset >= 20')
  expect(await fresh()).toEqual(beginning(`ROW_MISSING  ${badge}/4, offsets 20-29 (entry `))
  await trail.tamper('DELETE FROM proof_kept WHERE kafka_offset = 11')
  expect(await fresh()).toEqual(
    expect.arrayContaining(beginning('KEPT_CHANGED  entry ', `ROW_MISSING  ${badge}/4, offset 11 (entry `))
  )
})

test('a row that was redacted counts as what it was, and another change of it is found', async () => {
  const rows = rowsOf(5, 0, 9)
  await trail.stored([{ partition: 5, first: 0, last: 9, rows }])
  const [row] = rows.slice(3)
  if (!row) throw new Error('no row')
  await trail.inTransaction(client =>
    trail.say(client, 'redaction', { event: row.id, leaf: leafText(row), basis: 'gdpr17', words })
  )
  await trail.tamper("UPDATE event_envelopes SET payload = '{}' WHERE id = $1", [row.id])
  expect(await fresh()).toEqual([])
  await trail.tamper(`UPDATE event_envelopes SET payload = '{"reason": "another one"}' WHERE id = $1`, [row.id])
  expect(await fresh()).toEqual(beginning(`ROWS_CHANGED  ${badge}/5, offsets 0-9 (`))
})

test('rows that an operator has signed as lost are counted, and no finding', async () => {
  await trail.writer().store([{ partition: 6, first: 0, last: 9 }])
  await trail.seal()
  await fresh()
  await trail.tamper('DELETE FROM event_envelopes WHERE kafka_partition = 6 AND kafka_offset BETWEEN 4 AND 6')
  expect(await fresh()).toEqual(beginning(`ROW_MISSING  ${badge}/6, offsets 4-6 (entry `))
  await trail.inTransaction(client =>
    trail.say(client, 'loss', { ...stream, lost: [{ ...place(6), first: 4, last: 6 }], words })
  )
  expect(await fresh()).toEqual([])
  expect(await found()).not.toEqual(expect.arrayContaining(beginning(`ROW_MISSING  ${badge}/6`)))
  expect((await verify()).verified?.gone.lost).toBe(3)
})

test('rows from before the proof are not covered until they are adopted', async () => {
  const [old, bus] = [rowsOf(7, 0, 9), [givenRow('badge.awarded', null, null)]]
  const before = (await verify()).verified?.rows.before
  await trail.inTransaction(async client => {
    await sayProved(client)
    await copyPieces(client, [...old, ...bus].map(composeRow), 11)
  })
  await trail.tamper("UPDATE event_envelopes SET recorded_at = '2026-01-01Z' WHERE id = ANY($1)", [
    [...old, ...bus].map(({ id }) => id)
  ])
  expect(await fresh()).toEqual([])
  expect((await verify()).verified?.rows.before).toBe(11 + (before ?? 0))
  const rootOf = (rows: readonly ProofRow[]) => {
    const leaves = rows.map(row => leafOf(composeRow(row)))
    return leaves.length === 1
      ? (leaves[0] as Buffer).toString('base64')
      : hash('sha256', Buffer.concat([Buffer.of(1), ...leaves]), 'base64')
  }
  await trail.inTransaction(client =>
    trail.say(client, 'adopted', {
      ...{ ...stream, form: rowForm },
      block: [{ event: 'badge.awarded', partition: 7, first: 0, last: 9, rows: 10, root: rootOf(old) }],
      bus: [{ first: bus[0]?.id as string, last: bus[0]?.id as string, rows: 1, root: rootOf(bus) }],
      position: [{ ...place(7), next: 10 }]
    })
  )
  await trail.stored([{ partition: 7, first: 10, last: 14 }])
  expect(await fresh()).toEqual([])
  expect((await verify()).verified?.rows.before).toBe(before)
  await trail.tamper("UPDATE event_envelopes SET actor = 'user:x' WHERE id = $1", [old[4]?.id])
  expect(await fresh()).toEqual(beginning(`ROWS_CHANGED  ${badge}/7, offsets 0-9 (`))
})

test('what a revoked key has signed from its revocation on is not believed', async () => {
  const second = testSigner(`${testOrigin}/sink-2`)
  await trail.inTransaction(client =>
    trail.say(client, 'key', { add: [{ key: second.vkey, role: 'sink' }], revoke: [] })
  )
  await trail.writer('sink', {}, second).store([{ partition: 8, first: 0, last: 4 }])
  await trail.seal()
  expect(await fresh()).not.toContainEqual(expect.stringContaining('KEY_NOT_ALLOWED'))
  const [{ size } = {}] = await trail.rows('SELECT count(log_index)::int AS size FROM proof_entries')
  await trail.writer('sink', {}, second).store([{ partition: 8, first: 5, last: 9 }])
  await trail.seal()
  await trail.inTransaction(client =>
    trail.say(client, 'key', { add: [], revoke: [{ key: second.vkey, index: size as number }] })
  )
  expect(await fresh()).toEqual(beginning(`KEY_NOT_ALLOWED  entry ${size}: `))
  expect((await verify()).verified?.rows.untrusted).toBe(5)
  // The key of an operator signs no statements of a sink.
  await trail.writer('sink', {}, testParties.operator).store([{ partition: 9, first: 0, last: 4 }])
  expect(await fresh()).toEqual(beginning('KEY_NOT_ALLOWED  number '))
})

test('after a restore, what the sink reads again is held against the statements of before and after', async () => {
  const rows = rowsOf(10, 0, 19)
  await trail.writer().store([{ partition: 10, first: 0, last: 9, rows: rows.slice(0, 10) }])
  await trail.writer().store([{ partition: 10, first: 10, last: 19, rows: rows.slice(10) }])
  await trail.seal()
  await fresh()
  // The backup did not have the second batch.
  await trail.tamper('DELETE FROM event_envelopes WHERE kafka_partition = 10 AND kafka_offset >= 10')
  await trail.tamper('UPDATE sink_offsets SET next_offset = 10 WHERE partition = 10')
  await trail.tamper('UPDATE sink_ledger SET rows = 10, last_offset = 9 WHERE partition = 10')
  expect(await fresh()).toEqual(expect.arrayContaining(beginning(`ROW_MISSING  ${badge}/10, offsets 10-19 (`)))
  await trail.inTransaction(client => trail.say(client, 'restored', { entries: { had: 1, of: 2 }, words }))
  await trail.writer().store([{ partition: 10, first: 10, last: 24, rows: [...rows.slice(10), ...rowsOf(10, 20, 24)] }])
  const after = await found()
  expect(after).not.toEqual(expect.arrayContaining([expect.stringContaining(`${badge}/10`)]))
  await trail.tamper("UPDATE event_envelopes SET actor = 'user:x' WHERE kafka_partition = 10 AND kafka_offset = 12")
  expect(await found()).toEqual(
    expect.arrayContaining(
      beginning(`ROWS_CHANGED  ${badge}/10, offsets 10-19 (entry `, `ROWS_CHANGED  ${badge}/10, offsets 10-24 (number `)
    )
  )
})
