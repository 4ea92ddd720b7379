import { afterAll, expect, test } from 'vitest'
import { startStack } from '../../../dev/stack/index.ts'
import { createSink } from '../../../sink/index.ts'
import { startSink } from '../../support/processes/sink-process.ts'
import { eventually } from '../../support/stack.ts'
import { publisherJournal, violations } from '../../support/trail/journal.ts'
import { testTrail } from '../../support/trail.ts'
import { Range } from '../harness/check/range.ts'
import { loadEvents, startLoad } from '../harness/processes/load.ts'
import { settings } from '../harness/settings.ts'

// Its own servers: the others' must not lose their Postgres.
const stack = await startStack({ kind: 'postgres-death' })
afterAll(() => stack.stop())
Object.assign(process.env, stack.env)
const trail = await testTrail()
await trail.offer('badge.awarded')
const { acknowledged, publish } = publisherJournal(trail)

// Case 8
test('Postgres goes away, comes back, and ends sessions: nothing is lost, nothing is quarantined', {
  timeout: 120_000
}, async () => {
  await using sink = createSink({ ...trail.sinkOptions, batch: { maxBytes: 128 * 1024, maxRecords: 500 } })
  await sink.start()
  await publish(1_000)
  await sink.whenCaughtUp()

  await stack.restartable.postgres.kill()
  for (let round = 0; round < 10; round += 1) await publish(1_000)
  await eventually(() => sink.stats().retries >= 2, { what: 'the sink tries again', timeoutMs: 60_000 })
  expect(sink.state).toBe('running')
  // Memory is bounded: it has stopped taking long before it had read all.
  expect(sink.stats().pending).toBeLessThan(8_000)
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

// Case 8
test('under load: Postgres is killed and restarted, and its sessions are ended', async () => {
  const busy = await testTrail()
  for (const eventName of loadEvents) await busy.offer(eventName)
  await using range = new Range(busy)
  const sink = startSink(busy)
  const load = await startLoad(busy)
  await range.progress.moves()
  for (let time = 0; time < settings.times(10); time += 1) {
    await range.fault('Postgres killed and restarted', async () => {
      await stack.restartable.postgres.kill()
      await stack.restartable.postgres.start()
    })
    await range.fault('sessions of the sink ended', () =>
      busy.rows(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name LIKE 'eventtrail-sink%' AND datname = current_database()`
      )
    )
  }
  await range.fault('Postgres away for longer', async () => {
    await stack.restartable.postgres.stop()
    const called = load.counts.called
    // Long enough for events to gather that do not fit into memory bounds of a sink.
    const more = settings.quick ? 3_000 : 30_000
    await eventually(() => load.counts.called > called + more, { what: `${more} events came`, timeoutMs: 180_000 })
    await stack.restartable.postgres.start()
  })
  await range.expectClean(load)
  expect(await busy.count('sink_quarantine')).toBe(0)
  expect(await sink.stop()).toBe(0)
})

// Case 9
test('errors that are not the fault of a row: the same batch comes again, and nothing is quarantined', async () => {
  const busy = await testTrail()
  for (const eventName of loadEvents) await busy.offer(eventName)
  await busy.rows('CREATE SEQUENCE faults')
  // The number that a sequence gave stays given when the transaction is rolled back.
  const refuse = (code: string | undefined) =>
    busy.rows(`CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      ${code ? `PERFORM nextval('faults'); RAISE EXCEPTION 'refused' USING ERRCODE = '${code}';` : ''} RETURN NEW; END $$`)
  await refuse(undefined)
  await busy.rows('CREATE TRIGGER refuse BEFORE INSERT ON event_envelopes FOR EACH ROW EXECUTE FUNCTION refuse()')
  await using range = new Range(busy)
  const sink = startSink(busy)
  const load = await startLoad(busy)
  await range.progress.moves()
  for (const [what, code] of [
    ['deadlock', '40P01'],
    ['serialization failure', '40001'],
    ['lock timeout', '55P03'],
    ['statement timeout', '57014'],
    ['disk full', '53100'],
    ['read-only', '25006']
  ] as const) {
    await range.fault(`Postgres says: ${what}`, async () => {
      const before = Number((await busy.rows('SELECT last_value FROM faults'))[0]?.last_value)
      await refuse(code)
      await eventually(
        async () => Number((await busy.rows('SELECT last_value FROM faults'))[0]?.last_value) > before + 1,
        { what: `the sink was refused with ${code} twice` }
      )
      await refuse(undefined)
    })
  }
  await range.expectClean(load)
  expect(await busy.count('sink_quarantine')).toBe(0)
  expect(await sink.stop()).toBe(0)
})
