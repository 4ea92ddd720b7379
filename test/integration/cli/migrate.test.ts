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
  expect(await tables()).toEqual(['trail'])
  const doctor = await runCli(['doctor'], bare.env)
  expect(doctor.stdout).toMatch(/^ok .*notifier: not set up; `eventtrail migrate --with notifier` creates its tables$/m)
  expect(await runCli(['migrate', '--with', 'indexer, notifier'], bare.env)).toMatchObject({ code: 0 })
  expect(await tables()).toEqual(['indexer', 'notifier', 'trail'])
  const again = await runCli(['migrate'], bare.env)
  expect(again.stdout.match(/up to date/g)).toHaveLength(3)
})

test('migrate may be run twice, and by several at once', async () => {
  const bare = await testEnvironment()
  const both = await Promise.all([1, 2, 3].map(() => runCli(['migrate'], bare.env)))
  expect(both.map(({ code, stderr }) => [code, stderr])).toEqual(Array(3).fill([0, '']))
  const applied = both.flatMap(({ stdout }) => stdout.match(/\d{3}_\w+/g) ?? [])
  expect(new Set(applied).size).toBe(applied.length)
  expect(applied.filter(name => name.startsWith('001_'))).toHaveLength(1)
  const months = both.flatMap(({ stdout }) => stdout.match(/event_envelopes_\w+/g) ?? [])
  expect(new Set(months).size).toBe(months.length)
  expect(months.length).toBeGreaterThanOrEqual(4)

  const again = await runCli(['migrate'], bare.env)
  expect(again).toMatchObject({ code: 0, stderr: '' })
  expect(again.stdout.match(/up to date/g)).toHaveLength(1)
  expect(again.stdout).toContain('partitions: ahead')
})
