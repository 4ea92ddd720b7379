import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openPool, openSession } from '../../../postgres/index.ts'
import { openDatabase } from '../../../postgres/pool.ts'
import { createSink } from '../../../sink/index.ts'
import { connectSession, sessionPool, sinkSessions } from '../../../trail/database.ts'
import { postgresEventStore } from '../../../trail/index.ts'
import { endBlockers } from '../../../trail/positions/fence.ts'
import { openPgSession } from '../../../trail/session/pg-session.ts'
import { runCli } from '../../support/processes/cli.ts'
import { pgbouncer } from '../../support/processes/pgbouncer.ts'
import { eventually, rerouted } from '../../support/stack.ts'
import { badge, testTrail } from '../../support/trail.ts'

// Postgres takes a COPY 64 KiB at a time.
const copiedBytes = 192 * 1024
const trail = await testTrail()
await trail.offer('badge.awarded')

/** The URL of the trail with parameters that ask for other settings. */
function withParameters(parameters: Readonly<Record<string, string>>, url = trail.databaseUrl): string {
  const changed = new URL(url)
  for (const [name, value] of Object.entries(parameters)) changed.searchParams.set(name, value)
  return changed.href
}
const meddled = withParameters({
  application_name: 'accounting',
  options:
    '-c lock_timeout=0 -c idle_in_transaction_session_timeout=0 -c TimeZone=Asia/Tokyo -c search_path=public,pg_temp --work-mem=8MB'
})

const shown = `SELECT current_setting('lock_timeout') AS lock, current_setting('idle_in_transaction_session_timeout') AS idle,
  current_setting('tcp_user_timeout') AS network, current_setting('TimeZone') AS zone,
  current_setting('application_name') AS name, current_setting('search_path') AS path, current_setting('work_mem') AS memory`
const ours = { lock: '10s', idle: '1min', network: '20000', zone: 'UTC' }
const theirs = { path: 'public,pg_temp', memory: '8MB' }

