import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { openPool, openSession, unavailable } from '../../../postgres/index.ts'
import { createSink } from '../../../sink/sink.ts'
import { runCli } from '../../support/processes/cli.ts'
import { superuser, tlsPostgres } from '../../support/processes/tls-postgres.ts'
import { eventually } from '../../support/stack.ts'
import { lesson, testTrail } from '../../support/trail.ts'

const server = await tlsPostgres()
const plain = await tlsPostgres({ ssl: false })
const named = { applicationName: 'eventtrail-tls' }
const folder = mkdtempSync(join(tmpdir(), 'eventtrail tls '))
afterAll(() => rmSync(folder, { recursive: true }))

/** Why a session cannot be opened: code and words; `open` when it can. */
async function tried(url: string, password?: () => Promise<string>): Promise<string> {
  try {
    const session = await openSession({ url, ...(password && { password }) }, named)
    const { rows } = await session.query<{ ssl: boolean }>('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')
    await session.end()
    return `open, ${rows[0]?.ssl ? 'encrypted' : 'plain'}`
  } catch (error) {
    const { code, message } = unavailable(error)
    return `${code}: ${message}`
  }
}

const at = (parameters: string, host = server.address, user = superuser.name) =>
  `postgres://${user}:pw@${host}/postgres${parameters}`
const trusted = `sslrootcert=${server.files.ca}`

describe('what sslmode means to node-postgres', () => {
  test.each([
    ['nothing', '', /^POSTGRES_UNAVAILABLE: .*sslmode=verify-full/],
    ['disable', '?sslmode=disable', /^POSTGRES_UNAVAILABLE: .*sslmode=verify-full/],
    ['verify-full with the CA', `?sslmode=verify-full&${trusted}`, /^open, encrypted/],
    ['the CA alone', `?${trusted}`, /^open, encrypted/],
    ['require with the CA, which checks as verify-full does', `?sslmode=require&${trusted}`, /^open, encrypted/],
    ['require without it', '?sslmode=require', /^POSTGRES_TLS: .*no CA/],
    ['no-verify', '?sslmode=no-verify', /^open, encrypted/],
    ['another CA', `?sslmode=verify-full&sslrootcert=${server.files.otherCa}`, /^POSTGRES_TLS: .*no CA/],
    ['require as libpq has it', '?sslmode=require&uselibpqcompat=true', /^open, encrypted/]
  ])('%s', async (_, parameters, expected) => expect(await tried(at(parameters))).toMatch(expected))

  test('a name that is not in the certificate', async () => {
    const url = at(`?sslmode=verify-full&${trusted}`, `127.0.0.1:${server.port}`)
    expect(await tried(url)).toMatch(/^POSTGRES_TLS: .*another name/)
  })

  test('a server that does not speak TLS', async () => {
    const url = at(`?sslmode=verify-full&${trusted}`, plain.address)
    expect(await tried(url)).toMatch(/^POSTGRES_TLS: .*does not speak TLS/)
    expect(await tried(plain.url(superuser.name))).toBe('open, plain')
  })
})

test('a client certificate is the login of its user', async () => {
  await server.admin('CREATE ROLE certified LOGIN')
  const { clientCert, clientKey } = server.files
  const url = `postgres://certified@${server.address}/postgres?sslmode=verify-full&${trusted}`
  expect(await tried(`${url}&sslcert=${clientCert}&sslkey=${clientKey}`)).toBe('open, encrypted')
  expect(await tried(url)).toMatch(/^POSTGRES_(TLS|UNAVAILABLE): .*client certificate/)
})

