import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addEntry } from '../../../trail/index.ts'
import { sealing } from '../../support/audit/sealing.ts'
import { runCli } from '../../support/processes/cli.ts'
import { startTold } from '../../support/processes/status.ts'
import { pemOf } from '../../support/proof/keys.ts'
import { provedTrail } from '../../support/proof/proved-trail.ts'
import { eventually } from '../../support/stack.ts'

const trail = await provedTrail()
// Roles belong to the whole server, which other tests use at the same time.
const prefix = `r${randomBytes(4).toString('hex')}`
const asSealer = new URL(trail.databaseUrl)
asSealer.username = `${prefix}_sealer_login`
asSealer.password = 'pw'
const { place, env: envOf, wholeLog } = sealing(asSealer.href)
const folder = place()
const env = envOf(folder)
const once = async (more: Readonly<Record<string, string>> = {}, ...flags: string[]) => {
  const { code, stdout, stderr } = await runCli(['proof', 'checkpoint', '--once', ...flags], { ...env, ...more })
  return { code, stderr, lines: stdout.trim().split('\n') }
}

beforeAll(async () => {
  expect(await runCli(['migrate', '--roles', prefix], trail.env)).toMatchObject({ code: 0 })
  await trail.rows(
    `CREATE ROLE ${prefix}_sealer_login LOGIN PASSWORD 'pw'; GRANT ${prefix}_sealer TO ${prefix}_sealer_login`
  )
})
afterAll(async () => {
  await trail.rows(`DROP ROLE ${prefix}_sealer_login`)
  await trail.rows(
    (await trail.rows(`SELECT rolname FROM pg_roles WHERE starts_with(rolname, '${prefix}_')`))
      .map(({ rolname }) => `DROP OWNED BY ${rolname}; DROP ROLE ${rolname};`)
      .join(' ')
  )
})

let next = 0
async function entry(): Promise<void> {
  await trail.writer('sink', { rows: 1 }).store([{ first: next, last: next }])
  next += 1
}

test('one round by the role of sealers seals what is there, and says so; what is wrong is a finding', async () => {
  await entry()
  expect(await once()).toMatchObject({ code: 0, lines: ['2 entries sealed; the log has 2'] })
  expect(await once({}, '--json')).toMatchObject({
    code: 0,
    lines: ['{"kind":"checkpoint","size":2,"sealed":0,"isOurs":true}']
  })
  expect(await wholeLog(folder)).toHaveLength(2)
  await trail.inTransaction(client => addEntry(client, { writer: v7(), seq: 0, kind: 'batch', entry: 'forged' }))
  expect(await once()).toMatchObject({
    code: 1,
    lines: [expect.stringMatching(/^ENTRY_INVALID {2}entry \d+ of proof_entries/), '0 entries sealed; the log has 2']
  })
  // Reported once; doctor and metrics have it from then on.
  expect(await once()).toMatchObject({ code: 0 })
})

test('what is configured wrongly is said before anything is sealed', async () => {
  await entry()
  for (const [more, words] of [
    [{ PROOF_STORE: '' }, 'PROOF_STORE is not set'],
    [{ PROOF_STORE: `file:${folder}/none` }, 'ENOENT'],
    [{ PROOF_TRUST: `${folder}/none` }, 'trust policy cannot be read (ENOENT)'],
    [{ PROOF_KEY_FILE: `${folder}/none` }, 'ENOENT'],
    [{ PROOF_KEY_FILE: sealing(asSealer.href).keyFile('school.example/trail/sink-1') }, 'is not that of the log']
  ] as const)
    expect(await once(more)).toMatchObject({ code: 2, stderr: expect.stringContaining(words) })
  const both = await runCli(['proof', 'checkpoint', '--once', '--every', '1000'], env)
  expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('--every') })
  expect((await once()).lines).toEqual(['1 entry sealed; the log has 3'])
})

test('a process seals until it is stopped, reports on itself, and reveals no key', async () => {
  const sealer = await startTold(env, 'proof', 'checkpoint', '--every', '100')
  await sealer.becomes('ready')
  await entry()
  const sealed = async () => (await wholeLog(folder).catch(() => [])).length === 4
  await eventually(sealed, { what: 'the entry is in the log' })
  const metrics = await eventually(
    async () => {
      const found = await sealer.metrics()
      return found.get('eventtrail_proof_entries_unsealed') === 0 && found
    },
    { what: 'nothing is unsealed' }
  )
  expect(metrics.get('eventtrail_proof_oldest_unsealed_seconds')).toBe(0)
  expect(metrics.get('eventtrail_proof_checkpoint_age_seconds')).toBeGreaterThanOrEqual(0)
  expect(metrics.get(`eventtrail_proof_place_lag_seconds{place="file://${folder}"}`)).toBe(0)
  expect(metrics.get('eventtrail_proof_rejected_total{code="KEY_UNKNOWN"}')).toBe(0)

  const newest = readFileSync(join(folder, 'checkpoint'))
  rmSync(join(folder, 'checkpoint'))
  rmSync(join(folder, 'checkpoints'), { recursive: true })
  await eventually(async () => (await sealer.ask('/readyz')).reasons.some(each => each.includes('no checkpoint')), {
    what: 'it is not ready'
  })
  writeFileSync(join(folder, 'checkpoint'), newest)
  await sealer.becomes('ready')
  expect(await sealer.stop()).toBe(0)
  const [secret = ''] = pemOf('school.example/trail').split('\n').slice(1)
  expect(secret.length).toBeGreaterThan(20)
  expect(sealer.output()).not.toContain(secret)

  rmSync(join(folder, 'checkpoint'))
  expect(await once()).toMatchObject({ code: 1, lines: [expect.stringMatching(/^LOG_ROLLED_BACK {2}The first place/)] })
})

test('doctor says where the log in the database and the one in its places differ', async () => {
  const doctor = async () => {
    const { stdout } = await runCli(['doctor', '--json'], { ...trail.env, PROOF_STORE: `file:${folder}` })
    const all = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    return all.filter(({ check, words }) => check === 'proof' && /place-|LOG_ROLLED_BACK/.test(words))
  }
  // The place lost its newest checkpoint in the test before.
  expect(await doctor()).toEqual([
    { check: 'proof', level: 'warning', words: expect.stringContaining('has a checkpoint of 0 entries') }
  ])
  await trail.rows('DELETE FROM proof_checkpoints')
  expect(await once()).toMatchObject({ code: 0 })
  expect(await doctor()).toEqual([])
  await trail.rows('ALTER TABLE proof_entries DISABLE TRIGGER USER')
  await trail.rows('DELETE FROM proof_entries WHERE log_index = 3')
  expect(await doctor()).toMatchObject([
    { level: 'wrong', words: expect.stringContaining('LOG_ROLLED_BACK: the database lacks entries') },
    { level: 'wrong', words: expect.stringContaining('has a log of 4 entries, and the database 3 sealed ones') }
  ])
})
