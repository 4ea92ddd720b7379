import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runCli } from '../../support/processes/cli.ts'
import { givenRecord, givenRow } from '../../support/proof/given-rows.ts'
import { provedTrail } from '../../support/proof/proved-trail.ts'
import { verifierOf } from '../../support/trail/proof-verifier.ts'

const trail = await provedTrail()
const { verify, fresh } = verifierOf(trail)
const badge = `${trail.topicPrefix}badge.awarded`
const quiz = `${trail.topicPrefix}quiz.submitted`

/** A superuser changes something: what is found then that was not before, each beginning with code and place. */
async function tampered(sql: string, ...values: unknown[]): Promise<readonly string[]> {
  await trail.tamper(sql, values)
  return fresh()
}
const at = 'WHERE event_name = $1 AND kafka_partition = $2 AND kafka_offset = $3'
const beginning = (...places: string[]) => places.map(place => expect.stringContaining(place))

test('a clean trail has no findings', async () => {
  await trail.stored([
    { first: 0, last: 39, duplicates: [{ offset: 3, id: '0199d6a0-0000-7000-8000-000000000001' }] },
    { eventName: 'quiz.submitted', partition: 2, first: 7, last: 30, lost: 2 }
  ])
  await trail.stored([{ first: 40, last: 60, quarantined: [givenRecord(41), givenRecord(50, { last: 52 })] }])
  await trail.storedByBus([givenRow('lesson.published', null, null), givenRow('lesson.published', null, null)])
  await trail.seal()
  // One stretch for each kind of change.
  for (let partition = 100; partition < 120; partition += 1)
    await trail.writer().store([{ partition, first: 0, last: 19, rows: undefined }].map(({ rows: _, ...each }) => each))
  await trail.stored([
    { partition: 200, first: 0, last: 5, rows: [0, 2, 4].map(offset => givenRow('badge.awarded', 200, offset)) }
  ])
  await trail.seal()
  await trail.stored([{ first: 61, last: 70 }])
  const { verified, found } = await verify()
  expect(found).toEqual([])
  expect(verified).toMatchObject({
    rows: { rows: 493, proved: 483, unsealed: 10, before: 0, added: 0 },
    listed: { duplicate: 1, quarantined: 4, lost: 2 },
    quarantine: 2,
    partitions: 23,
    unsealed: 1
  })
})

test.each([
  ['payload', `payload = jsonb_set(payload, '{reason}', '"Eleven quizzes"')`, 100],
  ['occurred_at', `occurred_at = occurred_at + interval '1 microsecond'`, 101],
  ['schema_version', 'schema_version = schema_version + 1', 102],
  ['actor', `actor = 'user:someone-else'`, 103],
  ['source', 'source = NULL', 104]
])('a change to %s is found, and names the stretch', async (_, change, partition) => {
  const found = await tampered(`UPDATE event_envelopes SET ${change} ${at}`, 'badge.awarded', partition, 7)
  expect(found).toEqual(beginning(`ROWS_CHANGED  ${badge}/${partition}, offsets 0-19 (entry `))
  // By the transactions that Postgres has written its rows in.
  expect(found[0]).toMatch(/; likely offset 7 \(event [0-9a-f-]{36}\) is changed$/)
})

test('a change of the event name is found, and names the row', async () => {
  const found = await tampered(
    `UPDATE event_envelopes SET event_name = 'quiz.submitted' ${at}`,
    'badge.awarded',
    105,
    7
  )
  expect(found).toEqual(beginning(`ROWS_CHANGED  ${badge}/105, offset 7 (entry `))
  expect(found[0]).toContain('another event name')
})

test('rows that are deleted, swapped and added are found', async () => {
  expect(await tampered(`DELETE FROM event_envelopes ${at}`, 'badge.awarded', 106, 7)).toEqual(
    beginning(`ROW_MISSING  ${badge}/106, offset 7 (entry `)
  )
  expect(
    await tampered(
      `UPDATE event_envelopes SET kafka_offset = 15 - kafka_offset
       WHERE event_name = $1 AND kafka_partition = $2 AND kafka_offset IN (7, 8)`,
      ...['badge.awarded', 107]
    )
  ).toEqual(beginning(`ROWS_CHANGED  ${badge}/107, offsets 0-19 (entry `))
  const insert = `INSERT INTO event_envelopes (id, aggregate_id, occurred_at, event_name, payload, schema_version, kafka_partition, kafka_offset)
    SELECT gen_random_uuid(), aggregate_id, occurred_at, event_name, payload, schema_version, $3::int, $4::bigint
    FROM event_envelopes WHERE event_name = $1 AND kafka_partition = $2 AND kafka_offset = 0`
  // An offset that held no event; one that no statement has; one of another row; none.
  expect(await tampered(insert, 'badge.awarded', 200, 200, 3)).toEqual(
    beginning(`ROW_ADDED  ${badge}/200, offset 3 (entry `)
  )
  expect(await tampered(insert, 'badge.awarded', 108, 108, 20)).toEqual(
    beginning('ROW_ADDED  badge.awarded/108, offset 20: ')
  )
  expect(await tampered(insert, 'badge.awarded', 109, 109, 4)).toEqual(
    beginning(`ROW_TWICE  ${badge}/109, offset 4 (entry `)
  )
  expect(await tampered(insert, 'badge.awarded', 110, null, null)).toEqual(
    beginning('ROW_ADDED  badge.awarded, event ')
  )
})

