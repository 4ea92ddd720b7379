import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { createSink } from '../../../../sink/index.ts'
import { runCli } from '../../../support/processes/cli.ts'
import { eventually } from '../../../support/stack.ts'
import { lesson, testTrail } from '../../../support/trail.ts'
import { idIn, retention, storeIn, verify } from './old-events.ts'

const trail = await testTrail({ partitions: 2 })
await trail.offer('lesson.published')
await trail.offer('badge.awarded')
await runCli(['migrate', '--from-month', '2026-01'], trail.env)
const thisMonth = new Date().toISOString().slice(0, 7)
const drop = (month: string) => retention(trail, 'drop', month, '--yes', '--reason', 'two years, as agreed')

test('a month under a hold stays; released, it is dropped, what it had is recorded, and nothing is missing', async () => {
  await storeIn(trail, { '2026-01': 40, [thisMonth]: 4 })
  const aggregate = String((await trail.rows('SELECT aggregate_id AS id FROM event_envelopes_2026_01 LIMIT 1'))[0]?.id)
  const reason = ['--reason', 'case 4711']
  const placed = [
    await retention(trail, 'hold', '--month', '2026-01', ...reason),
    await retention(trail, 'hold', '--event', 'badge.awarded', '--month', '2026-01', ...reason),
    await retention(trail, 'hold', '--aggregate', aggregate, ...reason),
    await retention(trail, 'hold', '--aggregate', randomUUID(), ...reason)
  ]
  const holds = placed.map(({ found }) => Number(found[0]?.hold))
  const [, , , elsewhere] = holds
  const keeping = holds.slice(0, 3)
  const listed = await retention(trail, 'list')
  expect(listed.code).toBe(0)
  expect(listed.found).toContainEqual(
    expect.objectContaining({ kind: 'month', month: '2026-01', rows: 40, holds: keeping, faults: [], byChance: 0 })
  )
  expect(listed.found.filter(({ kind }) => kind === 'hold')).toHaveLength(4)

  for (const hold of keeping) {
    const refused = await drop('2026-01')
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining(`under hold ${hold}`) })
    await expect(trail.rows("SELECT sink_drop_month('2026-01', 'r')")).rejects.toThrow('under hold')
    expect(await retention(trail, 'release', String(hold), ...reason)).toMatchObject({ code: 0 })
  }
  expect(await retention(trail, 'release', String(keeping[0]), ...reason)).toMatchObject({ code: 2 })
  // The id of an aggregate may be that of a person.
  expect(JSON.stringify(await trail.rows('SELECT target, result FROM operator_log'))).not.toContain(aggregate)

  const dry = await retention(trail, 'drop', '2026-01', '--dry-run')
  expect(dry).toMatchObject({ code: 0, found: [{ month: '2026-01', rows: 40, refusals: [] }] })
  const counted = await trail.rows(
    `SELECT event_name, kafka_partition, count(*) AS rows, min(kafka_offset) AS first_offset, max(kafka_offset) AS last_offset
     FROM event_envelopes_2026_01 GROUP BY 1, 2 ORDER BY 1, 2`
  )
  expect(await drop('2026-01')).toMatchObject({ code: 0, found: [{ month: '2026-01', rows: 40, archive: null }] })
  expect(await trail.count('event_envelopes')).toBe(4)
  expect(
    await trail.rows(
      'SELECT event_name, kafka_partition, rows, first_offset, last_offset FROM retention_counts ORDER BY 1, 2'
    )
  ).toEqual(counted)
  expect(await trail.rows("SELECT topics FROM retention_counts WHERE event_name = 'badge.awarded' LIMIT 1")).toEqual([
    { topics: [`${trail.topicPrefix}badge.awarded`] }
  ])
  expect((await verify(trail)).wrong).toEqual([])
  expect(await trail.rows('SELECT * FROM sink_losses')).toEqual([])
  const after = await retention(trail, 'list')
  expect(after.found).toContainEqual(
    expect.objectContaining({ kind: 'dropped', month: '2026-01', rows: 40, reason: 'two years, as agreed' })
  )
  expect(after.found).toContainEqual(expect.objectContaining({ kind: 'hold', id: elsewhere }))
  await expect(trail.rows('UPDATE retention_counts SET rows = 1')).rejects.toThrow('append-only')
})

test('what came too late for a month that was dropped is kept, listed, and dropped by the same command', async () => {
  await storeIn(trail, { '2026-01': 4 })
  expect(await trail.count('event_envelopes_default')).toBe(4)
  const listed = await retention(trail, 'list')
  expect(listed.found).toContainEqual(
    expect.objectContaining({ kind: 'month', month: '2026-01', place: 'default', rows: 4, faults: [] })
  )
  expect(await drop('2026-01')).toMatchObject({ code: 0, found: [{ rows: 4 }] })
  expect(await trail.count('event_envelopes_default')).toBe(0)
  expect((await verify(trail)).wrong).toEqual([])
  expect(await drop('2026-01')).toMatchObject({ code: 2, stderr: expect.stringContaining('no partition and no row') })
})

test('a month that is young, or does not add up, stays', async () => {
  expect(await drop(thisMonth)).toMatchObject({ code: 2, stderr: expect.stringContaining('is the current month') })
  expect(await drop('2026-1')).toMatchObject({ code: 2 })
  expect(await retention(trail, 'drop', '2026-02')).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') })
  await storeIn(trail, { '2026-02': 8, '2026-03': 8 })
  // All of one event, so that nothing of the month is left where they were.
  const taken = await trail.tamper(
    "DELETE FROM event_envelopes WHERE id IN (SELECT id FROM event_envelopes_2026_02 WHERE event_name = 'badge.awarded') RETURNING *"
  )
  expect(taken).toHaveLength(2)
  const refused = await drop('2026-02')
  expect(refused).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/does not add up: .*badge.awarded.* rows are missing/)
  })
  const listed = await retention(trail, 'list')
  expect(listed.code).toBe(1)
  expect(await trail.count('event_envelopes_2026_02')).toBe(6)
  await trail.rows('INSERT INTO event_envelopes SELECT * FROM json_populate_recordset(NULL::event_envelopes, $1)', [
    JSON.stringify(taken)
  ])
  expect(await drop('2026-02')).toMatchObject({ code: 0, found: [{ rows: 8 }] })
})

test('a long query delays the drop, and not the sinks', async () => {
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  const reader = await trail.db.connect()
  try {
    await reader.query('BEGIN')
    await reader.query('SELECT count(*) FROM event_envelopes')
    const dropping = drop('2026-03')
    await eventually(
      async () =>
        (
          await trail.rows(
            `SELECT FROM pg_locks WHERE relation = 'event_envelopes'::regclass AND mode = 'AccessExclusiveLock' AND NOT granted`
          )
        ).length > 0,
      { what: 'the drop waits for the reader' }
    )
    const before = await trail.count('event_envelopes_2026_03')
    // One of now, and one of the very month, which waits until the month is given back.
    await trail.publish([lesson(), { ...lesson(), id: idIn('2026-03', 99) }])
    await sink.whenCaughtUp({ timeoutMs: 30_000 })
    expect(await trail.count('event_envelopes_2026_03')).toBe(before + 1)
    await reader.query('COMMIT')
    expect(await dropping).toMatchObject({ code: 0, found: [{ rows: before + 1 }] })
  } finally {
    reader.release(true)
  }
  expect((await verify(trail)).wrong).toEqual([])
  expect(sink.stats()).toMatchObject({ quarantined: 0 })
})
