import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { signerText } from '../../../proof/index.ts'
import { createSink } from '../../../sink/index.ts'
import { sealing } from '../../support/audit/sealing.ts'
import { runCli } from '../../support/processes/cli.ts'
import { pemOf } from '../../support/proof/keys.ts'
import { testOrigin, testParties } from '../../support/proof/parties.ts'
import { provedTrail } from '../../support/proof/proved-trail.ts'
import { badge, testTrail } from '../../support/trail.ts'

const trail = await provedTrail(await testTrail({ partitions: 1 }))
await trail.offer('badge.awarded')
const name = new URL(trail.databaseUrl).pathname.slice(1)
const server = new URL(trail.databaseUrl)
server.pathname = '/postgres'
const admin = new pg.Client({ connectionString: server.href })
await admin.connect()
const copies: string[] = []
afterAll(async () => {
  for (const copy of copies) await admin.query(`DROP DATABASE IF EXISTS ${copy} WITH (FORCE)`)
  await admin.end()
})

/** A copy of the database as it is now. @returns its address */
async function backup(): Promise<string> {
  const copy = `${name}_${copies.length}`
  await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name])
  await admin.query(`CREATE DATABASE ${copy} TEMPLATE ${name} STRATEGY wal_log`)
  copies.push(copy)
  const url = new URL(trail.databaseUrl)
  url.pathname = `/${copy}`
  return url.href
}

const given = sealing(trail.databaseUrl)
const folder = given.place()
const proof = async (databaseUrl: string, store: string, ...args: string[]) => {
  const { code, stdout, stderr } = await runCli(['proof', ...args], {
    ...trail.env,
    ...given.env(store),
    DATABASE_URL: databaseUrl,
    ...(args[0] === 'recover' && { PROOF_KEY_FILE: given.keyFile(testParties.operator.name) })
  })
  return { code, stderr, lines: stdout.trim().split('\n') }
}
const recover = (databaseUrl: string, store = folder, ...more: string[]) =>
  proof(databaseUrl, store, 'recover', '--reason', 'the disk was lost', ...more)
const verify = (databaseUrl: string) => proof(databaseUrl, folder, 'verify')

/** Publishes, and lets a sink store all of it. */
async function stored(databaseUrl: string, events: number): Promise<void> {
  await trail.publish(Array.from({ length: events }, () => badge()))
  const connection = { ...trail.sinkOptions.connection, postgres: { url: databaseUrl } }
  const proofKey = signerText(testParties.sink.name, pemOf(testParties.sink.name))
  await using sink = createSink({ ...trail.sinkOptions, connection, proofKey })
  await sink.start()
  await sink.whenCaughtUp()
  await sink.drain()
}

test('a database that was restored gets its entries from the log, reads again what it lost, and verifies', async () => {
  const before = await backup()
  await stored(trail.databaseUrl, 30)
  expect(await proof(trail.databaseUrl, folder, 'checkpoint', '--once')).toMatchObject({ code: 0 })
  await stored(trail.databaseUrl, 10)
  const restored = await backup()
  await stored(trail.databaseUrl, 20)
  expect(await proof(trail.databaseUrl, folder, 'checkpoint', '--once')).toMatchObject({ code: 0 })
  const size = (await given.wholeLog(folder)).length
  expect(await verify(trail.databaseUrl)).toMatchObject({ code: 0 })

  const checkpoint = readFileSync(join(folder, 'checkpoint'))
  for (const database of [restored, before]) {
    expect(await proof(database, folder, 'checkpoint', '--once')).toMatchObject({
      code: 1,
      lines: [expect.stringMatching(/^LOG_ROLLED_BACK {2}The database has \d sealed entries, and the log/)]
    })
    expect((await verify(database)).lines.join('\n')).toContain('LOG_ROLLED_BACK')
  }
  expect(readFileSync(join(folder, 'checkpoint'))).toEqual(checkpoint)

  expect(await recover(restored)).toMatchObject({
    code: 0,
    lines: [`the database had 2 of ${size} sealed entries, and has all of them now`]
  })
  expect(await recover(restored)).toMatchObject({
    code: 0,
    lines: [expect.stringContaining('the database lacks nothing')]
  })
  await stored(restored, 5)
  expect(await proof(restored, folder, 'checkpoint', '--once')).toMatchObject({ code: 0 })
  const all = await given.wholeLog(folder)
  expect(all[size]).toContain(`eventtrail/restored@v1\norigin ${testOrigin}`)
  expect(all[size]).toContain(`entries 2 ${size}\n`)
  const { code, lines } = await verify(restored)
  expect([code, lines.filter(line => /^[A-Z_]+ {2}/.test(line))]).toEqual([0, []])
  // Rows that were read again are in two statements, and counted once.
  expect(lines.join('\n')).toContain('rows        65 recomputed')
  const client = new pg.Client({ connectionString: restored })
  await client.connect()
  const { rows } = await client.query("SELECT status, result FROM operator_log WHERE operation = 'proof recover'")
  const kept = await client.query('SELECT words FROM proof_words')
  const { rows: counted } = await client.query('SELECT count(*)::int AS n FROM event_envelopes')
  await client.end()
  expect(counted).toEqual([{ n: 65 }])
  expect(rows).toEqual([{ status: 'done', result: { had: 2, of: size } }])
  expect(kept.rows).toEqual([{ words: { actor: expect.any(String), reason: 'the disk was lost' } }])
})

test('what is no backup of the trail, or no whole log, recovers nothing', async () => {
  const database = await backup()
  // Stored without the log, and sealed into another one: a database with another past.
  await stored(database, 3)
  const client = new pg.Client({ connectionString: database })
  await client.connect()
  await client.query(
    'UPDATE proof_entries SET log_index = (SELECT count(log_index) FROM proof_entries), open = false WHERE log_index IS NULL'
  )
  const { rows } = await client.query('SELECT count(log_index)::int AS n FROM proof_entries')
  const entries = await client.query('SELECT number, log_index, entry FROM proof_entries ORDER BY number')
  expect(await recover(database)).toMatchObject({ code: 3, stderr: expect.stringContaining('another sealed entry') })
  expect((await client.query('SELECT count(log_index)::int AS n FROM proof_entries')).rows).toEqual(rows)
  expect((await client.query('SELECT number, log_index, entry FROM proof_entries ORDER BY number')).rows).toEqual(
    entries.rows
  )
  await client.end()
  expect(await recover(database, given.place())).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('No place of the log has a checkpoint')
  })
})
