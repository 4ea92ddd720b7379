import { createWriteStream, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { to as copyTo } from 'pg-copy-streams'
import { afterAll, expect, test } from 'vitest'
import { dropMonth, requireMonth } from '../../../operations/index.ts'
import { openPool } from '../../../postgres/index.ts'
import {
  checkNote,
  composeRow,
  type EntryOf,
  keptDigest,
  leafOf,
  type ProofRow,
  parseEntry,
  parseNote,
  rowColumns
} from '../../../proof/index.ts'
import { givenRow } from '../../support/proof/given-rows.ts'
import { testParties } from '../../support/proof/parties.ts'
import { provedTrail } from '../../support/proof/proved-trail.ts'
import { runVerifier } from '../../support/proof/verifier.ts'
import { eventually } from '../../support/stack.ts'
import { idIn } from '../operations/retention/old-events.ts'

const trail = await provedTrail()
const pool = openPool(trail.databaseUrl, { applicationName: 'eventtrail-test', max: 4 })
afterAll(() => pool.end())

const topic = `${trail.topicPrefix}badge.awarded`
const operator = { actor: 'ada@desk', verified: false, via: 'cli' } as const
const signing = { signer: testParties.operator, actor: operator.actor, topicPrefix: trail.topicPrefix }
const dropOnce = (with_: Partial<typeof signing>) =>
  dropMonth(
    {
      pool,
      now: new Date(),
      onProgress: () => undefined,
      signal: new AbortController().signal,
      signing: { ...signing, ...with_ }
    },
    operator,
    { month: requireMonth('2026-01'), reason: 'two years, as agreed' }
  )

/** The session of a drop that was refused ends a moment later, and with it the lock on the month. */
async function drop(with_: Partial<typeof signing> = {}) {
  let outcome: { value: Awaited<ReturnType<typeof dropOnce>> } | { error: unknown } | undefined
  await eventually(
    async () => {
      outcome = await dropOnce(with_).then(
        value => ({ value }),
        (error: unknown) => ({ error })
      )
      return !('error' in outcome && (outcome.error as { code?: string }).code === 'ACTION_RUNNING')
    },
    { what: 'no other drop runs' }
  )
  if (outcome && 'value' in outcome) return outcome.value
  throw outcome?.error
}

const old = (n: number) => ({ id: idIn('2026-01', n) })
const at = (offset: number, more: Partial<ProofRow> = {}) => givenRow('badge.awarded', 0, offset, more)
const offsets = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index)
const whole = offsets(0, 9).map(offset => at(offset, old(offset)))
const split = offsets(10, 19).map(offset => at(offset, offset < 15 ? old(offset) : {}))
const ofBus = [old(1), {}, old(2)].map(more => givenRow('lesson.published', null, null, more))

await trail.rows(
  `INSERT INTO sink_schemas (subject, version, id, fingerprint, schema, event_name)
   VALUES ($1, 1, 1, '\\x00', '{}', 'badge.awarded')`,
  [`${topic}-value`]
)
// An entry for each transaction.
const sink = trail.writer('sink', { rows: 1 })
await sink.store([{ first: 0, last: 9, rows: whole }])
await sink.store([{ first: 10, last: 19, rows: split }])
await trail.storedByBus(ofBus)