test('a row whose time of storage is changed is found', async () => {
  const found = await tampered(
    `UPDATE event_envelopes SET recorded_at = recorded_at - interval '1 hour' ${at}`,
    'badge.awarded',
    111,
    7
  )
  expect(found).toEqual(beginning(`RECORDED_AT_OUTSIDE  ${badge}/111, offset 7 (entry `))
})

test('a row of the bus that is changed, or deleted, is found', async () => {
  const [one, other] = await trail.rows(
    'SELECT id FROM event_envelopes WHERE kafka_offset IS NULL AND recorded_at < now() ORDER BY id'
  )
  expect(await tampered("UPDATE event_envelopes SET actor = 'user:x' WHERE id = $1", one?.id)).toEqual(
    beginning('ROWS_CHANGED  bus (entry ')
  )
  expect(await tampered('DELETE FROM event_envelopes WHERE id = $1', other?.id)).toEqual(
    beginning(`ROW_MISSING  bus, event ${other?.id} (entry `)
  )
})

test('lists that are changed are found', async () => {
  const first = `LIST_CHANGED  ${badge}/0, offsets 0-60 (entry `
  expect(await tampered('DELETE FROM sink_duplicates WHERE topic = $1', badge)).toEqual(beginning(first))
  expect(
    await tampered(`UPDATE sink_quarantine SET value = 'x' WHERE topic = $1 AND kafka_offset = 41`, badge)
  ).toEqual(beginning(`LIST_CHANGED  ${badge}/0, group ${trail.group}, offset 41: `))
  expect(await tampered('UPDATE sink_gaps SET last_offset = last_offset - 1 WHERE topic = $1', quiz)).toEqual(
    beginning(`LIST_CHANGED  ${quiz}/2, offsets 7-30 (entry `)
  )
})

test('books that are changed are found', async () => {
  expect(
    await tampered('UPDATE sink_offsets SET next_offset = 10 WHERE topic = $1 AND partition = 112', badge)
  ).toEqual(
    beginning(`LEDGER_DIFFERS  ${badge}/112, group ${trail.group}: the position is 10, and the statements end at 20`)
  )
  expect(
    await tampered(
      'UPDATE sink_ledger SET rows = rows - 1, skipped = skipped + 1 WHERE topic = $1 AND partition = 112',
      badge
    )
  ).toEqual(beginning(`LEDGER_DIFFERS  ${badge}/112, group ${trail.group}: the ledger has 19 rows, 1 skipped`))
  expect(
    await tampered(
      'UPDATE sink_offsets SET incarnation = 2, next_offset = 0 WHERE topic = $1 AND partition = 113',
      badge
    )
  ).toEqual(beginning(`RESET_UNSIGNED  ${badge}/113, incarnation 2, group ${trail.group}: `))
})

test('the command says what was verified, names findings, and its exit code is 1 with one', async () => {
  const trust = join(trail.folder, 'trust.txt')
  await writeFile(trust, trail.trust)
  const run = (...flags: string[]) => runCli(['proof', 'verify', '--store', trail.store, ...flags], trail.env)
  const found = await run('--trust', trust)
  expect(found).toMatchObject({
    code: 1,
    stdout: expect.stringContaining(`ROW_MISSING  ${badge}/106, offset 7 (entry `)
  })
  expect(found.stdout).toMatch(/^not covered 10 rows in 1 entry since the checkpoint$/m)
  const lines = (await run('--trust', trust, '--json')).stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)
  expect(lines).toContainEqual(
    expect.objectContaining({ kind: 'finding', code: 'ROW_MISSING', topic: badge, partition: 106, first: 7, last: 7 })
  )
  expect(lines.at(-1)).toMatchObject({ kind: 'result', verified: false, findings: lines.length - 1 })
  expect(await run('--trust', join(trail.folder, 'none'))).toMatchObject({ code: 2, stdout: '' })
  expect(await run('--trust', trust, '--since', join(trail.folder, 'none'))).toMatchObject({ code: 2, stdout: '' })
  const nowhere = await runCli(['proof', 'verify', '--store', 'file:/proc/none', '--trust', trust], trail.env)
  expect(nowhere).toMatchObject({ code: 2, stdout: '' })
})

test('rows and statements that a trigger changes as they are stored are found', async () => {
  const trigger = (table: string, change: string) =>
    trail.rows(`CREATE FUNCTION changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${change} RETURN NEW; END $$;
      CREATE TRIGGER changed BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION changed()`)
  const without = (table: string) => trail.rows(`DROP TRIGGER changed ON ${table}; DROP FUNCTION changed()`)
  await trigger('event_envelopes', "IF NEW.kafka_offset = 3 THEN NEW.actor := 'user:x'; END IF;")
  await trail.writer().store([{ partition: 301, first: 0, last: 9 }])
  await without('event_envelopes')
  expect(await fresh()).toEqual(beginning(`ROWS_CHANGED  ${badge}/301, offsets 0-9 (number `))
  await trigger('proof_entries', "NEW.entry := replace(NEW.entry, ' 0 9 10 ', ' 0 8 9 ');")
  await trail.writer().store([{ partition: 302, first: 0, last: 9 }])
  await without('proof_entries')
  expect(await fresh()).toEqual(
    expect.arrayContaining(beginning('ENTRY_FORGED  number ', 'ROW_ADDED  badge.awarded/302, offsets 0-9: '))
  )
})
