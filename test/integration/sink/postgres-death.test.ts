import { afterAll, expect, test } from 'vitest'
import { createSink } from '../../../sink/index.ts'
import { startStack } from '../../../stack/index.ts'
import { violations } from '../../support/checker.ts'
import { publisherJournal } from '../../support/journal.ts'
import { startSink } from '../../support/sink-process.ts'
import { eventually } from '../../support/stack.ts'
import { testTrail } from '../../support/trail.ts'

// Its own servers: the others' must not lose their Postgres.
const stack = await startStack({ kind: 'postgres-death' })
afterAll(() => stack.stop())
Object.assign(process.env, stack.env)
const trail = await testTrail()
await trail.offer('badge.awarded')
const { acknowledged, publish, caughtUp } = publisherJournal(trail)

// Case 8
test('Postgres goes away, comes back, and ends sessions: nothing is lost, nothing is quarantined', {
  timeout: 120_000
}, async () => {
  await using sink = createSink({ ...trail.sinkOptions, maxBytes: 128 * 1024, maxRows: 500 })
  await sink.start()
  await publish(1_000)
  await sink.whenCaughtUp()

  await stack.restartable.postgres.kill()
  for (let round = 0; round < 10; round += 1) await publish(1_000)
  await eventually(() => sink.stats.retries >= 2, { what: 'the sink tries again', timeoutMs: 60_000 })
  expect(sink.state).toBe('running')
  // Memory is bounded: it has stopped taking long before it had read all.
  expect(sink.stats.pending).toBeLessThan(8_000)
  await stack.restartable.postgres.start()
  await sink.whenCaughtUp({ timeoutMs: 60_000 })
  expect(await trail.count('event_envelopes')).toBe(11_000)

  // Sessions ended while idle, and in the middle of a COPY.
  const end = (condition: string) =>
    trail.rows(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'eventtrail-sink%' AND datname = current_database() AND ${condition}`
    )
  expect(await end("state = 'idle'")).not.toEqual([])
  await trail.slowRows()
  await publish(1_000)
  await eventually(
    async () => (await end('pid IN (SELECT pid FROM pg_stat_progress_copy WHERE tuples_processed > 10)')).length > 0,
    { what: 'a COPY was ended in its middle' }
  )
  await trail.fastRows()
  await publish(1_000)
  await sink.whenCaughtUp()

  expect(await trail.count('sink_quarantine')).toBe(0)
  expect(await violations(trail, acknowledged)).toEqual([])
})

// Case 15, while it reconnects
test('SIGTERM while Postgres or Kafka is away: it exits within its deadline', { timeout: 120_000 }, async () => {
  for (const server of [stack.restartable.postgres, stack.restartable.kafka]) {
    const sink = startSink(trail)
    await eventually(async () => (await trail.admin.groupMembers(trail.group)) === 1, { what: 'the sink joined' })
    await publish(200)
    await caughtUp('the sink has stored what came before')
    if (server === stack.restartable.postgres) await publish(200)
    await server.kill()
    if (server === stack.restartable.kafka)
      await eventually(() => /consumer ended/.test(sink.log()), { what: 'the sink reconnects', timeoutMs: 40_000 })
    const began = Date.now()
    expect(await sink.stop('SIGTERM')).toBe(0)
    expect(Date.now() - began).toBeLessThan(25_000)
    await server.start()
  }
  const sink = startSink(trail)
  await publish(200)
  await caughtUp('what was left is stored by the next one')
  expect(await sink.stop()).toBe(0)
  expect(await violations(trail, acknowledged)).toEqual([])
})
