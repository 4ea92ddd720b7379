import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { type ParquetValue, parquetFile } from '../../../../archive/index.ts'
import { createSink } from '../../../../sink/index.ts'
import { runCli } from '../../../support/processes/cli.ts'
import { objectServer } from '../../../support/processes/object-server.ts'
import { lesson, testTrail } from '../../../support/trail.ts'
import { type Gate, killAt, meanwhileAt } from './kill-at.ts'
import { idIn, retention, storeIn, verify } from './old-events.ts'

const trail = await testTrail({ partitions: 2 })
await trail.offer('lesson.published')
await trail.offer('badge.awarded')
await runCli(['migrate', '--from-month', '2026-01'], trail.env)
const folder = mkdtempSync(join(tmpdir(), 'eventtrail-archive-'))
afterAll(() => rmSync(folder, { recursive: true }))
const dropArgs = (month: string) => ['drop', month, '--yes', '--reason', 'as agreed', '--archive', `file:${folder}`]
const drop = (month: string) => retention(trail, ...dropArgs(month))

async function read(name: string) {
  await using file = await open(join(folder, name))
  const all = await file.readFile()
  const parquet = await parquetFile({ bytes: all.length, read: async (start, end) => all.subarray(start, end) })
  const rows: Record<string, ParquetValue>[] = []
  for await (const group of parquet.read())
    rows.push(...group.map(row => Object.fromEntries(parquet.columns.map((column, n) => [column, row[n] ?? null]))))
  return { metadata: parquet.metadata, rows }
}

const everyColumn = `SELECT id::text, aggregate_id::text, (extract(epoch FROM occurred_at) * 1000000)::bigint::text AS occurred_at,
    event_name, payload::text, schema_version, source, actor, traceparent, kafka_partition, kafka_offset::text,
    (extract(epoch FROM recorded_at) * 1000000)::bigint::text AS recorded_at`

const asText = (rows: readonly Record<string, unknown>[]) =>
  rows.map(row =>
    Object.fromEntries(Object.entries(row).map(([key, value]) => [key, value === null ? null : String(value)]))
  )

const steps: readonly Gate[] = ['archive begun', 'archive written', 'archive verified', 'dropped', 'result']

test('a drop that is killed at each step while a sink stores is one action, with one archive and nothing missing', async () => {
  await storeIn(trail, { '2026-01': 40, '2026-02': 3 })
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  const before = asText(await trail.rows(`${everyColumn} FROM event_envelopes_2026_01 ORDER BY id`))
  expect(before).toHaveLength(40)
  for (const step of steps) {
    await trail.publish([lesson(), lesson()])
    await killAt(trail, step, dropArgs('2026-01'))
  }
  // Killed between the drop and its result, it is dropped.
  const { code, found } = await drop('2026-01')
  // What the second attempt wrote was read back and is the one; the first was complete and never noted.
  const name = expect.stringMatching(/^event_envelopes-2026-01-\d+-2\.parquet$/)
  expect(readdirSync(folder)).toEqual([expect.stringMatching(/-1\.parquet$/), name])
  const archive = `file://${folder}/${readdirSync(folder)[1]}`
  expect({ code, found }).toMatchObject({ code: 0, found: [{ month: '2026-01', rows: 40, archive }] })
  expect(await trail.rows('SELECT rows::int, archive, reason FROM retention_dropped')).toEqual([
    { rows: 40, archive, reason: 'as agreed' }
  ])
  expect(await trail.rows("SELECT status, result FROM operator_log WHERE operation = 'retention drop'")).toEqual([
    { status: 'done', result: { month: '2026-01', rows: 40, archive } }
  ])
  expect(await trail.count('operator_resumptions')).toBe(steps.length)

  const { rows, metadata } = await read(String(readdirSync(folder)[1]))
  expect(asText(rows)).toEqual(before)
  expect(metadata.get('eventtrail.rows')).toBe('40')
  expect(JSON.parse(String(metadata.get('eventtrail.postgres_types')))).toMatchObject({ id: 'uuid', payload: 'jsonb' })

  await sink.whenCaughtUp()
  expect(await trail.count('event_envelopes')).toBe(3 + 2 * steps.length)
  const { wrong, found: findings } = await verify(trail)
  expect(wrong).toEqual([])
  expect(findings.map(({ words }) => words)).toContainEqual(
    expect.stringContaining(`with 40 rows, archived in ${archive}`)
  )
  expect(await trail.rows('SELECT * FROM sink_losses')).toEqual([])
})

