import { spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parquetFile } from '../../../archive/index.ts'
import { cli, runCli } from '../../support/processes/cli.ts'
import { eventually } from '../../support/stack.ts'
import { testTrail } from '../../support/trail.ts'

const trail = await testTrail()
const folder = mkdtempSync(join(tmpdir(), 'export-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = () => join(folder, randomUUID())
const exported = (...args: string[]) => runCli(['trail', 'export', ...args], trail.env)
const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex')
const latest = async () => (await trail.rows('SELECT * FROM disclosures ORDER BY number DESC LIMIT 1'))[0]

/** What JavaScript would round, reorder or shorten, as Postgres prints it. */
const exact =
  '{"z": 1.10, "big": 9223372036854775807, "text": "a\\"b\\\\c\\u0001\u0085\u202e é 😀", "10": 1, "2": -0.1e-5, "none": null}'
const id = '0199d6a0-0000-7000-8000-000000000001'
const aggregate = '0199d6a0-0000-7000-8000-00000000000a'
const many = Number(process.env.EXPORT_ROWS ?? 30_000)

beforeAll(async () => {
  await trail.rows(
    "INSERT INTO field_meanings (event_name, path, meaning) VALUES ('quiz.submitted', 'student_id', 'subject')"
  )
  await trail.rows(
    `INSERT INTO event_envelopes (id, aggregate_id, occurred_at, event_name, payload, schema_version, actor, kafka_partition, kafka_offset)
     VALUES ($1, $2, '2026-11-25T14:02:11.402113Z', 'thing.done', $3, 2, '=cmd|'' /C calc''!A0', 3, 9007199254740993)`,
    [id, aggregate, exact]
  )
  await trail.rows(
    `INSERT INTO event_envelopes (id, aggregate_id, occurred_at, event_name, payload, schema_version, kafka_partition, kafka_offset)
     SELECT gen_random_uuid(), gen_random_uuid(), now() - n * interval '1 second', 'quiz.submitted',
       jsonb_build_object('submission_id', gen_random_uuid(), 'student_id', md5((n % 1000)::text)::uuid, 'quiz_id', gen_random_uuid(), 'score_raw', n % 1000 / 10.0),
       1, 0, n FROM generate_series(1, ${many}) n`
  )
})

test('NDJSON has every digit of the trail, and a receipt that says what the file is', async () => {
  const out = file()
  const done = await exported('--event', 'thing.done', '--out', out, '--json')
  expect(done, done.stderr).toMatchObject({ code: 0 })
  const [{ payload, recorded_at } = {}] = await trail.rows(
    `SELECT payload::text AS payload, to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS recorded_at
     FROM event_envelopes WHERE id = $1`,
    [id]
  )
  const line =
    `{"id":"${id}","aggregate_id":"${aggregate}","occurred_at":"2026-11-25T14:02:11.402113Z","event_name":"thing.done",` +
    `"payload":${payload},"schema_version":2,"source":null,"actor":"=cmd|' /C calc'!A0","traceparent":null,` +
    `"kafka_partition":3,"kafka_offset":9007199254740993,"recorded_at":"${recorded_at}"}\n`
  expect(readFileSync(out, 'utf8')).toBe(line)
  expect(payload).toContain('1.10')
  const receipt = {
    file: out,
    format: 'ndjson',
    rows: 1,
    bytes: Buffer.byteLength(line),
    sha256: sha256(line),
    question: { eventName: 'thing.done', where: [] },
    party: 'the tests',
    purpose: 'a test',
    basis: 'unstated',
    completeness: { kafka: { asked: true }, words: expect.stringMatching(/omplete as of/) }
  }
  expect(JSON.parse(done.stdout)).toMatchObject(receipt)
  expect(JSON.parse(readFileSync(`${out}.receipt.json`, 'utf8'))).toMatchObject(receipt)
  for (const each of [out, `${out}.receipt.json`]) expect(statSync(each).mode & 0o777).toBe(0o600)
  expect(existsSync(`${out}.partial`)).toBe(false)
  const disclosure = await latest()
  expect(disclosure).toMatchObject({
    number: String(JSON.parse(done.stdout).disclosure),
    tool: 'trail export',
    complete: true,
    rows: '1',
    unattributed: '1',
    ids_sha256: createHash('sha256').update(`${id}\n`).digest(),
    bytes: String(Buffer.byteLength(line))
  })
  expect((disclosure?.sha256 as Buffer).toString('hex')).toBe(sha256(line))
})

test('CSV is one of RFC 4180, and no spreadsheet computes what is in it', async () => {
  const out = file()
  expect(await exported('--aggregate', aggregate, '--format', 'csv', '--out', out)).toMatchObject({ code: 0 })
  const [head, row, ...rest] = readFileSync(out, 'utf8').split('\r\n')
  expect(rest).toEqual([''])
  expect(head?.split(',')).toHaveLength(12)
  expect(row).toContain(`,"{""2"": `)
  expect(row).toContain(`,'=cmd|' /C calc'!A0,`)
})

test('Parquet has times as times, offsets as whole numbers, and the payload as its text', async () => {
  const out = file()
  const done = await exported('--event', 'thing.done', '--format', 'parquet', '--out', out, '--json')
  expect(done, done.stderr).toMatchObject({ code: 0 })
  const bytes = readFileSync(out)
  expect(JSON.parse(done.stdout)).toMatchObject({ rows: 1, bytes: bytes.length, sha256: sha256(bytes) })
  const parquet = await parquetFile({ bytes: bytes.length, read: async (start, end) => bytes.subarray(start, end) })
  const [[values = []] = []] = await Array.fromAsync(parquet.read())
  const row = Object.fromEntries(parquet.columns.map((name, index) => [name, values[index]]))
  expect(row).toMatchObject({ id, kafka_offset: 9007199254740993n, kafka_partition: 3, traceparent: null })
  expect(row.occurred_at).toBe(BigInt(Date.parse('2026-11-25T14:02:11.402Z')) * 1000n + 113n)
  expect(row.payload).toContain('9223372036854775807')
})

test('to a pipe goes the data alone, and the receipt to stderr', async () => {
  const { code, stdout, stderr } = await exported('--event', 'quiz.submitted', '--out', '-')
  expect(code).toBe(0)
  const lines = stdout.trimEnd().split('\n')
  expect(lines).toHaveLength(many)
  const receipt = JSON.parse(stderr.trim().split('\n').at(-1) ?? '')
  expect(receipt).toMatchObject({ rows: many, sha256: sha256(stdout), ofUnknownPersons: 0 })
  const persons =
    'SELECT count(*)::int AS persons, sum(events)::int AS events FROM disclosure_subjects WHERE disclosure = $1'
  expect(await trail.rows(persons, [receipt.disclosure])).toEqual([{ persons: Math.min(many, 1000), events: many }])
  // In the order of their ids, so that the same trail gives the same bytes.
  const ids = lines.map(line => line.slice(7, 43))
  expect(ids).toEqual(ids.toSorted())
})

test('a person has all events that name them', async () => {
  const person = '0199d6a0-0000-7000-8000-0000000000bb'
  await trail.rows(
    `INSERT INTO event_envelopes (id, aggregate_id, occurred_at, event_name, payload, schema_version)
     SELECT gen_random_uuid(), gen_random_uuid(), now(), 'quiz.submitted', jsonb_build_object('student_id', $1::text), 1 FROM generate_series(1, 3)`,
    [person]
  )
  const { stdout, stderr } = await exported('--person', person, '--out', '-')
  expect(stdout.trim().split('\n')).toHaveLength(3)
  const [{ disclosure }] = [JSON.parse(stderr)]
  expect(
    await trail.rows('SELECT subject, events FROM disclosure_subjects WHERE disclosure = $1', [disclosure])
  ).toEqual([{ subject: person, events: '3' }])
})

test('persons are the same by every format: of lists, of records in records, of aggregates, of public events', async () => {
  const meanings = { 'who[].id': 'subject', 'a."b c"': 'subject', $aggregate: 'subject', x: 'public' }
  for (const [path, meaning] of Object.entries(meanings))
    await trail.rows("INSERT INTO field_meanings (event_name, path, meaning) VALUES ('thing.shared', $1, $2)", [
      path,
      meaning
    ])
  await trail.rows("INSERT INTO field_meanings (event_name, path, meaning) VALUES ('thing.shown', 'x', 'public')")
  const capital = '0199D6A0-0000-7000-8000-0000000000CC'
  for (const payload of [
    { who: [{ id: 'ada' }, { id: 'bob' }, { id: 'ada' }, { id: null }, {}], a: { 'b c': "o'hara\\" } },
    { who: { id: 'no list' }, a: [{ 'b c': 'no record' }] },
    { who: [{ id: 7 }, { id: capital }], a: null }
  ])
    await trail.rows(
      `INSERT INTO event_envelopes (id, aggregate_id, occurred_at, event_name, payload, schema_version)
       SELECT gen_random_uuid(), $1, now(), name, $2, 1 FROM unnest(ARRAY['thing.shared', 'thing.shown', 'thing.unknown']) name`,
      [aggregate, payload]
    )
  const given = []
  for (const format of ['csv', 'ndjson']) {
    const { code, stderr } = await exported('--aggregate', aggregate, '--format', format, '--out', '-')
    expect(code, stderr).toBe(0)
    const { disclosure, rows, ofUnknownPersons } = JSON.parse(stderr)
    const persons = 'SELECT subject, events FROM disclosure_subjects WHERE disclosure = $1 ORDER BY subject'
    given.push({ rows, ofUnknownPersons, persons: await trail.rows(persons, [disclosure]) })
  }
  expect(given[0]).toEqual(given[1])
  expect(given[0]).toMatchObject({
    rows: 10,
    ofUnknownPersons: 4,
    persons: [
      { subject: aggregate, events: '3' },
      { subject: capital.toLowerCase(), events: '1' },
      { subject: 'ada', events: '1' },
      { subject: 'bob', events: '1' },
      { subject: "o'hara\\", events: '1' }
    ]
  })
})

test('what is interrupted while no one reads is recorded as broken off', async () => {
  const piped = spawn(process.execPath, [cli, 'trail', 'export', '--out', '-'], {
    env: { ...process.env, ...trail.env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const said = text(piped.stderr)
  const before = Number((await latest())?.number)
  await eventually(async () => Number((await latest())?.number) > before, { what: 'it is recorded' })
  // No one reads: the pipe is full, and the export waits.
  await once(piped.stdout, 'readable')
  piped.kill('SIGINT')
  const [code] = await once(piped, 'exit')
  expect([code, await said]).toEqual([130, expect.stringContaining('broken off')])
  const ended = await latest()
  expect(ended).toMatchObject({ complete: false, sha256: null, ended_at: expect.any(Date) })
  expect(Number(ended?.rows)).toBeGreaterThan(0)
  expect(Number(ended?.rows)).toBeLessThan(many)
})

/** Starts an export that waits for a lock on the trail: it is recorded, and has nothing to write yet. */
async function waitingExport(out: string) {
  const holder = await trail.db.connect()
  await holder.query('BEGIN; LOCK TABLE event_envelopes')
  const child = spawn(process.execPath, [cli, 'trail', 'export', '--out', out], {
    env: { ...process.env, ...trail.env },
    stdio: ['ignore', 'ignore', 'pipe']
  })
  const said = text(child.stderr)
  const waiting = `SELECT FROM pg_locks WHERE NOT granted AND relation = 'event_envelopes'::regclass`
  await eventually(async () => (await trail.rows(waiting)).length > 0, { what: 'the export waits for the lock' })
  const stop = async (signal: 'SIGINT' | 'SIGKILL') => {
    child.kill(signal)
    const [code] = await once(child, 'close')
    await holder.query('ROLLBACK')
    holder.release()
    return { code, said: await said }
  }
  return { stop }
}

test.each([
  'ndjson',
  'csv'
])('a disk that is full in the middle ends an export of %s, which leaves no file', async format => {
  const out = file()
  // A limit of 64 KiB for a file, as an error and not as a signal.
  const limited = ['-c', 'trap "" XFSZ; ulimit -f 128; exec "$0" "$@"', process.execPath, cli]
  const child = spawn('sh', [...limited, 'trail', 'export', '--format', format, '--out', out], {
    env: { ...process.env, ...trail.env, NODE_COMPILE_CACHE: '' },
    stdio: ['ignore', 'ignore', 'pipe']
  })
  const said = text(child.stderr)
  const [code] = await once(child, 'close')
  expect([code, await said]).toEqual([2, expect.stringContaining('is not complete (EFBIG), and was removed')])
  expect([out, `${out}.partial`, `${out}.receipt.json`].filter(existsSync)).toEqual([])
  const ended = await latest()
  expect(ended).toMatchObject({ complete: false })
  expect(Number(ended?.rows)).toBeGreaterThan(0)
})

test('what is interrupted while Postgres works ends at once, and leaves no file', async () => {
  const out = file()
  const waiting = await waitingExport(out)
  expect(existsSync(`${out}.partial`)).toBe(true)
  expect(await waiting.stop('SIGINT')).toEqual({
    code: 130,
    said: expect.stringContaining('broken off after 0 events')
  })
  expect([out, `${out}.partial`, `${out}.receipt.json`].filter(existsSync)).toEqual([])
  expect(await latest()).toMatchObject({ complete: false, rows: '0' })
})

test('what is killed never looks complete, and counts as given in full', async () => {
  const out = file()
  const { stop } = await waitingExport(out)
  expect(await stop('SIGKILL')).toMatchObject({ code: null })
  expect([out, `${out}.partial`, `${out}.receipt.json`].filter(existsSync)).toEqual([`${out}.partial`])
  const listed = await runCli(['trail', 'disclosures', '--limit', '1'], trail.env)
  expect(listed.stdout).toContain('\tno end: counts as given in full\ttrail export\t')
  const { code, stderr } = await exported('--out', out)
  expect([code, stderr]).toEqual([2, expect.stringContaining('or one was killed')])
})

test.each([
  [['--out', '/nowhere/at/all'], 'cannot be written (ENOENT)'],
  [['--format', 'xls', '--out', 'x'], 'Expected one of ndjson, csv, parquet'],
  [['--event', 'Not A Name', '--out', 'x'], 'name of an event'],
  [['--where', 'nonsense', '--out', 'x'], 'condition']
])('%j is refused, and nothing recorded', async (args, words) => {
  const before = await trail.count('disclosures')
  const { code, stdout, stderr } = await exported(...args)
  expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(words)])
  expect(await trail.count('disclosures')).toBe(before)
})

test('a file that is there stays as it is', async () => {
  const out = file()
  writeFileSync(out, 'mine')
  const { code, stderr } = await exported('--out', out)
  expect([code, stderr]).toEqual([2, expect.stringContaining('is there already')])
  expect(readFileSync(out, 'utf8')).toBe('mine')
})

test('rows of any length are whole, also where they take many packets', async () => {
  const lengths = [0, 1, 700, 65_500, 65_536, 70_000, 2_000_000, 3]
  for (const [n, length] of lengths.entries())
    await trail.rows(
      `INSERT INTO event_envelopes (id, aggregate_id, occurred_at, event_name, payload, schema_version)
       VALUES ($1, gen_random_uuid(), now(), 'text.long', jsonb_build_object('text', repeat('ä', $2)), 1)`,
      [`0199d6a0-0000-7000-8000-0000000001${String(n).padStart(2, '0')}`, length]
    )
  const { stdout } = await exported('--event', 'text.long', '--out', '-')
  const lines = stdout.trimEnd().split('\n')
  const texts = lines.map(line => JSON.parse(line).payload.text)
  expect(texts.map(text => text === 'ä'.repeat(text.length) && text.length)).toEqual(lengths)
})
