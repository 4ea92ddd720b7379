import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { beginProof } from '../../../audit/index.ts'
import { createLogger } from '../../../cli/log.ts'
import { rolesScript } from '../../../postgres/roles.ts'
import { createSink } from '../../../sink/sink.ts'
import { sessionPool, sinkSessions } from '../../../trail/database.ts'
import { monthPartition } from '../../../trail/months.ts'
import { endBlockers } from '../../../trail/positions/fence.ts'
import { listBlockers } from '../../../trail/session/blockers.ts'
import { runCli } from '../../support/processes/cli.ts'
import { testParties } from '../../support/proof/parties.ts'
import { keyText } from '../../support/proof/sinks/signed-trail.ts'
import { eventually } from '../../support/stack.ts'
import { badge, lesson, testTrail } from '../../support/trail.ts'

const trail = await testTrail({ partitions: 1 })
// Roles belong to the whole server, which other tests use at the same time.
const prefix = `r${randomBytes(4).toString('hex')}`
const thisMonth = new Date().toISOString().slice(0, 7)
const roles = ['writer', 'operator', 'reader'] as const
type Role = (typeof roles)[number]

/** The address of the trail for a login of a role. */
const as = (role: Role): string => {
  const url = new URL(trail.databaseUrl)
  url.username = `${prefix}_${role}_login`
  url.password = 'pw'
  return url.href
}
const connectionAs = (role: Role) => ({ ...trail.connection, postgres: { url: as(role) } })
const cli = (role: Role, ...args: string[]) => runCli(args, { ...trail.env, DATABASE_URL: as(role) })

const migrationsAlone = [{ on: 'eventtrail_migrations', to: ['reader'] as const, may: 'SELECT' }]

/** What one statement answers a role: its SQLSTATE, or `done`. */
async function tried(role: Role, statement: string): Promise<string> {
  const client = new pg.Client({ connectionString: as(role) })
  await client.connect()
  try {
    await client.query('BEGIN')
    await client.query(statement)
    return 'done'
  } catch (error) {
    return String((error as { code?: string }).code)
  } finally {
    await client.end()
  }
}

beforeAll(async () => {
  expect(await runCli(['migrate', '--roles', prefix], trail.env)).toMatchObject({ code: 0 })
  for (const role of roles)
    await trail.rows(
      `CREATE ROLE ${prefix}_${role}_login LOGIN PASSWORD 'pw'; GRANT ${prefix}_${role} TO ${prefix}_${role}_login`
    )
  await trail.offer('lesson.published')
  await trail.offer('badge.awarded')
})

afterAll(async () => {
  for (const role of roles)
    await trail.rows(
      `DROP OWNED BY ${prefix}_${role}; DROP ROLE IF EXISTS ${prefix}_${role}_login; DROP ROLE ${prefix}_${role}`
    )
})

test('a sink that may only append stores, recognises duplicates and conflicts, and quarantines', async () => {
  const sent = await trail.publish([lesson(), lesson(), badge()])
  const [first] = sent
  if (!first) throw new Error('nothing was sent')
  await trail.send([first, { ...first, value: Buffer.from('no event') }])
  await trail.publish([{ ...lesson('another content'), id: first.id }])
  await using sink = createSink({ ...trail.sinkOptions, connection: connectionAs('writer') })
  await sink.start()
  await sink.whenCaughtUp()
  expect(sink.stats()).toMatchObject({ rows: 3, duplicates: 1, quarantined: 2 })
})

