import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { examineAdditions } from '../../../../operations/doctor/additions.ts'
import type { FieldMeaning } from '../../../../schemas/index.ts'
import { sessionPool } from '../../../../trail/database.ts'
import {
  buildSearchIndexes,
  dropSearchIndexes,
  listAdditions,
  makeMonthsSince,
  type Question,
  questionSql,
  searchIndexState
} from '../../../../trail/index.ts'
import { runCli } from '../../../support/processes/cli.ts'
import { eventually } from '../../../support/stack.ts'
import { testTrail } from '../../../support/trail.ts'

const trail = await testTrail()
const pool = sessionPool(trail.databaseUrl, { applicationName: 'eventtrail-test' })
afterAll(() => pool.end())
const work = (signal = new AbortController().signal) => ({ pool, signal, onProgress: () => undefined })

const insert = (month: string) =>
  trail.rows(
    `INSERT INTO event_envelopes (id, aggregate_id, occurred_at, event_name, payload, schema_version)
     SELECT overlay(gen_random_uuid()::text PLACING
         regexp_replace(lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0'), '(.{8})(.{4})', '\\1-\\2') FROM 1 FOR 13)::uuid,
       gen_random_uuid(), at, 'order.placed', jsonb_build_object('customer', n::text), 1
     FROM generate_series(1, 50) n, LATERAL (SELECT $1::timestamptz + n * interval '1 hour' AS at) t`,
    [`${month}-01T00:00:00Z`]
  )
const invalid = () =>
  trail.rows(
    "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE NOT i.indisvalid AND c.relname LIKE '%\\_20__\\___\\_search\\_%'"
  )
const parts = async () =>
  (await trail.rows("SELECT relname FROM pg_class WHERE relname LIKE 'event\\_envelopes%\\_search\\_%'")).length

beforeAll(async () => {
  await makeMonthsSince(pool, new Date('2026-01-01T00:00:00Z'), new Date('2026-03-01T00:00:00Z'))
  for (const month of ['2026-01', '2026-02', '2026-03', '2025-01']) await insert(month)
})

test('building that is stopped in its middle lets sinks write, is continued, and takes in a month that is made meanwhile', async () => {
  const writer = new pg.Client({ connectionString: trail.databaseUrl })
  const reader = new pg.Client({ connectionString: trail.databaseUrl })
  for (const client of [writer, reader]) {
    await client.connect()
    onTestFinished(() => client.end())
  }
  // A transaction that has written keeps its lock until it ends.
  await writer.query('BEGIN')
  await writer.query(
    `INSERT INTO event_envelopes (id, aggregate_id, occurred_at, event_name, payload, schema_version)
     VALUES (gen_random_uuid(), gen_random_uuid(), now(), 'order.placed', '{}', 1)`
  )
  const stop = new AbortController()
  const before = await trail.count('event_envelopes')
  const first = buildSearchIndexes(work(stop.signal))
  // It cannot get the lock for the index of the whole trail, and lets others write while it waits for it.
  await insert('2026-02')
  expect(await trail.count('event_envelopes')).toBe(before + 50)
  // A snapshot that is older holds up each index of a month.
  await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
  await reader.query('SELECT FROM sink_offsets')
  await writer.query('COMMIT')
  const waits = async () =>
    (await trail.rows("SELECT FROM pg_stat_progress_create_index WHERE phase LIKE 'waiting for old snapshots'"))[0]
  await eventually(waits, { what: 'building waits for the open transaction' })
  await expect(buildSearchIndexes(work())).rejects.toMatchObject({
    code: 'REQUEST_INVALID',
    message: expect.stringContaining('Another process')
  })
  await insert('2026-03')
  stop.abort()
  expect(await first).toBeUndefined()
  expect((await invalid()).length).toBeGreaterThan(0)
  expect(await searchIndexState(pool)).toEqual({ complete: false, begun: true })
  expect(await examineAdditions(pool)).toContainEqual(expect.objectContaining({ level: 'warning' }))
  await reader.query('COMMIT')

  await makeMonthsSince(pool, new Date('2025-12-01T00:00:00Z'), new Date('2025-12-01T00:00:00Z'))
  const [month] = await trail.rows(
    "SELECT count(*)::int AS n FROM pg_index WHERE indrelid = 'event_envelopes_2025_12'::regclass AND indkey::text = '9'"
  )
  expect(month?.n).toBeGreaterThan(0)

  const again = await buildSearchIndexes(work())
  expect(again).toBeGreaterThan(0)
  expect(await searchIndexState(pool)).toEqual({ complete: true, begun: true })
  expect(await invalid()).toEqual([])
  expect(await buildSearchIndexes(work())).toBe(0)
  expect(await listAdditions(pool)).toEqual([])
  expect((await examineAdditions(pool)).map(({ level }) => level)).toEqual(['ok', 'ok'])
})

