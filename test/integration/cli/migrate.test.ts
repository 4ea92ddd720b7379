import { Client } from 'pg'
import { expect, test } from 'vitest'
import { runCli } from '../../support/processes/cli.ts'
import { testEnvironment } from '../../support/stack.ts'

test('migrate creates the tables of optional parts on request, and keeps those that exist up to date', async () => {
  const bare = await testEnvironment()
  const tables = async () => {
    const client = new Client({ connectionString: bare.databaseUrl })
    await client.connect()
    const asked = 'SELECT DISTINCT component FROM eventtrail_migrations ORDER BY 1'
    return (await client.query(asked).finally(() => client.end())).rows.map(({ component }) => component)
  }
  expect(await runCli(['migrate'], bare.env)).toMatchObject({ code: 0 })
  expect(await tables()).toEqual(['operations', 'trail'])
  const doctor = await runCli(['doctor'], bare.env)
  expect(doctor.stdout).toMatch(/^ok .*notifier: not set up; `eventtrail migrate --with notifier` creates its tables$/m)
  expect(await runCli(['migrate', '--with', 'indexer, notifier'], bare.env)).toMatchObject({ code: 0 })
  expect(await tables()).toEqual(['indexer', 'notifier', 'operations', 'trail'])
  const again = await runCli(['migrate'], bare.env)
  expect(again.stdout.match(/up to date/g)).toHaveLength(4)
})

test('migrate may be run twice, and by several at once', async () => {
  const bare = await testEnvironment()
  const both = await Promise.all([1, 2, 3].map(() => runCli(['migrate'], bare.env)))
  expect(both.map(({ code, stderr }) => [code, stderr])).toEqual(Array(3).fill([0, '']))
  const applied = both.flatMap(({ stdout }) => stdout.match(/\d{3}_\w+/g) ?? [])
  expect(new Set(applied).size).toBe(applied.length)
  expect(applied.filter(name => name.startsWith('001_'))).toHaveLength(2)
  const months = both.flatMap(({ stdout }) => stdout.match(/event_envelopes_\w+/g) ?? [])
  expect(new Set(months).size).toBe(months.length)
  expect(months.length).toBeGreaterThanOrEqual(4)

  const again = await runCli(['migrate'], bare.env)
  expect(again).toMatchObject({ code: 0, stderr: '' })
  expect(again.stdout.match(/up to date/g)).toHaveLength(2)
  expect(again.stdout).toContain('partitions: ahead')
})

test('the database of a service gets the inbox and nothing else, and loses from it what is old', async () => {
  const bare = await testEnvironment()
  const ask = async (sql: string) => {
    const client = new Client({ connectionString: bare.databaseUrl })
    await client.connect()
    return (await client.query(sql).finally(() => client.end())).rows
  }
  const missing = await runCli(['inbox', 'prune'], bare.env)
  expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('eventtrail migrate --only inbox')])
  expect(await runCli(['migrate', '--only', 'inbox'], bare.env)).toMatchObject({
    code: 0,
    stdout: 'inbox: applied 001_inbox\n'
  })
  expect(await ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")).toEqual([
    { tablename: 'eventtrail_inbox' },
    { tablename: 'eventtrail_migrations' }
  ])
  await ask("INSERT INTO eventtrail_inbox SELECT 'stock', gen_random_uuid(), now() - interval '59 days'")
  expect((await runCli(['inbox', 'prune'], bare.env)).stdout).toBe('inbox: removed 0 rows\n')
  expect((await runCli(['inbox', 'prune', '--keep-days', '58', '--json'], bare.env)).stdout).toBe('{"removed":1}\n')
  const roles = await runCli(['migrate', '--only', 'inbox', '--roles', '--print'], bare.env)
  expect(roles.stdout).toContain('GRANT SELECT, INSERT, DELETE ON eventtrail_inbox TO eventtrail_handler;')
  expect(roles.stdout).not.toContain('event_envelopes')
})

test('the parts of --only are parts that exist, and the trail is none of them', async () => {
  const bare = await testEnvironment()
  for (const words of [
    ['--only', 'trail'],
    ['--only', 'inbox', '--with', 'indexer'],
    ['--only', 'inbox', '--months-ahead', '4']
  ])
    expect(await runCli(['migrate', ...words], bare.env)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--only')
    })
  expect((await runCli(['inbox', 'sql', '--schema', 'audit'])).stdout).toMatch(
    /^CREATE TABLE IF NOT EXISTS "audit"\.eventtrail_inbox \($/m
  )
  expect(await runCli(['inbox', 'sql', '--schema', ''])).toMatchObject({ code: 2 })
})