test('months that it may not create are a warning; rows go to DEFAULT, and the owner moves them', async () => {
  const { table } = monthPartition(new Date())
  const backup = await trail.rows(`SELECT count(*)::int AS n FROM ${table}`)
  await trail.rows(`ALTER TABLE event_envelopes DETACH PARTITION ${table}; ALTER TABLE ${table} RENAME TO was_a_month`)
  await trail.rows('INSERT INTO event_envelopes SELECT * FROM was_a_month; DROP TABLE was_a_month')
  const lines: string[] = []
  const log = createLogger({ level: 'warn', destination: { write: line => void lines.push(line) } })
  const before = await trail.count('event_envelopes')
  await using sink = createSink({ ...trail.sinkOptions, connection: connectionAs('writer'), log })
  await sink.start()
  const [warning] = lines.filter(line => line.includes('eventtrail migrate --months-ahead 3'))
  expect(warning).toContain(table)
  await trail.publish([lesson()])
  await eventually(async () => (await trail.count('event_envelopes')) === before + 1, { what: 'stored in DEFAULT' })
  const doctor = await cli('reader', 'doctor')
  expect(doctor).toMatchObject({ code: 1, stdout: expect.stringMatching(/WRONG +partitions .*eventtrail migrate/) })
  expect(await runCli(['migrate', '--months-ahead', '3'], trail.env)).toMatchObject({ code: 0 })
  expect(await trail.count('event_envelopes_default')).toBe(0)
  expect(await trail.count(table)).toBe(Number(backup[0]?.n) + 1)
  expect(await trail.count('event_envelopes')).toBe(before + 1)
  // A role keeps its rights on the table as a whole.
  await trail.publish([lesson()])
  await eventually(async () => (await trail.count(table)) === Number(backup[0]?.n) + 2, { what: 'stored in its month' })
})

test.each<[Role, string]>([
  ['writer', "UPDATE event_envelopes SET payload = '{}'"],
  ['writer', 'DELETE FROM event_envelopes'],
  ['writer', 'TRUNCATE event_envelopes'],
  ['writer', 'DROP TABLE event_envelopes'],
  ['writer', 'CREATE TABLE x ()'],
  ['writer', 'SELECT value FROM sink_quarantine'],
  ['writer', `SELECT sink_drop_month('${thisMonth}', 'r')`],
  ['writer', "SELECT sink_remove_rows(array(SELECT id FROM event_envelopes), 'r')"],
  ['writer', 'UPDATE sink_offsets SET incarnation = 7'],
  ['writer', 'UPDATE sink_ledger SET first_offset = 7'],
  ['operator', 'DELETE FROM event_envelopes'],
  ['operator', "UPDATE sink_quarantine SET value = 'x'"],
  ['operator', 'UPDATE sink_ledger SET rows = 7'],
  ['operator', "UPDATE operator_actions SET actor = 'x'"],
  ['operator', 'DELETE FROM operator_results'],
  ['operator', 'DELETE FROM retention_holds'],
  ['operator', "INSERT INTO retention_steps (action, month, step, detail) VALUES (1, '2026-01', 'dropped', '{}')"],
  ['operator', `SELECT sink_drop_month('${thisMonth}', 'r')`],
  ['reader', "INSERT INTO operator_results (action, status, result) VALUES (1, 'done', '{}')"],
  ['reader', 'INSERT INTO sink_gaps SELECT * FROM sink_gaps'],
  ['reader', 'UPDATE sink_offsets SET halted = NULL'],
  ['reader', "INSERT INTO retention_holds (action, month) VALUES (1, '2026-01')"],
  ['reader', "UPDATE disclosures SET party = 'x'"],
  ['reader', 'DELETE FROM disclosure_subjects'],
  ['operator', 'DELETE FROM disclosures'],
  ['writer', 'SELECT FROM disclosures'],
  ['operator', 'DELETE FROM field_meanings'],
  ['reader', "UPDATE field_meanings SET meaning = 'none'"],
  ['reader', 'SELECT key FROM sink_quarantine'],
  ['reader', 'SELECT headers FROM sink_quarantine'],
  ['reader', "UPDATE proof_entries SET entry = 'another'"],
  ['operator', "UPDATE proof_entries SET entry = 'another'"],
  ['operator', 'UPDATE proof_settings SET origin = origin']
])('the %s is refused: %s', async (role, statement) => {
  expect(await tried(role, statement)).toBe('42501')
})