const meanings: readonly FieldMeaning[] = [
  { eventName: 'order.placed', path: 'customer', meaning: 'subject' },
  { eventName: 'order.paid', path: '$aggregate', meaning: 'subject' }
]
const id = '0199a000-0000-7000-8000-0000000000ab'

test.each<[string, Partial<Question>]>([
  ['an aggregate', { aggregate: id }],
  ['a person', { person: '7' }],
  ['a person who is an aggregate too', { person: id }],
  ['a person in a month', { person: '7', from: '2026-01-01', to: '2026-02-01' }],
  ['a value of any field', { where: [{ field: 'customer', is: '=', value: '7' }] }],
  ['the newest', {}],
  ['a day', { from: '2026-01-02', to: '2026-01-03' }],
  ['an event', { eventId: id }],
  [
    'a comparison in a month',
    {
      eventName: 'order.placed',
      from: '2026-01-01',
      to: '2026-02-01',
      where: [{ field: 'customer', is: '>', value: '"7"' }]
    }
  ]
])('with the indexes no month is read in whole: %s', async (_what, part) => {
  const { text, values } = questionSql({ where: [], ...part }, meanings, { limit: 51 })
  const client = await trail.db.connect()
  try {
    // Tables as small as these are read in whole by choice.
    await client.query('BEGIN; SET LOCAL enable_seqscan = off')
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`, values)
    const plan = rows.map(row => row['QUERY PLAN']).join('\n')
    expect(plan).not.toMatch(/Seq Scan/)
    expect(plan).toMatch(/Index/)
  } finally {
    await client.query('ROLLBACK')
    client.release()
  }
})

test('a month that is made later has them, and so has one that is dropped and made again', async () => {
  await makeMonthsSince(pool, new Date('2025-11-01T00:00:00Z'), new Date('2025-11-01T00:00:00Z'))
  await insert('2025-11')
  expect(await searchIndexState(pool)).toEqual({ complete: true, begun: true })
  expect(await buildSearchIndexes(work())).toBe(0)
})

test('the commands build and remove them', async () => {
  expect(await runCli(['migrate', '--drop-search'], trail.env)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/search indexes: removed \d+ parts/)
  })
  expect(await searchIndexState(pool)).toEqual({ complete: false, begun: false })
  expect(await parts()).toBe(0)
  expect(await dropSearchIndexes(work())).toBe(0)
  const built = await runCli(['migrate', '--search'], trail.env)
  expect(built).toMatchObject({ code: 0, stdout: expect.stringMatching(/search indexes: built \d+ parts/) })
  expect(built.stderr).toContain('index 1 of 4')
  expect(await runCli(['migrate', '--search'], trail.env)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('search indexes: complete')
  })
  expect(await runCli(['migrate', '--search', '--drop-search'], trail.env)).toMatchObject({ code: 2 })
  expect(await runCli(['migrate', '--search', '--only', 'inbox'], trail.env)).toMatchObject({ code: 2 })
})
