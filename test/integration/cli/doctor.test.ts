import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { createSink } from '../../../sink/index.ts'
import { runCli } from '../../support/processes/cli.ts'
import { testEnvironment } from '../../support/stack.ts'
import { badge, testTrail } from '../../support/trail.ts'
import { nobody, unset } from './environments.ts'

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
  expect(atFirst.filter(({ check }) => check === 'migrations')).toHaveLength(5)
  expect(atFirst.filter(({ check, level }) => check === 'migrations' && level === 'wrong')).toMatchObject([
    { words: expect.stringMatching(/^trail: .*run `eventtrail migrate`$/) },
    { words: expect.stringMatching(/^operations: .*run `eventtrail migrate`$/) }
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
    words: expect.stringContaining('1 record held')
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
    expect(refused.stderr).toMatch(
      /^eventtrail: (Nothing was done, .* recorded: )?Postgres is read-only \(25006\): .*\n$/
    )
    expect(refused.stderr).not.toContain('unreachable')
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
