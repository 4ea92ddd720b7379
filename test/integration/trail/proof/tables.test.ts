import { randomUUID } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { openPool } from '../../../../postgres/index.ts'
import { inTransaction } from '../../../../trail/database.ts'
import { addEntry, extendEntries, keepWords, momentOf, proofOrigin, sayProved } from '../../../../trail/index.ts'
import { testTrail } from '../../../support/trail.ts'

const trail = await testTrail({ partitions: 1 })
const pool = openPool(trail.databaseUrl, { applicationName: 'eventtrail-test', max: 2 })
afterAll(() => pool.end())

const insert = `INSERT INTO event_envelopes (id, aggregate_id, occurred_at, event_name, payload, schema_version)
  VALUES (gen_random_uuid(), gen_random_uuid(), now(), 'badge.awarded', '{}', 1)`

test('a trail that is proved refuses rows of a session that says nothing of statements, as an error to wait for', async () => {
  await inTransaction(pool, client => client.query(insert))
  expect(await proofOrigin(pool)).toBeUndefined()
  await trail.rows("INSERT INTO proof_settings (origin) VALUES ('school.example/trail')")
  expect(await proofOrigin(pool)).toBe('school.example/trail')
  await expect(inTransaction(pool, client => client.query(insert))).rejects.toMatchObject({
    code: '55000',
    table: 'proof_settings'
  })
  await inTransaction(pool, async client => {
    await sayProved(client)
    await client.query(insert)
  })
  // What one transaction has said does not hold for the next one of the session.
  await expect(inTransaction(pool, client => client.query(insert))).rejects.toMatchObject({ code: '55000' })
  expect(await trail.count('event_envelopes')).toBe(2)
})

test('an entry grows while it is open and not sealed; nothing else changes one', async () => {
  const writer = randomUUID()
  const entry = (seq: number, text: string, open: boolean) => ({ writer, seq, entry: text, open })
  const extend = (...entries: ReturnType<typeof entry>[]) =>
    inTransaction(pool, client => extendEntries(client, 'batch', entries))
  const textOf = async (seq: number) =>
    (await trail.rows('SELECT entry FROM proof_entries WHERE writer = $1 AND seq = $2', [writer, seq]))[0]?.entry
  expect(await extend(entry(0, 'one', true))).toBe(true)
  expect(await extend(entry(0, 'one two', false), entry(1, 'three', true))).toBe(true)
  expect(await textOf(0)).toBe('one two')
  // Closed, then sealed.
  expect(await extend(entry(0, 'one two three', false))).toBe(false)
  await trail.rows('UPDATE proof_entries SET log_index = 7, open = false WHERE writer = $1 AND seq = 1', [writer])
  expect(await extend(entry(1, 'three four', true), entry(2, 'five', true))).toBe(false)
  expect(await textOf(3)).toBeUndefined()
  for (const statement of [
    "UPDATE proof_entries SET entry = 'other'",
    'UPDATE proof_entries SET log_index = 8 WHERE log_index = 7',
    'UPDATE proof_entries SET open = true WHERE log_index IS NULL AND NOT open',
    'DELETE FROM proof_entries',
    'TRUNCATE proof_entries CASCADE'
  ])
    await expect(trail.rows(statement)).rejects.toMatchObject({ code: '23001' })
})

test('no other login continues a writer, or takes its next number', async () => {
  const writer = randomUUID()
  const add = (seq: number) =>
    inTransaction(pool, client => addEntry(client, { writer, seq, kind: 'disclosure', entry: `text ${seq}` }))
  await add(0)
  await add(1)
  await expect(add(3)).rejects.toMatchObject({ code: '42501', table: 'proof_entries' })
  const login = `other_${randomUUID().slice(0, 8)}`
  await trail.rows(`CREATE ROLE ${login} SUPERUSER`)
  try {
    const asOther = (seq: number, of: string) =>
      inTransaction(pool, async client => {
        await client.query(`SET LOCAL SESSION AUTHORIZATION ${login}`)
        return addEntry(client, { writer: of, seq, kind: 'disclosure', entry: 'made up' })
      })
    await expect(asOther(2, writer)).rejects.toMatchObject({ code: '42501' })
    await asOther(0, randomUUID())
  } finally {
    await trail.rows(`DROP ROLE ${login}`)
  }
  await add(2)
})

test('an entry has its number and the time of its transaction; reasons are outside of it', async () => {
  const [number, moment, digest] = await inTransaction(pool, async client => {
    const at = await momentOf(client, Date.UTC(2026, 10, 27, 7, 31, 2, 104))
    const words = await keepWords(client, { reason: 'by "mistake"', by: null })
    return [await addEntry(client, { writer: randomUUID(), seq: 0, kind: 'reset', entry: 'text' }), at, words]
  })
  expect(number).toBeGreaterThan(0)
  expect(moment).toEqual({
    recorded: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    clock: '2026-11-27T07:31:02.104000Z'
  })
  expect(
    await trail.rows("SELECT encode(digest, 'base64') AS digest, words->>'reason' AS reason FROM proof_words")
  ).toEqual([{ digest, reason: 'by "mistake"' }])
})
