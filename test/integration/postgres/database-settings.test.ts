import { randomUUID } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createLogger } from '../../../cli/log.ts'
import { postgresIndex } from '../../../consumers/indexer/index.ts'
import { openSession } from '../../../postgres/index.ts'
import { createBus } from '../../../producers/bus/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { createSink } from '../../../sink/index.ts'
import { sessionPool } from '../../../trail/database.ts'
import { postgresEventStore } from '../../../trail/index.ts'
import { listQuarantine } from '../../../trail/quarantine/quarantine.ts'
import { runCli } from '../../support/processes/cli.ts'
import { rerouted } from '../../support/stack.ts'
import { badge, lesson, testTrail } from '../../support/trail.ts'

// As `ALTER ROLE … SET` gives them to every session of a role, `ALTER DATABASE … SET` gives them to every session of a
// database: this one alone.
const trail = await testTrail()
const name = new URL(trail.databaseUrl).pathname.slice(1)
for (const event of ['badge.awarded', 'lesson.published']) await trail.offer(event)
await runCli(['migrate', '--with', 'indexer'], trail.env)

/** From now on each new session begins with it, until the test ends. */
async function withSetting(setting: string, value: string): Promise<void> {
  await trail.rows(`ALTER DATABASE ${name} SET ${setting} = ${value}`)
  onTestFinished(async () => {
    await trail.rows(`ALTER DATABASE ${name} RESET ${setting}`)
  })
}

/** Settings of a database or a role, each with a value that some installations have. */
const settings: readonly (readonly [string, string])[] = [
  ['statement_timeout', `'1s'`],
  ['transaction_timeout', `'1s'`],
  ['idle_in_transaction_session_timeout', `'1ms'`],
  ['lock_timeout', `'1ms'`],
  ['default_transaction_isolation', `'serializable'`],
  ['default_transaction_deferrable', 'on'],
  ['bytea_output', `'escape'`],
  ['TimeZone', `'Asia/Kathmandu'`],
  ['DateStyle', `'German, DMY'`],
  ['DateStyle', `'ISO, YMD'`],
  ['IntervalStyle', `'iso_8601'`],
  ['client_encoding', `'LATIN1'`],
  ['extra_float_digits', '-15'],
  ['session_replication_role', `'replica'`],
  ['standard_conforming_strings', 'off'],
  ['array_nulls', 'off'],
  ['exit_on_error', 'on'],
  ['synchronous_commit', 'off'],
  ['search_path', `'audit', 'public'`]
]

describe('what a role or a database sets for its sessions changes nothing', () => {
  test.each(settings)('%s = %s', { timeout: 120_000 }, async (setting, value) => {
    await trail.rows('CREATE SCHEMA IF NOT EXISTS audit')
    await withSetting(setting, value)
    const lines: string[] = []
    const log = createLogger({ level: 'warn', destination: { write: line => lines.push(line) } })
    const before = await trail.count('event_envelopes')
    const quarantined = await trail.count('sink_quarantine')

    await using sink = createSink({ ...trail.sinkOptions, log })
    await sink.start()
    // Each row takes a millisecond: where there is a time-out, a batch takes longer.
    const many = setting.endsWith('_timeout') ? 1_500 : 50
    await trail.slowRows()
    onTestFinished(() => trail.fastRows())
    const title = 'Brüche für Anfänger: \\n \\x41 ½ 𝒳'
    const [marked] = await trail.publish([lesson(title), ...Array.from({ length: many }, () => badge())])
    await sink.whenCaughtUp()
    await trail.fastRows()
    // A bad record without a key, and one event a second time.
    const again = { ...badge(), id: randomUUID() }
    const [first] = await trail.publish([again])
    await trail.send([first as never, { eventName: 'badge.awarded', key: null, value: Buffer.from([0, 1, 2, 255]) }])
    await sink.whenCaughtUp()
    expect(await trail.count('event_envelopes')).toBe(before + many + 2)
    expect(await trail.count('sink_quarantine')).toBe(quarantined + 1)
    expect(
      await trail.rows("SELECT payload ->> 'title' AS title FROM event_envelopes WHERE id = $1", [marked?.id])
    ).toEqual([{ title }])
    expect(await trail.rows('SELECT key, value FROM sink_quarantine ORDER BY number DESC LIMIT 1')).toEqual([
      { key: null, value: Buffer.from([0, 1, 2, 255]) }
    ])
    const words = lines.map(line => JSON.parse(line).msg as string)
    expect(words.filter(word => !word.startsWith('records quarantined'))).toEqual([])

    // Its successor holds the last record against the log.
    await sink.drain()
    await using next = createSink({ ...trail.sinkOptions, log })
    await next.start()
    await trail.publish([badge()])
    await next.whenCaughtUp()
    expect(await trail.rows('SELECT topic, halted FROM sink_offsets WHERE halted IS NOT NULL')).toEqual([])

    // In process, and a document that is read back.
    await using store = postgresEventStore(trail.connection)
    await using bus = createBus({ catalogue, store })
    const published = await bus.publish('badge.awarded', randomUUID(), badge().payload as never)
    expect(await trail.rows('SELECT 1 FROM event_envelopes WHERE id = $1', [published.id])).toHaveLength(1)
    await using index = postgresIndex(trail.connection)
    const document = {
      id: randomUUID(),
      text: `Fractions ${randomUUID()}`,
      data: { page: 7 },
      event_name: 'book.printed',
      occurred_at: 1_764_115_200_123_456n,
      event_id: randomUUID()
    }
    expect(await index.putMany([document])).toEqual([undefined])
    expect((await index.search(document.text)).hits).toMatchObject([document])

    // And what the commands show.
    const pool = sessionPool(trail.databaseUrl, { applicationName: 'eventtrail-test' })
    onTestFinished(() => pool.end())
    expect((await pool.query('SELECT * FROM sink_losses')).rows).toEqual([])
    const listed = await listQuarantine(pool)
    const ageMs = Date.now() - Number(listed.at(-1)?.quarantinedAt)
    expect(ageMs).toBeGreaterThan(-60_000)
    expect(ageMs).toBeLessThan(600_000)
  })
})