test('a month whose rows are not those of the proof stays, as evidence; so it does without a key', async () => {
  const before = await trail.count('event_envelopes')
  await expect(drop({ signer: undefined as never })).rejects.toMatchObject({ code: 'PROOF_KEY_MISSING' })
  await expect(trail.rows("SELECT sink_drop_month('2026-01', 'r')")).rejects.toMatchObject({ code: '55000' })
  await expect(drop({ signer: testParties.sink as never })).rejects.toMatchObject({ code: 'PROOF_KEY_REFUSED' })
  const id = whole[4]?.id
  const payload = async (text: string) =>
    trail.tamper('UPDATE event_envelopes SET payload = $2 WHERE id = $1', [id, text])
  const [kept] = await trail.rows('SELECT payload::text AS text FROM event_envelopes WHERE id = $1', [id])
  await payload('{"reason": "another"}')
  await expect(drop()).rejects.toMatchObject({
    code: 'MONTH_KEPT',
    message: expect.stringContaining(`${topic}/0, offsets 0-9: not what was recorded`)
  })
  await payload(kept?.text as string)
  const added = old(999).id
  await trail.tamper(
    `INSERT INTO event_envelopes (id, aggregate_id, occurred_at, event_name, payload, schema_version)
     VALUES ('${added}', '${added}', now(), 'lesson.published', '{}', 1)`
  )
  await expect(drop()).rejects.toMatchObject({
    code: 'MONTH_KEPT',
    message: expect.stringContaining('rows of the bus: a row that no entry accounts for')
  })
  await trail.tamper(`DELETE FROM event_envelopes WHERE id = '${added}'`)
  expect(await trail.count('event_envelopes')).toBe(before)
  expect(await trail.rows("SELECT FROM proof_entries WHERE kind = 'retention'")).toEqual([])
})

test('a month that goes has an entry, the leaves stay of rows whose entries have others, and a verifier is content', async () => {
  expect(await drop()).toMatchObject({ rows: 17 })
  const [row, ...others] = await trail.rows("SELECT number, entry FROM proof_entries WHERE kind = 'retention'")
  expect(others).toEqual([])
  const note = parseNote(row?.entry as string)
  expect(checkNote(note, [testParties.operator])).toHaveLength(1)
  const gone = [...split.slice(0, 5), ...[ofBus[0], ofBus[2]].sort((a, b) => ((a?.id ?? '') < (b?.id ?? '') ? -1 : 1))]
  const leaves = gone.map(each => leafOf(composeRow(each as ProofRow)))
  expect(parseEntry(note.text) as EntryOf<'retention'>).toMatchObject({
    month: '2026-01',
    bounds: { from: '2026-01-01T00:00:00.000000Z', to: '2026-02-01T00:00:00.000000Z' },
    rows: 17,
    dropped: [{ topic, partition: 0, incarnation: 1, rows: 15, first: 0, last: 14 }],
    kept: { leaves: 7, digest: keptDigest(Buffer.concat(leaves)) }
  })
  const kept = await trail.rows(
    `SELECT entry, event_id AS id, kafka_offset AS "offset", leaf FROM proof_kept ORDER BY kafka_offset NULLS LAST, event_id`
  )
  expect(kept).toEqual(
    gone.map((each, index) => ({
      entry: row?.number,
      id: each?.id,
      offset: each?.offset?.toString() ?? null,
      leaf: leaves[index]
    }))
  )

  await trail.seal()
  const folder = mkdtempSync(join(tmpdir(), 'eventtrail-bundle-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  symlinkSync(trail.folder, join(folder, 'log'))
  for (const name of ['rows', 'lists']) mkdirSync(join(folder, name))
  const copy = (query: string, file: string, format = '') =>
    trail.inTransaction(client =>
      pipeline(client.query(copyTo(`COPY (${query}) TO STDOUT ${format}`)), createWriteStream(join(folder, file)))
    )
  await copy(`SELECT ${rowColumns.join(', ')}, recorded_at FROM event_envelopes`, 'rows/all.copy', '(FORMAT binary)')
  await copy(
    `SELECT row_to_json(l) FROM (
       SELECT e.log_index AS retention, event_id, topic, partition, incarnation, kafka_offset AS "offset", encode(leaf, 'base64') AS leaf
       FROM proof_kept k JOIN proof_entries e ON e.number = k.entry
       ORDER BY e.number, topic COLLATE "C", partition, incarnation, kafka_offset, event_id) l`,
    'lists/kept.ndjson'
  )
  writeFileSync(join(folder, 'trust.txt'), trail.trust)
  const { status, output } = runVerifier(folder, '--trust', join(folder, 'trust.txt'))
  expect(status, output).toBe(0)
})
