import { execFile } from 'node:child_process'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { startStack } from '../../../dev/stack/index.ts'
import { createSink } from '../../../sink/index.ts'
import { runCli } from '../../support/processes/cli.ts'
import { eventually } from '../../support/stack.ts'
import { publisherJournal, violations } from '../../support/trail/journal.ts'
import { testTrail } from '../../support/trail.ts'

// Its own servers: the data folder of their Postgres is replaced.
const stack = await startStack({ kind: 'restore' })
afterAll(() => stack.stop())
Object.assign(process.env, stack.env)
const trail = await testTrail()
await trail.offer('badge.awarded')
const { acknowledged, publish } = publisherJournal(trail)
const copy = async (from: string, to: string) =>
  void (await promisify(execFile)('cp', ['-a', from, to], { env: { ...process.env, LC_ALL: 'C' } }))

const dataFolder = async (): Promise<string> => {
  const [row] = await trail.rows('SHOW data_directory')
  return String(row?.data_directory)
}

/**
 * A base back-up by Postgres's own functions, as every tool makes one: the files are copied while the server writes
 * them, and the WAL of that time makes them consistent.
 * @param during runs between start and end
 * @returns the folder, which only needs to be put in place
 */
async function baseBackup(during: () => Promise<unknown>): Promise<string> {
  const data = await dataFolder()
  const folder = await mkdtemp(join(dirname(data), 'backup-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const backup = join(folder, 'data')
  // Start and end have to be of one session.
  const session = new Client({ connectionString: trail.databaseUrl })
  await session.connect()
  try {
    await session.query("SELECT pg_backup_start('rehearsal', true)")
    const [copied] = await Promise.allSettled([copyWhileWritten(data, backup), during()])
    if (copied.status === 'rejected') throw copied.reason
    const { rows } = await session.query<{ labelfile: string }>(
      'SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)'
    )
    await rm(join(backup, 'postmaster.pid'), { force: true })
    // Up to the end of the back-up: an archive would have it.
    await rm(join(backup, 'pg_wal'), { recursive: true })
    await copy(join(data, 'pg_wal'), join(backup, 'pg_wal'))
    const label = join(backup, 'backup_label')
    // A file that the server's user owns already: written over, it keeps its owner.
    await copy(join(data, 'PG_VERSION'), label)
    await writeFile(label, rows[0]?.labelfile ?? '')
  } finally {
    await session.end()
  }
  return backup
}

/** A file may be gone between the listing and the copy: that is expected of a folder in use, and `cp` then exits with 1. */
async function copyWhileWritten(from: string, to: string): Promise<void> {
  await copy(from, to).catch((error: { stderr?: string }) => {
    const other = (error.stderr ?? '').split('\n').filter(line => line && !line.includes('No such file or directory'))
    if (other.length > 0 || error.stderr === undefined) throw error
  })
}

async function findings(command: string): Promise<{ code: number | null; wrong: string[] }> {
  const { code, stdout } = await runCli([command, '--json'], trail.env)
  const found = stdout
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as { level: string; words: string })
  return { code, wrong: found.filter(({ level }) => level === 'wrong').map(({ words }) => words) }
}

// docs/production.md, "Restore", step by step
test('a trail that is lost is restored from a base back-up, and Kafka fills in what came after it', async () => {
  await using sink = createSink({ ...trail.sinkOptions, batch: { maxRecords: 50 } })
  await sink.start()
  await publish(300)
  await sink.whenCaughtUp()

  // The back-up is of a moment at which the sink writes.
  const backup = await baseBackup(() => publish(500))
  await publish(300)
  await sink.whenCaughtUp()
  expect(await trail.count('event_envelopes')).toBe(1_100)

  // Postgres is lost with all that it had.
  const data = await dataFolder()
  await stack.restartable.postgres.kill()
  await rm(data, { recursive: true })
  // Step 2
  await rename(backup, data)
  await stack.restartable.postgres.start()
  await eventually(async () => (await trail.rows('SELECT pg_is_in_recovery() AS busy'))[0]?.busy === false, {
    what: 'the recovery has ended',
    timeoutMs: 60_000
  })
  // Step 3
  const migrated = await runCli(['migrate'], trail.env)
  expect(migrated).toMatchObject({ code: 0 })

  // Step 4: the sink was running all the time.
  await eventually(async () => (await trail.count('event_envelopes')) === 1_100, {
    what: 'the sink has read again what the back-up does not have',
    timeoutMs: 90_000
  })
  await sink.whenCaughtUp({ timeoutMs: 60_000 })
  expect(sink.state).toBe('running')
  // What came after the back-up it has stored twice: into the trail that was lost, and into this one.
  expect(sink.stats().rows).toBeGreaterThanOrEqual(1_400)

  // Step 5
  expect(await findings('doctor')).toEqual({ code: 0, wrong: [] })
  expect(await findings('verify')).toEqual({ code: 0, wrong: [] })
  expect(await trail.count('sink_gaps')).toBe(0)
  expect(await trail.count('sink_quarantine')).toBe(0)
  expect(await violations(trail, acknowledged)).toEqual([])
})