test('a password is asked for with each new session, and one of the URL does not win over it', async () => {
  const given = ['wrong', 'pw', 'pw']
  const url = at(`?sslmode=verify-full&${trusted}`).replace(':pw@', ':other@')
  const next = async () => given.shift() ?? 'none left'
  expect(await tried(url, next)).toMatch(/^POSTGRES_UNAVAILABLE: .*password/)
  expect(await tried(url, next)).toBe('open, encrypted')
  expect(await tried(url.replace(':other@', '@'), next)).toBe('open, encrypted')
  expect(given).toEqual([])
  const failed = await tried(url, () => Promise.reject(new Error('S3cret')))
  expect(failed).toMatch(/^POSTGRES_UNAVAILABLE: There is no password/)
  expect(failed).not.toContain('S3cret')
})

test('roles without superuser, a schema of their own, and a password that rotates under load: no event is lost', async () => {
  const trail = await testTrail({ partitions: 2 })
  await trail.offer('lesson.published')
  await server.admin("CREATE ROLE owner LOGIN PASSWORD 'pw' CREATEROLE")
  await server.admin('CREATE DATABASE trail OWNER owner')
  const env = { ...trail.env, DATABASE_SCHEMA: 'audit' }
  const cli = (user: string, ...args: string[]) => runCli(args, { ...env, DATABASE_URL: server.url(user, 'trail') })
  const migrated = await cli('owner', 'migrate', '--roles', 'tls')
  expect(migrated, migrated.stderr).toMatchObject({ code: 0 })
  for (const role of ['writer', 'operator', 'reader'])
    await server.admin(`CREATE ROLE ${role} LOGIN PASSWORD 'pw'; GRANT tls_${role} TO ${role}`)
  // A schema that is named like a role is found first by the search_path that Postgres has by default.
  await server.admin('CREATE SCHEMA writer AUTHORIZATION writer; CREATE TABLE writer.event_envelopes ()', 'trail')
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, 'pw\n')
  const { readFile } = await import('node:fs/promises')
  const postgres = {
    url: server.url('writer', 'trail').replace(':pw@', '@'),
    password: async () => (await readFile(passwordFile, 'utf8')).trim(),
    schema: 'audit'
  }
  await using sink = createSink({ ...trail.sinkOptions, connection: { ...trail.connection, postgres } })
  await sink.start()
  const rows = async () =>
    Number((await server.admin('SELECT count(*) AS n FROM audit.event_envelopes', 'trail'))[0]?.n)
  const sent = [...(await trail.publish(Array.from({ length: 200 }, () => lesson())))]
  // The password first changes in Postgres, and only then in the file: sessions that are opened between are refused.
  await server.admin("ALTER ROLE writer PASSWORD 'pw2'")
  await server.admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'writer'")
  sent.push(...(await trail.publish(Array.from({ length: 200 }, () => lesson()))))
  writeFileSync(passwordFile, 'pw2\n')
  await server.renew('valid')
  await server.admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'writer'")
  sent.push(...(await trail.publish(Array.from({ length: 200 }, () => lesson()))))
  await sink.whenCaughtUp({ timeoutMs: 60_000 })
  expect(await rows()).toBe(sent.length)
  expect(await server.admin('SELECT * FROM audit.sink_losses', 'trail')).toEqual([])
  expect(await cli('reader', 'verify')).toMatchObject({ code: 0 })
  expect((await cli('reader', 'doctor')).stdout).not.toMatch(/42501|42P01/)
  const discarded = await cli('operator', 'quarantine', 'list')
  expect(discarded, discarded.stderr).toMatchObject({ code: 0 })
})

test('a certificate that has expired is named, and open sessions stay', async () => {
  const pool = openPool(at(`?sslmode=verify-full&${trusted}`), { ...named, max: 1 })
  await pool.query('SELECT 1')
  await server.renew('expired')
  await eventually(async () => (await tried(at(`?sslmode=verify-full&${trusted}`))).includes('expired'), {
    what: 'new sessions are refused'
  })
  await pool.query('SELECT 1')
  await pool.end()
  await server.renew('valid')
  expect(await tried(at(`?sslmode=verify-full&${trusted}`))).toBe('open, encrypted')
})