test('an archive that was damaged before it was read back is rejected, and another one written', async () => {
  await killAt(trail, 'archive verified', dropArgs('2026-02'))
  const [name = ''] = readdirSync(folder).filter(each => each.includes('2026-02'))
  truncateSync(join(folder, name), 100)
  expect(await drop('2026-02')).toMatchObject({ code: 3, stderr: expect.stringContaining('has 100 bytes') })
  expect(await trail.count('event_envelopes_2026_02')).toBe(3)
  expect((await retention(trail, 'list')).found).toContainEqual(
    expect.objectContaining({ kind: 'unfinished', month: '2026-02', status: 'interrupted', archive: `file:${folder}` })
  )
  // What came meanwhile is in the next one.
  await storeIn(trail, { '2026-02': 2 })
  expect(await drop('2026-02')).toMatchObject({ code: 0, found: [{ rows: 5 }] })
  const names = readdirSync(folder).filter(each => each.includes('2026-02'))
  expect((await read(String(names.at(-1)))).rows).toHaveLength(5)
  expect((await verify(trail)).wrong).toEqual([])
})

test('an event that comes between the archive and the drop is in the archive that counts', async () => {
  await storeIn(trail, { '2026-04': 2 })
  const code = await meanwhileAt(trail, 'archive verified', dropArgs('2026-04'), () =>
    trail.rows(
      `INSERT INTO event_envelopes (id, aggregate_id, occurred_at, event_name, payload, schema_version)
       VALUES ('${idIn('2026-04', 7)}', gen_random_uuid(), now(), 'badge.awarded', '{"n": 9007199254740993}', 1)`
    )
  )
  expect(code).toBe(0)
  const [dropped] = await trail.rows("SELECT rows::int, archive FROM retention_dropped WHERE month = '2026-04'")
  expect(dropped).toEqual({ rows: 3, archive: expect.stringMatching(/-2\.parquet$/) })
  const { rows } = await read(String(dropped?.archive).slice(`file://${folder}/`.length))
  expect(rows).toContainEqual(expect.objectContaining({ payload: '{"n": 9007199254740993}', kafka_offset: null }))
})

test('a month is archived in a bucket', async () => {
  const server = await objectServer()
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_ENDPOINT_URL: server.url
  })
  await storeIn(trail, { '2026-05': 3 })
  const ids = (await trail.rows('SELECT id FROM event_envelopes_2026_05 ORDER BY id')).map(({ id }) => id)
  const { code, found } = await retention(trail, ...dropArgs('2026-05').with(-1, 's3://trail/months'))
  const archive = expect.stringMatching(/^s3:\/\/trail\/months\/event_envelopes-2026-05-\d+-1\.parquet$/)
  expect({ code, found }).toMatchObject({ code: 0, found: [{ rows: 3, archive }] })
  const [object = Buffer.alloc(0)] = server.objects.values()
  const file = await parquetFile({ bytes: object.length, read: async (from, to) => object.subarray(from, to) })
  for await (const rows of file.read()) expect(rows.map(([id]) => id)).toEqual(ids)
  expect(file.rows).toBe(3)
})

test('a folder that is not there is refused before anything is done', async () => {
  await storeIn(trail, { '2026-03': 1 })
  const refused = await retention(trail, ...dropArgs('2026-03').with(-1, `file:${folder}/none`))
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('ENOENT') })
  expect((await retention(trail, ...dropArgs('2026-03').with(-1, 'ftp://host/x'))).code).toBe(2)
  expect(await trail.rows("SELECT FROM operator_log WHERE target ->> 'month' = '2026-03'")).toEqual([])
})

// A Python with pyarrow and DuckDB, as `.ci/readers` makes it. CI always has one.
const python = process.env.EVENTTRAIL_PYTHON
const isLeftOut = python === undefined && process.env.CI === undefined
test.skipIf(isLeftOut)('pyarrow and DuckDB read an archive with the same types and values', async () => {
  const script = new URL('read_archive.py', import.meta.url).pathname
  const [name = ''] = readdirSync(folder).filter(each => each.includes('2026-01') && each.endsWith('-2.parquet'))
  const { stdout } = await promisify(execFile)(String(python), [script, join(folder, name)])
  const found = JSON.parse(stdout) as Record<string, unknown>
  expect(found).toMatchObject({
    pyarrow: {
      id: 'string',
      aggregate_id: 'string',
      occurred_at: 'timestamp[us, tz=UTC]',
      event_name: 'string',
      payload: 'string',
      schema_version: 'int32',
      actor: 'string',
      kafka_partition: 'int32',
      kafka_offset: 'int64',
      recorded_at: 'timestamp[us, tz=UTC]'
    },
    duckdb: {
      id: 'VARCHAR',
      occurred_at: 'TIMESTAMP WITH TIME ZONE',
      payload: 'VARCHAR',
      schema_version: 'INTEGER',
      kafka_offset: 'BIGINT'
    },
    rows: 40,
    month: '2026-01'
  })
  const { rows, metadata } = await read(name)
  expect(found.ids_sha256).toBe(metadata.get('eventtrail.ids_sha256'))
  expect(found.micros).toEqual(rows.map(({ occurred_at }) => Number(occurred_at)))
})
