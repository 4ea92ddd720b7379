import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { createSink } from '../../../sink/index.ts'
import { type CliResult, runCli } from '../../support/processes/cli.ts'
import { testEnvironment } from '../../support/stack.ts'
import { badge, testTrail } from '../../support/trail.ts'

const unset = { KAFKA_BROKERS: '', SCHEMA_REGISTRY_URL: '', DATABASE_URL: '', SMTP_URL: '', EVENTTRAIL_CONFIG: '' }
const nobody = {
  KAFKA_BROKERS: '127.0.0.1:1',
  SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1',
  DATABASE_URL: 'postgres://127.0.0.1:1/none'
}

/** The names below `Commands:` in a help text. */
const commandsIn = (help: string): string[] =>
  (help.split('Commands:\n')[1] ?? '')
    .split('\n')
    .map(line => /^ {2}([a-z-]+)/.exec(line)?.[1])
    .filter(name => name !== undefined && name !== 'help') as string[]

/** Every command with the words that lead to it, as the help shows them. */
async function allCommands(path: readonly string[] = []): Promise<{ path: readonly string[]; help: CliResult }[]> {
  const help = await runCli([...path, '--help'], unset)
  const below = await Promise.all(commandsIn(help.stdout).map(name => allCommands([...path, name])))
  return [{ path, help }, ...below.flat()]
}

test('every command has a help, found from the first one on', async () => {
  const all = await allCommands()
  for (const { path, help } of all) {
    expect([path.join(' '), help.code, help.stderr]).toEqual([path.join(' '), 0, ''])
    expect(help.stdout).toContain(`Usage: ${['eventtrail', ...path].join(' ')}`)
    // A line or more of what it does is between usage and options.
    expect(
      help.stdout
        .split(/Options:|Commands:|Arguments:/)[0]
        ?.split('\n')
        .slice(2)
        .join('')
        .trim()
    ).not.toBe('')
  }
  const names = all.map(({ path }) => path.join(' '))
  for (const name of [
    'schemas register',
    'schemas check',
    'publish',
    'sink',
    'sink reset',
    'sink resume',
    'quarantine retry',
    'migrate',
    'doctor',
    'indexer',
    'notifier',
    'stack up',
    'demo'
  ])
    expect(names).toContain(name)
  const reset = all.find(({ path }) => path.join(' ') === 'sink reset')?.help.stdout ?? ''
  for (const flag of ['event', 'to', 'reason']) expect(reset).toMatch(new RegExp(`--${flag} <[^-]*\\(required\\)`))
  expect(reset.match(/\(required\)/g)).toHaveLength(3)
  for (const { path, help } of all.filter(({ help }) => help.stdout.includes('--group')))
    expect(help.stdout.replace(/\s+/g, ' '), path.join(' ')).toContain('without the prefix')
  expect(all[0]?.help.stdout).toContain('Exit codes: 0 done, 1 completed with findings, 2')
})

/** Commands that need schemas: without any they say how to begin, before they ask a server. */
const schemaCommands = [
  ['schemas', 'register'],
  ['schemas', 'list'],
  ['schemas', 'check'],
  ['schemas', 'generate', '--out', 'x.ts'],
  ['publish', 'badge.awarded']
]

test.each([
  [[], 'Usage: eventtrail'],
  [['nonsense'], 'unknown command'],
  [['nonsense', '--help'], "unknown command 'nonsense'"],
  [['help', 'nonsense'], "unknown command 'nonsense'"],
  [['schemas', 'nonsense', '--help'], "unknown command 'nonsense'"],
  [['sink', 'nonsense'], "unknown command 'nonsense'"],
  [
    ['sink', '--connections', '1000'],
    "'--connections <n>' argument '1000' is invalid. Expected a whole number from 1 to 100"
  ],
  [['sink', '--linger', '1e10'], "'--linger <ms>' argument '1e10' is invalid"],
  [['sink', '--session-timeout', '10000000000'], "'--session-timeout <ms>' argument"],
  [['quarantine', 'discard', '0x5', '--reason', 'r'], "'0x5' is invalid"],
  [['sink', '--nonsense'], 'unknown option'],
  [['search', 'fractions', '-basic'], 'words that begin with - follow --'],
  [['sink', '--max-records', 'many'], '--max-records'],
  [['sink', '--session-timeout', '5'], '--session-timeout'],
  [['sink'], 'KAFKA_BROKERS is not set'],
  [['sink', 'reset'], '--event'],
  [['migrate'], 'DATABASE_URL is not set'],
  [['doctor'], 'KAFKA_BROKERS is not set'],
  [['quarantine', 'list'], 'DATABASE_URL is not set'],
  [['migrate', '--database', 'no url'], 'expected a URL'],
  [['migrate', '--with', 'indexers'], 'no part indexers; expected indexer or notifier'],
  ...schemaCommands.map(command => [command, 'name your folder with --schemas <dir>'] as [string[], string]),
  [['schemas', 'list', '--example', '--schemas', 'x'], 'cannot be used with'],
  [['doctor', '--config', 'absent.json'], 'absent.json']
])('called or configured wrongly it exits with 2 and says why: %j', async (args, words) => {
  const refused = await runCli(args, unset)
  expect(refused).toMatchObject({ code: 2, stdout: '' })
  expect(refused.stderr).toContain(words)
  expect(refused.stderr).not.toMatch(/^\s+at /m)
})

