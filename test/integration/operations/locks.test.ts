import { expect, test } from 'vitest'
import { createLogger } from '../../../cli/log.ts'
import { createSink } from '../../../sink/index.ts'
import { monthPartition } from '../../../trail/months.ts'
import { runCli } from '../../support/processes/cli.ts'
import { eventually } from '../../support/stack.ts'
import { quiz, testTrail } from '../../support/trail.ts'

const trail = await testTrail({ partitions: 1 })
await trail.offer('quiz.submitted')
const month = monthPartition(new Date()).table

test.each([
  { what: 'a table that is locked', lock: 'LOCK TABLE event_envelopes IN ACCESS EXCLUSIVE MODE' },
  { what: 'an index that is built', lock: `CREATE INDEX ON ${month} (aggregate_id)` }
])('$what: the sink waits, names who holds it, and continues', async ({ lock }) => {
  const lines: Record<string, unknown>[] = []
  const log = createLogger({ level: 'info', destination: { write: line => lines.push(JSON.parse(line)) } })
  await using sink = createSink({ ...trail.sinkOptions, log, blockedAfterMs: 200 })
  await sink.start()
  await trail.publish([quiz()])
  await sink.whenCaughtUp()
  const before = await trail.count('event_envelopes')
  const holder = await trail.db.connect()
  try {
    const [{ pid }] = (await holder.query('SELECT pg_backend_pid() AS pid')).rows
    await holder.query("SET application_name = 'somebody else'")
    await holder.query('BEGIN')
    await holder.query(lock)
    await trail.publish([quiz(), quiz()])
    const told = await eventually(() => lines.find(({ msg }) => String(msg).includes('waits for a lock')), {
      what: 'it is told'
    })
    expect(told.blockers).toMatchObject([
      { session: pid, application: 'somebody else', wanted: expect.stringContaining('event_envelopes') }
    ])
    const { stdout, code } = await runCli(['doctor'], trail.env)
    expect(code).toBe(1)
    expect(stdout).toMatch(new RegExp(`locks.*session ${pid} \\(somebody else\\), idle in transaction`))
    await holder.query('ROLLBACK')
  } finally {
    holder.release(true)
  }
  await sink.whenCaughtUp()
  expect(await trail.count('event_envelopes')).toBe(before + 2)
  expect(await trail.count('sink_quarantine')).toBe(0)
  expect(sink.health().notReady).toEqual([])
})

test('an endless deletion of rows by another program delays nothing', async () => {
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await trail.publish([quiz()])
  await sink.whenCaughtUp()
  const holder = await trail.db.connect()
  try {
    await holder.query('BEGIN')
    await holder.query('SET LOCAL session_replication_role = replica')
    await holder.query('DELETE FROM event_envelopes')
    await trail.publish([quiz()])
    await sink.whenCaughtUp({ timeoutMs: 10_000 })
    await holder.query('ROLLBACK')
  } finally {
    holder.release(true)
  }
})
