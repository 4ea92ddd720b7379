import { createHash } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { createSink } from '../../../sink/sink.ts'
import { keepMonthsAhead, monthPartition } from '../../../trail/months.ts'
import { runCli } from '../../support/processes/cli.ts'
import { lesson, testTrail } from '../../support/trail.ts'

const trail = await testTrail({ partitions: 1 })
const month = monthPartition(new Date()).table

beforeAll(async () => {
  await trail.offer('lesson.published')
  await trail.publish(Array.from({ length: 10 }, () => lesson()))
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await sink.whenCaughtUp()
})

test.each([
  'DELETE FROM event_envelopes',
  `DELETE FROM ${month}`,
  'TRUNCATE event_envelopes',
  `TRUNCATE ${month}`,
  'TRUNCATE event_envelopes_default',
  "UPDATE event_envelopes SET event_name = 'other.event'",
  `UPDATE ${month} SET payload = '{}'`,
  'UPDATE event_envelopes SET recorded_at = now()',
  'UPDATE sink_ledger SET rows = rows - 1, duplicates = duplicates + 1',
  'UPDATE sink_ledger SET topic = topic || 1',
  'DELETE FROM sink_ledger',
  'TRUNCATE sink_ledger'
])('%s is refused, for the owner and for a superuser too', async statement => {
  await expect(trail.rows(statement)).rejects.toMatchObject({
    code: '23001',
    message: expect.stringContaining('append-only'),
    hint: expect.stringContaining('sink_remove_rows')
  })
  expect(await trail.count('event_envelopes')).toBe(10)
})

test('rows that are taken out on purpose are recorded, and are no loss', async () => {
  const [row] = await trail.rows('SELECT id FROM event_envelopes LIMIT 1')
  await expect(trail.rows('SELECT sink_remove_rows($1, $2)', [[row?.id], ' '])).rejects.toThrow('reason')
  const [removed] = await trail.rows('SELECT sink_remove_rows($1, $2)::int AS rows', [
    [row?.id],
    'asked to be forgotten'
  ])
  expect(removed).toEqual({ rows: 1 })
  expect(await trail.count('event_envelopes')).toBe(9)
  expect(await trail.rows('SELECT * FROM sink_losses')).toEqual([])
  // The permission ends with the function.
  await expect(trail.rows('DELETE FROM event_envelopes')).rejects.toMatchObject({ code: '23001' })
})

test('rows leave DEFAULT for the partition of their month, which refuses as the others do', async () => {
  const ahead = monthPartition(new Date(), 7)
  const id = `${ahead.from.slice(0, 14)}7000-8000-000000000001`
  await trail.rows(
    `INSERT INTO event_envelopes SELECT $1, aggregate_id, occurred_at, event_name, payload, schema_version
     FROM event_envelopes LIMIT 1`,
    [id]
  )
  expect(await trail.count('event_envelopes_default')).toBe(1)
  await keepMonthsAhead(trail.db, new Date(), 7)
  expect(await trail.count('event_envelopes_default')).toBe(0)
  expect(await trail.count(ahead.table)).toBe(1)
  for (const statement of [`DELETE FROM ${ahead.table}`, `TRUNCATE ${ahead.table}`])
    await expect(trail.rows(statement)).rejects.toMatchObject({ code: '23001' })
})

test('a column that others added may be filled', async () => {
  await trail.rows('ALTER TABLE event_envelopes ADD COLUMN extra text')
  await trail.rows("UPDATE event_envelopes SET extra = 'x'")
  expect(await trail.rows("SELECT 1 FROM event_envelopes WHERE extra IS DISTINCT FROM 'x'")).toEqual([])
})

test('bytes leave the quarantine once their entry is resolved and old, and its books stay', async () => {
  const raw = Buffer.from('no event, of ada@example.org')
  await trail.send([
    { eventName: 'lesson.published', value: raw },
    { eventName: 'lesson.published', value: raw }
  ])
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await sink.whenCaughtUp()
  await trail.rows(
    `UPDATE sink_quarantine SET status = 'discarded', resolution = 'r', resolved_at = now() - interval '31 days'
     WHERE number = (SELECT min(number) FROM sink_quarantine)`
  )
  await expect(trail.rows("SELECT sink_purge_quarantine('30 days', '')")).rejects.toThrow('reason')
  const purge = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCli(['quarantine', 'purge', '--json', ...args], trail.env)
    expect(code, stderr).toBe(0)
    return JSON.parse(stdout)
  }
  const found = { days: 30, old: 1, young: 0, held: 1 }
  expect(await purge('--dry-run')).toEqual({ purged: null, ...found })
  expect(await purge('--dry-run', '--older-than', '32')).toMatchObject({ old: 0, young: 1 })
  expect(await trail.rows('SELECT FROM sink_quarantine WHERE purged_at IS NOT NULL')).toEqual([])
  expect(await purge('--reason', 'as agreed')).toEqual({ purged: 1, ...found })
  const [purged, held] = await trail.rows('SELECT * FROM sink_quarantine ORDER BY number')
  expect(purged).toMatchObject({
    key: null,
    value: null,
    headers: [],
    code: 'NOT_WIRE_FORMAT',
    purge_reason: 'as agreed'
  })
  expect(purged?.value_sha256).toEqual(createHash('sha256').update(raw).digest())
  expect(held).toMatchObject({ status: 'held', value: raw, purged_at: null })
  expect(await trail.rows('SELECT * FROM sink_losses')).toEqual([])
  expect(await purge('--reason', 'again')).toMatchObject({ purged: 0, old: 0, held: 1 })
  const shown = await runCli(
    ['quarantine', 'show', String(purged?.number), '--json', '--party', 'a test', '--purpose', 'a test'],
    trail.env
  )
  expect(JSON.parse(shown.stdout)).toMatchObject({
    value: null,
    valueSha256: createHash('sha256').update(raw).digest('hex')
  })
  expect(
    await trail.rows(
      "SELECT target, reason, result FROM operator_log WHERE operation = 'quarantine purge' ORDER BY id LIMIT 1"
    )
  ).toEqual([{ target: { olderThanDays: 30 }, reason: 'as agreed', result: { purged: 1 } }])
})
