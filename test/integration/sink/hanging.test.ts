import { expect, test } from 'vitest'
import { silentLogger } from '../../../core/logger.ts'
import { createPrometheusMeter } from '../../../observability/prometheus/prometheus.ts'
import { createSink } from '../../../sink/index.ts'
import { sinkMetrics } from '../../../sink/metrics.ts'
import { Writer } from '../../../sink/write/writer.ts'
import { sessionPool } from '../../../trail/database.ts'
import { CopyBuffer } from '../../../trail/rows/copy-buffer.ts'
import { openPgSession } from '../../../trail/session/pg-session.ts'
import { swallowingProxy } from '../../support/kafka/swallowing-proxy.ts'
import { parsed } from '../../support/processes/status.ts'
import { eventually, rerouted } from '../../support/stack.ts'
import { publisherJournal, violations } from '../../support/trail/journal.ts'
import { testTrail } from '../../support/trail.ts'
import { chunk } from '../../unit/sink/chunks.ts'

const trail = await testTrail()
await trail.offer('badge.awarded')
const { acknowledged, publish } = publisherJournal(trail)
const proxy = await swallowingProxy(trail.databaseUrl)

/** The port of the session that is in the middle of a COPY. */
const copyingPort = () =>
  eventually(
    async () => {
      const [row] = await trail.rows(
        `SELECT client_port FROM pg_stat_activity WHERE pid IN
           (SELECT pid FROM pg_stat_progress_copy WHERE relid = 'event_envelopes'::regclass AND tuples_processed > 20)`
      )
      return row && Number(row.client_port)
    },
    { what: 'a COPY is under way' }
  )

test('a session that Postgres has forgotten is given up, and its batch is stored by a new one', {
  timeout: 90_000
}, async () => {
  const meter = createPrometheusMeter({ metrics: sinkMetrics })
  await using sink = createSink({
    ...trail.sinkOptions,
    connection: rerouted(trail.connection, { databaseUrl: proxy.url }),
    blockedAfterMs: 200,
    connections: 1,
    meter
  })
  await sink.start()
  await trail.slowRows()
  await publish(1_000)
  const port = await copyingPort()
  // The link swallows everything from here on, and Postgres ends the session: the sink gets no notice.
  proxy.swallow(port)
  await trail.rows(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE client_port = $1 AND datname = current_database()',
    [port]
  )
  await trail.fastRows()
  await sink.whenCaughtUp({ timeoutMs: 30_000 })
  const { body } = await meter.text()
  expect(parsed(body).get('eventtrail_sink_sessions_abandoned_total')).toBe(1)
  expect(parsed(body).get('eventtrail_sink_retries_total')).toBeGreaterThanOrEqual(1)
  expect(sink.state).toBe('running')
  expect(await violations(trail, acknowledged)).toEqual([])
})

test('a write that hangs while Postgres waits for its next word is reported, once the bound is over', async () => {
  const pool = sessionPool(trail.databaseUrl, { applicationName: 'eventtrail-sink/hanging' })
  const stalled = Promise.withResolvers<Error>()
  const writer = new Writer({
    openSession: () =>
      openPgSession({ database: proxy.url, group: 'hanging', applicationName: 'eventtrail-sink/hanging', pool }),
    beginStatement: () => expect.unreachable('the trail is not proved'),
    watch: { blockedAfterMs: 50, stalledAfterMs: 500, onStalled: stalled.resolve },
    log: silentLogger
  })
  const batch = { buffer: new CopyBuffer(), chunks: [chunk(0, 0, { skipped: 1, last: 0 })], rows: 0, bytes: 0 }
  const write = () => writer.write({ ...batch, trigger: 'linger' })
  // That offset is free: it is refused, and the session stays open.
  expect((await write()).fenced).toHaveLength(1)
  const [session] = await trail.rows(
    "SELECT client_port FROM pg_stat_activity WHERE application_name = 'eventtrail-sink/hanging' AND query LIKE 'ROLLBACK%'"
  )
  proxy.swallow(Number(session?.client_port))
  const hanging = write().catch(error => error)
  expect(await stalled.promise).toMatchObject({ code: 'WRITE_STALLED', retryable: false })
  await writer.close()
  expect(await hanging).toBeInstanceOf(Error)
  await pool.end()
})