const settingsOf = async (url: string, ...names: string[]) => {
  const session = await openSession(url, { applicationName: 'eventtrail-test' })
  onTestFinished(() => session.end())
  const { rows } = await session.query('SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name', [
    names
  ])
  return Object.fromEntries((rows as { name: string; value: string }[]).map(({ name, value }) => [name, value]))
}
const withOptions = (options: string) => {
  const url = new URL(trail.databaseUrl)
  url.searchParams.set('options', options)
  return url.href
}

test('a COMMIT is on disk, and on replicas where the database is set so', async () => {
  const commit = 'synchronous_commit'
  expect(await settingsOf(trail.databaseUrl, commit)).toEqual({ [commit]: 'on' })
  expect(await settingsOf(withOptions('-c synchronous_commit=off'), commit)).toEqual({ [commit]: 'on' })
  expect(await settingsOf(withOptions('-c synchronous_commit=remote_apply'), commit)).toEqual({
    [commit]: 'remote_apply'
  })
  await withSetting(commit, 'local')
  expect(await settingsOf(trail.databaseUrl, commit)).toEqual({ [commit]: 'local' })
  expect(await settingsOf(withOptions('-c synchronous_commit=on'), commit)).toEqual({ [commit]: 'on' })
})

test('the months are made in the schema of the trail, wherever others are made', async () => {
  await trail.rows('CREATE SCHEMA IF NOT EXISTS audit')
  await withSetting('search_path', `'audit', 'public'`)
  await using sink = createSink({ ...trail.sinkOptions, monthsAhead: 6 })
  await sink.start()
  const months = await trail.rows(
    `SELECT relnamespace::regnamespace::text AS schema, count(*)::int AS n FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
     WHERE inhparent = 'public.event_envelopes'::regclass GROUP BY 1`
  )
  expect(months).toEqual([{ schema: 'public', n: 8 }])
})

test('a trail that search_path does not find is named, and no second one is made without a word', async () => {
  await trail.rows('CREATE SCHEMA IF NOT EXISTS elsewhere')
  await withSetting('search_path', `'elsewhere'`)
  const words = 'The tables of the trail are in the schema public, where search_path does not look'
  await expect(createSink(trail.sinkOptions).start()).rejects.toMatchObject({
    code: 'TABLES_MISSING',
    message: expect.stringContaining(words)
  })
  // The tables of an optional part are looked for in the same way.
  await using index = postgresIndex(trail.connection)
  await expect(index.check()).rejects.toMatchObject({
    code: 'TABLES_MISSING',
    message: expect.stringContaining('The tables of the indexer are in the schema public')
  })
  const found = {
    ...trail.sinkOptions,
    connection: rerouted(trail.connection, { databaseUrl: withOptions('-c search_path=public') })
  }
  await using sink = createSink(found)
  await sink.start()
  const { code, stderr } = await runCli(['migrate'], trail.env)
  expect(stderr).toContain(
    'the schema public has tables of eventtrail. By its search_path this session creates others, in elsewhere'
  )
  expect(code).toBe(0)
})

test('a table of another schema that search_path finds first is refused, and the schema of the trail named', async () => {
  const [who] = await trail.rows('SELECT current_user::text AS name')
  await trail.rows(
    `CREATE SCHEMA ${who?.name}; CREATE TABLE ${who?.name}.event_envelopes (LIKE public.event_envelopes)`
  )
  onTestFinished(async () => {
    await trail.rows(`DROP SCHEMA ${who?.name} CASCADE`)
  })
  await using sink = createSink(trail.sinkOptions)
  await expect(sink.start()).rejects.toMatchObject({
    code: 'TABLES_MISSING',
    message: expect.stringMatching(/^event_envelopes is found where .*DATABASE_SCHEMA=public/)
  })
  const postgres = { ...trail.connection.postgres, schema: 'public' }
  await using right = createSink({ ...trail.sinkOptions, connection: { ...trail.connection, postgres } })
  await right.start()
})
