import { expect, test } from 'vitest'
import { createLogger } from '../../../../cli/log.ts'
import { createPrometheusMeter } from '../../../../observability/prometheus/prometheus.ts'
import { createSink } from '../../../../sink/index.ts'
import { sinkMetrics } from '../../../../sink/metrics.ts'
import { runCli } from '../../../support/processes/cli.ts'
import { eventually } from '../../../support/stack.ts'
import { badge, lesson, testTrail } from '../../../support/trail.ts'

const limit = 5_000

test('a sink that knows of more events than it reads says so, reads the others, and takes more once there is room', {
  timeout: 120_000
}, async () => {
  const trail = await testTrail({ partitions: 1 })
  await trail.offer('lesson.published')
  {
    await using sink = createSink(trail.sinkOptions)
    await sink.start()
    await trail.publish([lesson()])
    await sink.whenCaughtUp()
  }
  // Events that were read long ago, and whose topics are gone.
  await trail.rows(
    `INSERT INTO sink_offsets (consumer_group, topic, partition, next_offset)
     SELECT $1, $2 || 'old.e' || n, 0, 0 FROM generate_series(2, $3) AS n`,
    [trail.group, trail.topicPrefix, limit]
  )
  await trail.offer('badge.awarded')
  const lines: Record<string, unknown>[] = []
  const log = createLogger({ level: 'error', destination: { write: line => lines.push(JSON.parse(line)) } })
  const meter = createPrometheusMeter({ metrics: sinkMetrics })
  await using sink = createSink({ ...trail.sinkOptions, log, meter })
  await sink.start()
  await trail.publish([lesson(), badge()])
  const reason = '1 events are not read: there are more than 5000'
  await eventually(() => sink.health().notReady.includes(reason), { what: 'it is not ready, and says why' })
  await eventually(async () => (await trail.count('event_envelopes')) === 2, { what: 'what it reads is stored' })
  expect(lines.filter(({ msg }) => String(msg).startsWith('there are more than 5000 events'))).toHaveLength(1)
  expect((await meter.text()).body).toContain('eventtrail_sink_topics{state="beyond"} 1')
  const doctor = await runCli(['doctor'], trail.env)
  expect(doctor.stdout).toMatch(/WRONG +topics +1 events are not read: a sink reads 5000 at most/)
  expect(doctor.code).toBe(1)

  // One that is taken out makes room.
  const forget = ['sink', 'forget', '--event', 'old.e2', '--reason', 'it ended in 2013']
  expect(await runCli(forget, trail.env)).toMatchObject({ code: 0 })
  await eventually(async () => (await trail.count('event_envelopes')) === 3, {
    what: 'the event that was beyond is stored',
    timeoutMs: 60_000
  })
  await eventually(() => sink.health().notReady.length === 0, { what: 'it is ready' })
})