test.each([
  [['migrate'], 'Postgres'],
  [['quarantine', 'list'], 'Postgres'],
  [['sink'], 'Postgres'],
  [['sink', 'reset', '--event', 'a.b', '--partition', '0', '--to', 'latest', '--reason', 'r'], 'Postgres'],
  [['schemas', 'register', '--example'], 'registry']
])('with no server where it looks, it exits with 3 and says which: %j', async (args, words) => {
  const failed = await runCli(args, { ...unset, ...nobody })
  expect(failed.code).toBe(3)
  const last = failed.stderr.trim().split('\n').at(-1)
  expect(last).toContain(words)
  expect(last).toMatch(/^eventtrail: /)
})

test.each([
  [{ pathname: '/no_such_database' }, 'no database of the name'],
  [{ username: 'nobody_of_this_name' }, 'does not accept the'],
  [{ password: 'not-the-password' }, 'does not accept the password']
])('where Postgres does not take in %j it exits with 2', async (wrong, words) => {
  const url = Object.assign(new URL(process.env.DATABASE_URL ?? ''), wrong)
  for (const command of [['migrate'], ['quarantine', 'list'], ['search', 'words']]) {
    const refused = await runCli(command, { ...unset, DATABASE_URL: url.href })
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    if (command[0] === 'migrate') expect(refused.stderr).toContain(words)
  }
})

const findings = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { check: string; level: string; words: string })

test('doctor says of each server that is away which it is, where to look, and nothing of what it cannot know', async () => {
  const looked = await runCli(['doctor', '--json'], { ...unset, ...nobody })
  expect(looked.code).toBe(1)
  const found = findings(looked.stdout)
  expect(found.map(({ check, level }) => `${check} ${level}`)).toEqual([
    'kafka wrong',
    'registry wrong',
    'database wrong'
  ])
  for (const [index, variable] of ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'DATABASE_URL'].entries())
    expect(found[index]?.words).toContain(variable)
})

test('doctor calls no server wrong for a setting that is, and ends its sentences once', async () => {
  const unnamed = await runCli(['doctor'], {
    ...unset,
    ...nobody,
    KAFKA_SASL_MECHANISM: 'plain',
    KAFKA_SASL_USERNAME: ''
  })
  expect(unnamed).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD are not set')
  })

  await using server = createServer((_, response) => response.writeHead(404).end('no registry'))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const looked = await runCli(['doctor'], { ...unset, ...nobody, SCHEMA_REGISTRY_URL: `http://127.0.0.1:${port}` })
  expect(looked.stdout).toContain('Is the address right? Check SCHEMA_REGISTRY_URL')
  expect(looked.stdout).not.toMatch(/[.?!]\./)
})

test('doctor leads from an empty database to a pipeline that works', async () => {
  const bare = await testEnvironment()
  const doctor = () => runCli(['doctor', '--json'], bare.env)
  const wrong = async () => findings((await doctor()).stdout).filter(({ level }) => level === 'wrong')

  const first = await doctor()
  expect(first.code).toBe(1)
  const atFirst = findings(first.stdout)
  expect(atFirst.filter(({ check }) => check === 'migrations')).toHaveLength(3)
  expect(atFirst.filter(({ check, level }) => check === 'migrations' && level === 'wrong')).toMatchObject([
    { words: expect.stringMatching(/^trail: .*run `eventtrail migrate`$/) }
  ])
  expect(atFirst).toContainEqual({
    check: 'registry',
    level: 'warning',
    words: expect.stringContaining('eventtrail schemas register')
  })

  expect((await runCli(['migrate'], bare.env)).code).toBe(0)
  expect(await wrong()).toEqual([])
  expect((await runCli(['schemas', 'register', '--example'], bare.env)).code).toBe(0)
  const well = await doctor()
  expect(well.code).toBe(0)
  expect(findings(well.stdout).every(({ level }) => level === 'ok')).toBe(true)
  expect((await runCli(['doctor'], bare.env)).stdout).toMatch(/^ok {7}kafka .*\nok {7}registry /)

  const client = new Client({ connectionString: bare.databaseUrl })
  await client.connect()
  try {
    const [{ table }] = (
      await client.query(
        "SELECT inhrelid::regclass::text AS table FROM pg_inherits WHERE inhparent = 'event_envelopes'::regclass AND inhrelid::regclass::text ~ '_\\d{4}_\\d{2}$' ORDER BY 1 LIMIT 1"
      )
    ).rows as [{ table: string }]
    await client.query(`DROP TABLE ${table}`)
    expect(await wrong()).toMatchObject([{ check: 'partitions', words: expect.stringContaining('eventtrail migrate') }])
    expect((await runCli(['migrate'], bare.env)).stdout).toContain(`made ${table}`)
    expect(await wrong()).toEqual([])

    await client.query("INSERT INTO eventtrail_migrations (component, id, name) VALUES ('trail', 999, '999_later')")
    expect(await wrong()).toMatchObject([
      { check: 'migrations', words: expect.stringContaining('a newer eventtrail was here') }
    ])
    const refused = await runCli(['migrate'], bare.env)
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toContain('Run that version')
  } finally {
    await client.end()
  }
})

