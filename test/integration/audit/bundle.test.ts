import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { composeRow, leafOf, type ProofRow } from '../../../proof/index.ts'
import { runInProcess } from '../../support/project/program.ts'
import { givenRecord, givenRow } from '../../support/proof/given-rows.ts'
import { heldByJava } from '../../support/proof/java-verifier.ts'
import { writeKey } from '../../support/proof/keys.ts'
import { testParties } from '../../support/proof/parties.ts'
import { provedTrail } from '../../support/proof/proved-trail.ts'
import { runVerifier } from '../../support/proof/verifier.ts'

const trail = await provedTrail()
const folder = mkdtempSync(join(tmpdir(), 'eventtrail-bundle-'))
afterAll(() => rmSync(folder, { recursive: true }))
const trust = join(folder, 'trust.txt')
const at = (name: string): string => join(folder, name)

const run = async (...args: string[]) => {
  const running = runInProcess(['proof', ...args])
  return { ended: await running.ended, printed: running.printed(), results: running.results() }
}
const latest = async () => (await trail.rows('SELECT * FROM disclosures ORDER BY number DESC LIMIT 1'))[0]
const clean = { status: 0, codes: [] }
const verify = (name: string, ...words: string[]) => runVerifier(at(name), '--trust', trust, ...words)

const [one, two] = [givenRow('lesson.published', null, null), givenRow('lesson.published', null, null)]
const person = 'a-person'
const first = givenRow('badge.awarded', 0, 0, { payload: `{"awarded_to": "${person}"}` })
const held = givenRecord(41)
const retried = givenRow('badge.awarded', 0, 41)

beforeAll(async () => {
  // Who shows content signs that.
  const key = writeKey(folder, testParties.privacy.name)
  for (const [name, value] of Object.entries({ ...trail.env, PROOF_STORE: trail.store, PROOF_KEY_FILE: key }))
    vi.stubEnv(name, value)
  await trail.rows(
    "INSERT INTO field_meanings (event_name, path, meaning) VALUES ('badge.awarded', 'awarded_to', 'subject')"
  )
  writeFileSync(trust, trail.trust)
  const more = Array.from({ length: 39 }, (_, index) => index + 1)
    .filter(offset => offset !== 3)
    .map(offset => givenRow('badge.awarded', 0, offset))
  await trail.stored([
    { first: 0, last: 39, rows: [first, ...more], duplicates: [{ offset: 3, id: first.id }] },
    { eventName: 'quiz.submitted', partition: 2, first: 7, last: 30, lost: 2 }
  ])
  await trail.stored([{ first: 40, last: 60, quarantined: [held, givenRecord(50, { last: 52 })] }])
  await trail.storedByBus([one, two])
  await storeRetried(retried)
  await trail.seal()
})

/** Stores a row from quarantine, as `quarantine retry` does. */
const storeRetried = (row: ProofRow) =>
  trail.inTransaction(async client => {
    await client.query("SELECT set_config('eventtrail.proof', 'on', true)")
    await client.query(
      `INSERT INTO event_envelopes (id, aggregate_id, occurred_at, event_name, payload, schema_version, source, actor,
         traceparent, kafka_partition, kafka_offset)
       VALUES ($1, $2, to_timestamp($3::numeric / 1000000), $4, $5, $6, $7, $8, $9, $10, $11)`,
      [
        ...[row.id, row.aggregateId, String(row.occurredAt), row.eventName, row.payload, row.schemaVersion],
        ...[row.source, row.actor, row.traceparent, row.partition, String(row.offset)]
      ]
    )
    await client.query("UPDATE sink_quarantine SET status = 'stored', event_id = $1 WHERE kafka_offset = 41", [row.id])
    await trail.say(client, 'retry', {
      group: trail.group,
      prefix: trail.topicPrefix,
      form: 1,
      record: { topic: `${trail.topicPrefix}badge.awarded`, partition: 0, incarnation: 1, offset: 41 },
      event: row.id,
      leaf: leafOf(composeRow(row)).toString('base64'),
      words: createHash('sha256').digest('base64')
    })
  })

