import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { migrate } from '../../../postgres/migrate.ts'
import { trailMigrations } from '../../../trail/migrations.ts'
import { makeMonthsSince, monthPartition } from '../../../trail/months.ts'
import { copyPieces, PgRows } from '../../../trail/session/pg-rows.ts'
import { eventually, testEnvironment } from '../../support/stack.ts'
import { copyRow } from '../../support/trail/plain-rows.ts'

const { databaseUrl } = await testEnvironment()
const pool = new pg.Pool({ connectionString: databaseUrl, max: 3 })
pool.on('error', () => undefined)
const folder = await mkdtemp(join(tmpdir(), 'eventtrail-who-'))
afterAll(async () => {
  await pool.end()
  await rm(folder, { recursive: true })
})

const columns = 'id, aggregate_id, occurred_at, event_name, payload, schema_version, kafka_partition, kafka_offset'
const month = monthPartition(new Date())
let rows = 0
/** A row as the version before wrote it, by its own list of columns. */
const olderInsert = `INSERT INTO event_envelopes (${columns})
  VALUES ($1, $1, now(), 'badge.awarded', '{}', 1, 0, $2) RETURNING id`
const nextId = (): string => `${month.from.slice(0, 14)}7000-8000-${String(++rows).padStart(12, '0')}`

test('a trail with rows gets the columns without a rewrite, while a sink of the version before writes', async () => {
  const files = await readdir(trailMigrations.directory)
  for (const file of files.filter(name => name < '010'))
    await cp(new URL(`${trailMigrations.directory.href}/${file}`), join(folder, file))
  const [older, client] = [await pool.connect(), await pool.connect()]
  try {
    await migrate(client, { ...trailMigrations, directory: pathToFileURL(folder) })
    await makeMonthsSince(pool as never, new Date(), new Date())
    const write = { name: 'older', text: olderInsert }
    for (let count = 0; count < 1_000; count += 1) await older.query({ ...write, values: [nextId(), rows] })
    const filesOf = () =>
      client.query(`SELECT relid::regclass::text AS name, pg_relation_filenode(relid) AS file
      FROM pg_partition_tree('event_envelopes') WHERE isleaf ORDER BY 1`)
    const before = (await filesOf()).rows
    expect(before.length).toBeGreaterThan(1)

    // A backup or a long query keeps the migration waiting. It lets the sink have its turn, and has its own afterwards.
    const backup = await pool.connect()
    await backup.query('BEGIN; SELECT count(*) FROM event_envelopes')
    let isDone = false
    const migrating = migrate(client, trailMigrations).finally(() => {
      isDone = true
    })
    const waiting =
      "SELECT FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    await eventually(async () => (await backup.query(waiting)).rowCount === 1, { what: 'the migration waits' })
    await older.query({ ...write, values: [nextId(), rows] })
    expect(isDone).toBe(false)
    await backup.query('COMMIT')
    backup.release()
    expect(await migrating).toContain('010_who')
    expect((await filesOf()).rows).toEqual(before)

    // Its prepared statement and its session are those from before.
    const [late] = (await older.query({ ...write, values: [nextId(), rows] })).rows
    const who = { source: 'gradebook', actor: 'teacher-7', traceparent: null }
    const newer = copyRow({
      ...{ id: nextId(), aggregateId: late.id, occurredAt: 1_700_000_000_000_000n, eventName: 'badge.awarded' },
      ...{ payload: '{}', schemaVersion: 1, ...who, partition: 0, offset: rows }
    })
    await copyPieces(client, [newer], 1)
    const counts = await client.query(
      'SELECT count(*)::int AS rows, count(actor)::int AS actors, max(actor) AS actor FROM event_envelopes'
    )
    expect(counts.rows).toEqual([{ rows: 1_003, actors: 1, actor: 'teacher-7' }])
    // A duplicate by a newer sink of what an older one stored is the same event.
    const content = { id: late.id, aggregateId: late.id, eventName: 'badge.awarded', payload: '{}', schemaVersion: 1 }
    const [{ micros }] = (
      await client.query(
        'SELECT (extract(epoch FROM occurred_at) * 1000000)::bigint AS micros FROM event_envelopes WHERE id = $1',
        [late.id]
      )
    ).rows
    const same = { ...content, ...who, occurredAt: BigInt(micros), partition: 0, offset: 0 }
    expect(await new PgRows(client).sameContent([same])).toEqual(new Set([0]))
    for (const column of ['source', 'actor', 'traceparent'])
      await expect(client.query(`UPDATE event_envelopes SET ${column} = 'x'`)).rejects.toMatchObject({ code: '23001' })
  } finally {
    older.release()
    client.release()
  }
})