test('an operator does all that the commands of operators do', async () => {
  const [entry] = await trail.rows("SELECT number, topic FROM sink_quarantine WHERE status = 'held' ORDER BY 1 LIMIT 1")
  const topic = `${trail.topicPrefix}lesson.published`
  await trail.rows(`UPDATE sink_offsets SET halted = 'TOO_MANY_BAD' WHERE topic = '${topic}'`)
  for (const command of [
    ['quarantine', 'list'],
    ['quarantine', 'show', String(entry?.number)],
    ['quarantine', 'discard', String(entry?.number), '--reason', 'r'],
    ['sink', 'resume', '--event', 'lesson.published', '--reason', 'r'],
    ['sink', 'reset', '--event', 'lesson.published', '--partition', '0', '--to', 'latest', '--force', '--reason', 'r'],
    ['sink', 'forget', '--event', 'badge.awarded', '--reason', 'r'],
    ['sink', 'remember', '--event', 'badge.awarded', '--reason', 'r'],
    ['retention', 'hold', '--month', '2020-01', '--reason', 'r'],
    ['retention', 'release', '1', '--reason', 'r'],
    ['retention', 'list'],
    ['schemas', 'register', '--example'],
    ['trail', 'find', '--event', 'lesson.published', '--from', '2026-01-01']
  ]) {
    const done = await cli('operator', ...command, '--json')
    expect(done, `${command.join(' ')}: ${done.stderr}`).toMatchObject({ code: 0 })
    const results = done.stdout.trim().split('\n')
    expect(results.map(line => typeof JSON.parse(line))).toEqual(results.map(() => 'object'))
  }
  expect(await cli('operator', 'quarantine', 'purge', '--reason', 'r')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('by the owner of the tables')
  })
  const denied = await cli('reader', 'sink', 'forget', '--event', 'badge.awarded', '--reason', 'r')
  expect(denied).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('a right on table operator_actions (42501)')
  })
  expect(denied.stderr).not.toContain('unreachable')
})

test('an auditor runs doctor and verify, and reads every table', async () => {
  expect((await cli('reader', 'verify')).stderr).not.toContain('42501')
  const disclosures = await cli('reader', 'trail', 'disclosures')
  expect(disclosures).toMatchObject({ code: 0, stdout: expect.stringContaining('\tquarantine show\t') })
  const denied = await cli('writer', 'verify')
  expect(denied.stderr).toMatch(/\(42501\): verify reads the whole trail, as the role eventtrail_reader may/)
  expect(denied.stderr.match(/42501/g)).toHaveLength(1)
  expect(denied.code).toBe(2)
  const doctor = await cli('reader', 'doctor')
  expect(doctor.stdout).not.toContain('42501')
  expect(await cli('reader', 'retention', 'list')).toMatchObject({ code: 0 })
  const found = await cli('reader', 'trail', 'find', '--event', 'lesson.published', '--from', '2026-01-01')
  expect(found).toMatchObject({ code: 0, stdout: expect.stringContaining('lesson.published v2') })
  for (const view of ['sink_losses', 'sink_ledger_faults', 'sink_topics', 'sink_removals'])
    expect(await tried('reader', `SELECT * FROM ${view}`)).toBe('done')
})

test('a right that is taken away is named by a sink that runs, and by one that starts; it continues once it is back', async () => {
  await using sink = createSink({ ...trail.sinkOptions, connection: connectionAs('writer') })
  await sink.start()
  await sink.whenCaughtUp()
  await trail.rows(`REVOKE INSERT ON event_envelopes FROM ${prefix}_writer`)
  const before = await trail.count('event_envelopes')
  await trail.publish([badge()])
  await eventually(() => sink.health().notReady.some(words => words.includes('table event_envelopes (42501)')), {
    what: 'health names the table'
  })
  await trail.rows(`REVOKE SELECT ON eventtrail_migrations FROM ${prefix}_writer`)
  await using late = createSink({ ...trail.sinkOptions, connection: connectionAs('writer') })
  await expect(late.start()).rejects.toMatchObject({
    code: 'POSTGRES_DENIED',
    message: expect.stringMatching(/table eventtrail_migrations \(42501\).*migrate --roles/)
  })
  expect(await runCli(['migrate', '--roles', prefix], trail.env)).toMatchObject({ code: 0 })
  await eventually(async () => (await trail.count('event_envelopes')) === before + 1, { what: 'stored after all' })
  await eventually(() => sink.health().notReady.length === 0, { what: 'ready again' })
})

