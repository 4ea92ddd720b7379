import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { inboxSql, onceOf, onceOfBatch, postgresInbox, pruneInbox } from '../../../../consumers/inbox/index.ts'
import { silentLogger } from '../../../../core/logger.ts'
import { eventually } from '../../../support/stack.ts'
import { testInbox } from './database.ts'

const { databaseUrl, pool, inbox, count, effects, first, effectOf, lent } = await testInbox()

describe('a batch', () => {
  const events = (length: number) => Array.from({ length }, () => ({ id: randomUUID() }))

  test('gets the events that are new, in their order, and is not called without any', async () => {
    const all = events(6)
    const [one, , three] = all
    for (const done of [one, three]) await first(done?.id ?? '')(pool, () => undefined)
    const seen: string[][] = []
    const handle = (batch: typeof all) =>
      onceOfBatch(inbox, 'stock', batch)(pool, fresh => void seen.push(fresh.map(({ id }) => id)))
    // One of them twice, as after a rebalance.
    expect(await handle([...all, ...all.slice(4)])).toBe(true)
    expect(await handle(all)).toBe(false)
    expect(await handle([])).toBe(false)
    expect(seen).toEqual([[1, 3, 4, 5].map(index => all[index]?.id)])
  })

  test('of two members with the same events in another order each event is done once', async () => {
    const all = events(200)
    const done: string[] = []
    const handle = (batch: typeof all) =>
      onceOfBatch(inbox, 'stock', batch)(pool, fresh => void done.push(...fresh.map(({ id }) => id)))
    await Promise.all([handle(all), handle(all.toReversed()), handle(all.slice(50, 150))])
    expect(done.toSorted()).toEqual(all.map(({ id }) => id).toSorted())
  })
})

describe('a process that does not come to its end', () => {
  function started(id: string, url = databaseUrl): { child: ChildProcess; line: (text: string) => Promise<true> } {
    const script = fileURLToPath(new URL('./process.ts', import.meta.url))
    const child = spawn(process.execPath, [script], {
      env: { ...process.env, DATABASE_URL: url, EVENT_ID: id },
      stdio: ['pipe', 'pipe', 'inherit']
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const lines: string[] = []
    createInterface({ input: child.stdout }).on('line', line => lines.push(line))
    return { child, line: text => eventually(() => lines.includes(text), { what: `the process says ${text}` }) }
  }

  test('killed between effect and commit: another one does it', async () => {
    const id = randomUUID()
    const { child, line } = started(id)
    await line('done')
    child.kill('SIGKILL')
    expect(await first(id)(pool, effectOf(id))).toBe(true)
    expect(await effects()).toBe(1)
  })

  test('suspended between effect and commit: another one does it when Postgres ends the transaction', async () => {
    const id = randomUUID()
    const url = new URL(databaseUrl)
    url.searchParams.set('options', '-c idle_in_transaction_session_timeout=500')
    const { child, line } = started(id, url.href)
    await line('done')
    child.kill('SIGSTOP')
    expect(await first(id)(pool, effectOf(id))).toBe(true)
    child.kill('SIGCONT')
    child.stdin?.write('commit\n')
    await line('failed INBOX_UNAVAILABLE')
    expect(await effects()).toBe(1)
  })
})

describe('the table', () => {
  test('is missing, or the role has no right on it: the event waits, and the words say what to do', async () => {
    const session = await lent()
    await session.query('BEGIN')
    await session.query('CREATE SCHEMA elsewhere')
    await session.query('SET LOCAL search_path TO elsewhere')
    await expect(first(randomUUID())(session, () => undefined)).rejects.toMatchObject({
      code: 'INBOX_MISSING',
      retryable: true,
      message: expect.stringContaining('eventtrail migrate --only inbox')
    })
    await session.query('ROLLBACK')
    const role = `reader_${randomUUID().slice(0, 8)}`
    await session.query('BEGIN')
    await session.query(`CREATE ROLE ${role}`)
    await session.query(`SET LOCAL ROLE ${role}`)
    await expect(first(randomUUID())(session, () => undefined)).rejects.toMatchObject({
      code: 'INBOX_DENIED',
      retryable: true,
      message: expect.stringContaining('a right on table eventtrail_inbox')
    })
    await session.query('ROLLBACK')
  })

  test('may be in a schema of its own, made by the SQL that is printed, twice', async () => {
    await pool.query('CREATE SCHEMA "Audit"')
    for (let time = 0; time < 2; time += 1) await pool.query(await inboxSql('Audit'))
    const there = postgresInbox({ schema: 'Audit', log: silentLogger })
    const id = randomUUID()
    expect(await onceOf(there, 'stock', id)(pool, effectOf(id))).toBe(true)
    expect(await onceOf(there, 'stock', id)(pool, effectOf(id))).toBe(false)
    expect(await count('"Audit".eventtrail_inbox')).toBe(1)
    await pool.query('UPDATE "Audit".eventtrail_inbox SET done_at = now() - make_interval(days => 61)')
    expect(await pruneInbox(pool, { schema: 'Audit' })).toBe(1)
  })

  test('loses what is old, page by page, and keeps the rest', async () => {
    await pool.query(
      `INSERT INTO eventtrail_inbox SELECT 'stock', gen_random_uuid(), now() - make_interval(days => n % 100)
       FROM generate_series(0, 29999) n`
    )
    expect(await pruneInbox(pool, { keepMs: 49.5 * 24 * 3_600_000 })).toBe(15_000)
    expect(await count('eventtrail_inbox')).toBe(15_000)
    expect(await pruneInbox(pool, { keepMs: 49.5 * 24 * 3_600_000 })).toBe(0)
  })

  test('loses what is old by the use of a pool alone', async () => {
    await pool.query(
      "INSERT INTO eventtrail_inbox SELECT 'stock', gen_random_uuid(), now() - make_interval(days => 61) FROM generate_series(1, 100)"
    )
    const hasty = postgresInbox({ log: silentLogger, pruneEveryMs: 0 })
    const id = randomUUID()
    await onceOf(hasty, 'stock', id)(pool, () => undefined)
    await eventually(async () => (await count('eventtrail_inbox')) === 1, { what: 'only the new row is there' })
  })
})