describe('what DATABASE_URL says of the session is taken, and what eventtrail needs is set after it', () => {
  test('in the session that writes, and in every pool', async () => {
    const session = await connectSession(meddled, { applicationName: `${sinkSessions}/1` })
    const pool = sessionPool(meddled, { applicationName: 'eventtrail-doctor' })
    const database = openDatabase(meddled, 'eventtrail-indexer')
    onTestFinished(async () => {
      await Promise.all([session.end(), pool.end(), database.close()])
    })
    expect((await session.query(shown)).rows).toEqual([{ ...ours, ...theirs, name: 'eventtrail-sink/1 accounting' }])
    expect((await pool.query(shown)).rows).toEqual([{ ...ours, ...theirs, name: 'eventtrail-doctor accounting' }])
    expect((await database.query(shown)).rows).toEqual([{ ...ours, ...theirs, name: 'eventtrail-indexer accounting' }])
  })

  test('a sink works with it, and so does the store of the bus', async () => {
    await using sink = createSink({
      ...trail.sinkOptions,
      connection: rerouted(trail.connection, { databaseUrl: meddled })
    })
    await sink.start()
    await trail.publish([badge()])
    await sink.whenCaughtUp()
    const names = await trail.rows(
      "SELECT DISTINCT application_name AS name FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE '%accounting'"
    )
    expect(names).toEqual([{ name: expect.stringMatching(/^eventtrail-sink\/[0-9a-f]{8} accounting$/) }])
    await using store = postgresEventStore({ postgres: { url: meddled } })
    await store.append([])
  })

  test('the session of a sink that sleeps is known by its name, and ended', async () => {
    const pool = sessionPool(meddled, { applicationName: `${sinkSessions}/22222222` })
    const open = (id: string) =>
      openPgSession({ database: meddled, group: trail.group, applicationName: `${sinkSessions}/${id}`, pool })
    const [asleep, waiting] = [await open('11111111'), await open('22222222')]
    onTestFinished(async () => {
      await Promise.all([asleep.end(), waiting.end()])
      await pool.end()
    })
    const partition = { topic: `${trail.topicPrefix}asleep`, partition: 0 }
    await trail.rows(
      'INSERT INTO sink_offsets (consumer_group, topic, partition, next_offset) VALUES ($1, $2, $3, 0)',
      [trail.group, partition.topic, partition.partition]
    )
    const claim = {
      ...partition,
      incarnation: 1,
      first: 0,
      last: 0,
      pages: [],
      rows: 0,
      badRecords: [],
      skipped: 1,
      lost: 0,
      bytes: 0
    }
    await asleep.begin()
    await asleep.claim([claim])
    await waiting.begin()
    const claimed = waiting.claim([claim])
    await eventually(async () => (await waiting.endBlockers(100)).length === 1, {
      what: 'the sleeping session is ended'
    })
    expect((await claimed).granted.size).toBe(1)
    const nobody = { ownApplication: 'eventtrail-sink/22222222', asleepMs: 0 }
    expect(await endBlockers(pool, 0, nobody)).toEqual({ ended: [], midway: [] })
    await waiting.rollback()
  })

  test('the session of a sink that is at work is not ended, however long it takes', async () => {
    const pool = sessionPool(meddled, { applicationName: `${sinkSessions}/22222222` })
    const open = async (id: string) => {
      const client = new pg.Client({ connectionString: trail.databaseUrl, application_name: `${sinkSessions}/${id}` })
      client.on('error', () => undefined)
      await client.connect()
      return { client, pid: (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid as number }
    }
    const [working, waiting] = [await open('33333333'), await open('22222222')]
    onTestFinished(async () => {
      await Promise.all([working.client.end(), waiting.client.end()])
      await pool.end()
    })
    const look = (before: readonly string[] = []) =>
      endBlockers(pool, waiting.pid, { ownApplication: `${sinkSessions}/22222222`, asleepMs: 100, before })
    const stateOf = async (facts: string) =>
      (await trail.rows(`SELECT ${facts} AS is FROM pg_stat_activity WHERE pid = $1`, [working.pid]))[0]?.is
    await working.client.query('CREATE TEMP TABLE taken (words text)')
    await working.client.query('BEGIN')
    await working.client.query('SELECT pg_advisory_xact_lock(4711)')
    const waited = waiting.client.query('SELECT pg_advisory_lock(4711)')
    const isBlocked = async () =>
      (await trail.rows('SELECT 1 FROM pg_locks WHERE pid = $1 AND NOT granted', [waiting.pid])).length > 0
    await eventually(isBlocked, { what: 'the other waits' })

    // In the middle of a statement.
    const slow = working.client.query('SELECT pg_sleep(600)').catch((error: { code: string }) => error.code)
    await eventually(() => stateOf(`wait_event = 'PgSleep' AND clock_timestamp() - state_change > '200 ms'`), {
      what: 'it is at work for long'
    })
    expect(await look()).toEqual({ ended: [], midway: [] })
    await trail.rows('SELECT pg_cancel_backend($1)', [working.pid])
    expect(await slow).toBe('57014')
    await working.client.query('ROLLBACK')
    await waited
    await waiting.client.query('SELECT pg_advisory_unlock(4711)')

    // In the middle of a COPY whose bytes keep coming, and then stop.
    await working.client.query('BEGIN')
    await working.client.query('SELECT pg_advisory_xact_lock(4711)')
    const copy = working.client.query(copyFrom('COPY taken FROM STDIN'))
    copy.on('error', () => undefined)
    const waitsAgain = waiting.client.query('SELECT pg_advisory_lock(4711)')
    let before: readonly string[] = []
    for (let turn = 1; turn <= 3; turn += 1) {
      const taken = copiedBytes * turn
      copy.write(Buffer.alloc(copiedBytes, 'words\n'))
      await eventually(
        async () =>
          (
            await trail.rows('SELECT 1 FROM pg_stat_progress_copy WHERE pid = $1 AND bytes_processed >= $2', [
              working.pid,
              taken
            ])
          ).length > 0 &&
          (await stateOf(`wait_event = 'ClientRead' AND clock_timestamp() - state_change > '200 ms'`)) === true,
        { what: 'it waits for more' }
      )
      await eventually(isBlocked, { what: 'the other waits' })
      const seen = await look(before)
      expect(seen).toEqual({ ended: [], midway: [expect.any(String)] })
      before = seen.midway
    }
    expect((await look(before)).ended).toEqual([working.pid])
    await waitsAgain
  })

  test('a missing certificate is reported as such', () => {
    const url = withParameters({ sslmode: 'verify-full', sslrootcert: '/nowhere/ca.crt' })
    expect(() => openPool(url, { applicationName: 'test', max: 1 })).toThrow(
      expect.objectContaining({
        code: 'POSTGRES_URL_INVALID',
        message: 'DATABASE_URL: the file of sslrootcert cannot be read (ENOENT)'
      })
    )
  })

  test('a setting that Postgres refuses is reported as such, without its value', async () => {
    const pool = openPool(withParameters({ options: '-c lock_timeout=secret' }), { applicationName: 'test', max: 1 })
    onTestFinished(() => pool.end())
    await expect(pool.query('SELECT 1')).rejects.toMatchObject({
      code: 'POSTGRES_URL_INVALID',
      message: expect.not.stringContaining('secret')
    })
  })
})

describe('through PgBouncer', () => {
  test('that gives each connection a session, everything works as without it', async () => {
    const through = await pgbouncer(trail.databaseUrl, 'session')
    const url = withParameters({ application_name: 'accounting', options: '-c lock_timeout=0' }, through)
    const session = await openSession(url, { applicationName: 'eventtrail-test' })
    onTestFinished(() => session.end())
    expect((await session.query(shown)).rows[0]).toMatchObject({ ...ours, name: 'eventtrail-test accounting' })
    const env = { ...trail.env, DATABASE_URL: url }
    expect(await runCli(['migrate'], env)).toMatchObject({ code: 0 })
    await using sink = createSink({
      ...trail.sinkOptions,
      connection: rerouted(trail.connection, { databaseUrl: url }),
      group: 'pooled'
    })
    await sink.start()
    await trail.publish([badge(), badge()])
    await sink.whenCaughtUp()
    const doctor = await runCli(['doctor'], env)
    expect(doctor.stdout).toMatch(/ok +database +reached/)
    const indexer = openDatabase(url, 'eventtrail-indexer')
    onTestFinished(() => indexer.close())
    expect((await indexer.query('SHOW statement_timeout')).rows).toEqual([{ statement_timeout: '30s' }])
  })

  test('a session of a sink that sleeps is found by the number that Postgres knows', async () => {
    const url = await pgbouncer(trail.databaseUrl, 'session')
    const pool = sessionPool(url, { applicationName: `${sinkSessions}/33333333` })
    const session = await openPgSession({
      database: url,
      group: 'g',
      applicationName: `${sinkSessions}/33333333`,
      pool
    })
    onTestFinished(async () => {
      await session.end()
      await pool.end()
    })
    const known = await trail.rows('SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND application_name LIKE $2', [
      session.id,
      `${sinkSessions}/33333333%`
    ])
    expect(known).toHaveLength(1)
    expect(await session.isWorking()).toBe(false)
  })

  test.each(['transaction', 'statement'] as const)('that gives each %s another session, it is refused', {
    timeout: 180_000
  }, async mode => {
    const url = await pgbouncer(trail.databaseUrl, mode)
    const env = { ...trail.env, DATABASE_URL: url }
    for (const command of [
      'migrate',
      'sink',
      'indexer --example',
      'notifier --example',
      'quarantine list',
      'search x'
    ]) {
      const { code, stderr } = await runCli(command.split(' '), { ...env, SMTP_URL: 'smtp://127.0.0.1:1' })
      expect(stderr).toContain('gives each transaction another session: give it pool_mode = session')
      expect(code).toBe(2)
    }
    const { code, stdout } = await runCli(['doctor'], env)
    expect(stdout).toMatch(/WRONG +database +A pooler between here and Postgres/)
    expect(code).toBe(1)
    // While others use it too.
    const others = Array.from({ length: 6 }, () => new pg.Client({ connectionString: url }))
    await Promise.all(others.map(other => other.connect()))
    let busy = true
    const work = others.map(async other => {
      while (busy) await other.query('SELECT pg_sleep(0.001)').catch(() => undefined)
    })
    onTestFinished(async () => {
      busy = false
      await Promise.all(work)
      await Promise.all(others.map(other => other.end()))
    })
    expect((await runCli(['migrate'], env)).code).toBe(2)
  })
})