test('a suspended sink with another login keeps its locks, in words, until the login may end it', async () => {
  const login = `${prefix}_second_login`
  await trail.rows(`CREATE ROLE ${login} LOGIN PASSWORD 'pw'; GRANT ${prefix}_writer TO ${login}`)
  const second = as('writer').replace(`${prefix}_writer_login`, login)
  const holder = new pg.Client({ connectionString: as('writer'), application_name: `${sinkSessions}/1` })
  const waiter = new pg.Client({ connectionString: second, application_name: `${sinkSessions}/2` })
  const pool = sessionPool(second, { applicationName: `${sinkSessions}/2` })
  holder.on('error', () => undefined)
  await Promise.all([holder.connect(), waiter.connect()])
  try {
    const pidOf = async (client: pg.Client) =>
      Number((await client.query('SELECT pg_backend_pid() AS pid')).rows[0]?.pid)
    const [holding, waiting] = [await pidOf(holder), await pidOf(waiter)]
    await holder.query('BEGIN; SELECT FROM sink_offsets FOR UPDATE')
    const locked = waiter.query('SELECT FROM sink_offsets FOR UPDATE')
    await eventually(
      async () =>
        (await trail.rows(`SELECT FROM unnest(pg_blocking_pids(${waiting})) WHERE unnest = ${holding}`)).length > 0,
      { what: 'one waits for the other' }
    )
    const look = () => endBlockers(pool, waiting, { ownApplication: `${sinkSessions}/2`, asleepMs: 0 })
    expect(await look()).toEqual({ ended: [], midway: [] })
    expect(await listBlockers(pool, waiting)).toMatchObject([
      { session: holding, application: `${sinkSessions}/1`, state: expect.stringContaining('may not look at') }
    ])
    // To see it is not to be allowed to end it.
    await trail.rows(`GRANT pg_monitor TO ${login}`)
    expect(await look()).toEqual({ ended: [], midway: [] })
    await trail.rows(`GRANT pg_signal_backend TO ${login}`)
    expect((await look()).ended).toEqual([holding])
    await locked
  } finally {
    await Promise.allSettled([holder.end(), waiter.end(), pool.end()])
    await trail.rows(`DROP ROLE ${login}`)
  }
})

test('an owner of the tables who cannot let roles into their schema is refused, and nothing of the script is done', async () => {
  const owner = `${prefix}_owner`
  await trail.rows(`CREATE ROLE ${owner} CREATEROLE; CREATE SCHEMA closed`)
  const client = await trail.db.connect()
  try {
    await client.query('SET search_path TO closed')
    await client.query('CREATE TABLE eventtrail_migrations (id int)')
    await client.query(`ALTER TABLE eventtrail_migrations OWNER TO ${owner}; GRANT USAGE ON SCHEMA closed TO ${owner}`)
    await client.query(`SET ROLE ${owner}`)
    await expect(client.query(rolesScript([{ grants: migrationsAlone }], `${prefix}z`))).rejects.toMatchObject({
      code: '42501'
    })
    await client.query('ROLLBACK')
    expect((await client.query(`SELECT FROM pg_roles WHERE rolname = '${prefix}z_reader'`)).rowCount).toBe(0)
  } finally {
    client.release(true)
    await trail.rows(`DROP SCHEMA closed CASCADE; DROP ROLE ${owner}`)
  }
})

test('a role that may not create roles is given the script to hand on', async () => {
  const refused = await cli('writer', 'migrate', '--roles', `${prefix}x`)
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('42501') })
  const printed = await runCli(['migrate', '--roles', `${prefix}y`, '--print'], {})
  expect(printed).toMatchObject({ code: 0, stdout: expect.stringContaining(`${prefix}y_writer`) })
  expect(await runCli(['migrate', '--print'], {})).toMatchObject({ code: 2 })
})

test('a sink that may only append signs what it stores, once the trail is proved', async () => {
  const { root, log, sink: signer, operator } = testParties
  await beginProof(trail.db, { root, log, operator, others: [{ signer, role: 'sink' }] }, trail.topicPrefix)
  await using sink = createSink({
    ...trail.sinkOptions,
    connection: connectionAs('writer'),
    proofKey: keyText(signer)
  })
  await sink.start()
  for (let batch = 0; batch < 2; batch += 1) {
    await trail.publish([badge()])
    await sink.whenCaughtUp()
  }
  await sink.drain()
  expect(await trail.rows("SELECT seq, open FROM proof_entries WHERE kind = 'batch'")).toEqual([
    { seq: 0, open: false }
  ])
})