describe('a bundle', () => {
  test('verifies without a database, and is recorded with the persons in it', async () => {
    const { ended, printed } = await run('export', '--out', at('whole'))
    expect(ended, printed).toBe(0)
    const { output, ...found } = verify('whole')
    expect(found, output).toEqual(clean)
    expect(output).toContain('1 duplicates, 2 in quarantine, 1 gaps')
    expect(output).toContain('81 recomputed')
    const manifest = readFileSync(at('whole/manifest.json'))
    const digest = createHash('sha256').update(manifest).digest()
    expect(printed).toContain(digest.toString('hex'))
    expect(await latest()).toMatchObject({ tool: 'proof export', complete: true, rows: '81', sha256: digest })
    const persons = await trail.rows('SELECT events FROM disclosure_subjects WHERE subject = $1', [person])
    expect(persons).toEqual([{ events: '1' }])
    for (const { path, sha256 } of JSON.parse(manifest.toString()).files)
      expect(
        createHash('sha256')
          .update(readFileSync(at(`whole/${path}`)))
          .digest('hex'),
        path
      ).toBe(sha256)
  })

  test('has what is signed and not in the log yet', async () => {
    const kept = at('kept-checkpoint')
    writeFileSync(kept, readFileSync(join(trail.folder, 'checkpoint')))
    await trail.writer().store([{ first: 61, last: 70, duplicates: [{ offset: 64, id: first.id }] }])
    expect(await run('export', '--out', at('newer'), '--json')).toMatchObject({ ended: 0 })
    const { output, ...found } = verify('newer', '--kept', kept)
    expect(found, output).toEqual(clean)
    // A batch, and the disclosures of this bundle and of the one before.
    expect(output).toContain('3 of them are signed, and not in the log yet')
    expect(output).toContain('90 recomputed')
  })

  test('may be without rows, or of one month', async () => {
    expect(await run('export', '--out', at('bare'), '--without-rows')).toMatchObject({ ended: 0 })
    expect(existsSync(at('bare/rows'))).toBe(false)
    expect(verify('bare')).toMatchObject(clean)
    const month = new Date().toISOString().slice(0, 7)
    expect(await run('export', '--out', at('month'), '--month', month)).toMatchObject({ ended: 0 })
    expect(verify('month')).toMatchObject(clean)
    expect(await run('export', '--out', at('other'), '--month', '2020-01')).toMatchObject({ ended: 0 })
    const other = verify('other')
    expect(other).toMatchObject(clean)
    expect(other.output).toContain('rows        0 recomputed')
  })

  test('is refused where it is there already, or the log is not, and leaves nothing', async () => {
    const before = await trail.count('disclosures')
    const { printed } = await run('export', '--out', at('whole'))
    expect(printed).toContain('is there already')
    expect(await trail.count('disclosures')).toBe(before)
    vi.stubEnv('PROOF_STORE', `file:${folder}`)
    const none = await run('export', '--out', at('none'))
    vi.stubEnv('PROOF_STORE', trail.store)
    expect(none.printed).toContain('has no checkpoint')
    expect([existsSync(at('none')), existsSync(at('none.partial'))]).toEqual([false, false])
    expect(await latest()).toMatchObject({ complete: false })
  })
})