test('doctor knows a topic that is missing, and a record that is held', async () => {
  const trail = await testTrail()
  await trail.register(catalogue.version('badge.awarded'))
  const without = await runCli(['doctor'], trail.env)
  expect(without.code).toBe(1)
  expect(without.stdout).toContain(`registered, but without a topic: ${trail.topicPrefix}badge.awarded`)

  await trail.makeTopic('badge.awarded')
  await trail.send([{ eventName: 'badge.awarded', key: 'k', value: Buffer.from('bad') }, await trail.encode(badge())])
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await sink.whenCaughtUp()
  const held = findings((await runCli(['doctor', '--json'], trail.env)).stdout)
  expect(held).toContainEqual({
    check: 'quarantine',
    level: 'warning',
    words: expect.stringContaining('1 records held')
  })
  expect(held.find(({ check }) => check === 'ledger')).toMatchObject({ level: 'ok' })

  const reset = ['sink', 'reset', '--event', 'badge.awarded', '--partition', '0', '--to', 'latest', '--reason', 'r']
  const away = await runCli(reset, { ...trail.env, KAFKA_BROKERS: '127.0.0.1:1' })
  expect(away).toMatchObject({ code: 3, stderr: expect.stringContaining('Kafka is unreachable') })
})

test('a Postgres that is read-only is reported in one sentence, by doctor and by what would write', async () => {
  const trail = await testTrail()
  await trail.offer('badge.awarded')
  await trail.send([{ eventName: 'badge.awarded', key: 'k', value: Buffer.from('ada@example.org') }])
  {
    await using sink = createSink(trail.sinkOptions)
    await sink.start()
    await sink.whenCaughtUp()
  }
  expect((await runCli(['migrate'], trail.env)).code).toBe(0)
  const database = async () => {
    const looked = await runCli(['doctor', '--json'], trail.env)
    return [looked.code, findings(looked.stdout).filter(({ check }) => check === 'database')]
  }
  expect(await database()).toMatchObject([0, [{ level: 'ok' }]])

  const name = new URL(trail.databaseUrl).pathname.slice(1)
  await trail.rows(`ALTER DATABASE ${name} SET default_transaction_read_only = on`)
  expect(await database()).toMatchObject([1, [{ level: 'wrong', words: expect.stringContaining('is read-only') }]])
  for (const command of [['migrate'], ['quarantine', 'discard', '1', '--reason', 'r']]) {
    const refused = await runCli(command, trail.env)
    expect(refused).toMatchObject({ code: 3, stdout: '' })
    expect(refused.stderr).toMatch(/^eventtrail: Postgres is read-only \(25006\): .*\n$/)
  }
})

test('doctor counts what no month helps apart, and migrate what one does', async () => {
  const trail = await testTrail()
  await trail.offer('badge.awarded')
  const ids = [
    '013c9000-0000-7000-8000-000000000001',
    'f47ac10b-58cc-4372-a567-0e02b2c3d479',
    'f47ac10b-58cc-4372-a567-0e02b2c3d480'
  ]
  await trail.publish(ids.map(id => ({ ...badge(), id })))
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await sink.whenCaughtUp()
  const misplaced = async () =>
    findings((await runCli(['doctor', '--json'], trail.env)).stdout).filter(({ check }) => check === 'default')
  const untimed = {
    check: 'default',
    level: 'warning',
    words: expect.stringMatching(/^2 in .* other versions than 7.* stay there/)
  }
  expect(await misplaced()).toEqual([
    { check: 'default', level: 'warning', words: expect.stringMatching(/^1 in .*--from-month/) },
    untimed
  ])
  expect((await runCli(['migrate', '--from-month', '2013-01'], trail.env)).code).toBe(0)
  expect(await misplaced()).toEqual([untimed])
})

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