describe('the proof of one event', () => {
  const prove = async (name: string, id: string) => {
    const { ended, printed } = await run('prove', id, '--out', at(name))
    expect(ended, printed).toBe(0)
    return verify(name)
  }

  test('proves a row of a sink, of the bus and from quarantine, and is recorded', async () => {
    const sink = await prove('sink.eventproof', first.id)
    expect(sink, sink.output).toMatchObject(clean)
    expect(sink.output).toContain(`payload     {"awarded_to": "${person}"}`)
    expect(await latest()).toMatchObject({ tool: 'proof prove', complete: true, rows: '1' })
    const bus = await prove('bus.eventproof', one.id)
    expect(bus, bus.output).toMatchObject(clean)
    const quarantine = await prove('quarantine.eventproof', retried.id)
    expect(quarantine, quarantine.output).toMatchObject(clean)
  })

  test('is refused for an event that is not in the log, is not there, or was changed', async () => {
    const [row] = await trail.rows('SELECT id FROM event_envelopes WHERE kafka_offset = 70')
    expect((await run('prove', String(row?.id), '--out', at('no'))).printed).toContain('No entry of the log accounts')
    expect((await run('prove', held.code, '--out', at('no'))).printed).toContain('Expected the id of an event')
    const none = await run('prove', '0199d6a0-0000-7000-8000-000000000001', '--out', at('no'))
    expect(none.printed).toContain('no event of this id')
    expect(existsSync(at('no'))).toBe(false)
  })

  test('is of its row alone: each part that is altered is found', () => {
    const file = at('sink.eventproof')
    const whole = JSON.parse(readFileSync(file, 'utf8'))
    const altered = (change: (proof: typeof whole) => unknown) => {
      const proof = structuredClone(whole)
      change(proof)
      writeFileSync(at('altered.eventproof'), JSON.stringify(proof))
      return verify('altered.eventproof')
    }
    const flipped = (text: string, place: number): string => {
      const bytes = Buffer.from(text, 'base64')
      bytes.writeUInt8((bytes[place] as number) ^ 1, place)
      return bytes.toString('base64')
    }
    const size = Buffer.from(whole.row, 'base64').length
    for (const place of [6, 30, 46, 60, 100, size - 1, size - 13]) {
      const { status, codes, output } = altered(proof => (proof.row = flipped(proof.row, place)))
      expect({ status, codes }, `${place}: ${output}`).toEqual({ status: 1, codes: ['ROWS_CHANGED'] })
    }
    const found = (code: string, change: (proof: typeof whole) => unknown) => {
      const { status, codes, output } = altered(change)
      expect({ status, codes }, output).toEqual({ status: 1, codes: [code] })
    }
    found('ROWS_CHANGED', proof => (proof.path[0].others[0] = flipped(proof.path[0].others[0], 3)))
    found('ROWS_CHANGED', proof => (proof.index += 1))
    found('PROOF_INVALID', proof => (proof.number += 7))
    found('PROOF_INVALID', proof => (proof.line = 'constructor'))
    found('PROOF_INVALID', proof => (proof.format = 'another'))
    found('PROOF_INVALID', proof => (proof.path = 'none'))
    found('ENTRY_MISSING', proof => (proof.entry = proof.entry.replace('form 1', 'form 2')))
    found('ENTRY_MISSING', proof => (proof.proof = proof.proof.replace(/index \d+/, 'index 0')))
    found('NOTE_INVALID', proof => (proof.proof = proof.proof.replace(/\n(\d+)\n/, '\n7\n')))
    found('ENTRY_FORGED', proof => (proof.keys = []))
    found('PROOF_INVALID', proof => (proof.keys = undefined))
    writeFileSync(at('altered.eventproof'), '{"format": ')
    expect(verify('altered.eventproof')).toMatchObject({ status: 1, codes: ['PROOF_INVALID'] })
  })
})

test('a verifier in another language agrees on bundles and proofs', async () => {
  const good = [
    'whole',
    'newer',
    'bare',
    'month',
    'other',
    'sink.eventproof',
    'bus.eventproof',
    'quarantine.eventproof'
  ]
  const whole = JSON.parse(readFileSync(at('sink.eventproof'), 'utf8'))
  const altered = { ...whole, index: whole.index + 1 }
  writeFileSync(at('altered.eventproof'), JSON.stringify(altered))
  const found = await heldByJava(trust, [...good, 'altered.eventproof'].map(at))
  expect(found).toEqual({
    ...Object.fromEntries(good.map(name => [at(name), 'holds'])),
    [at('altered.eventproof')]: expect.stringMatching(/^refused/)
  })
})
