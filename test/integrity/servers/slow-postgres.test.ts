import { expect, test } from 'vitest'
import { startSink } from '../../support/processes/sink-process.ts'
import { eventually } from '../../support/stack.ts'
import { testTrail } from '../../support/trail.ts'
import { Range } from '../harness/check/range.ts'
import { loadEvents, startLoad } from '../harness/processes/load.ts'
import { FaultProxy } from '../harness/proxy.ts'
import { settings } from '../harness/settings.ts'

const trail = await testTrail()
for (const eventName of loadEvents) await trail.offer(eventName)

// Case 14
test('Postgres takes 200 ms for each statement: heartbeats continue, and the group is not formed again', async () => {
  await using range = new Range(trail)
  const url = new URL(trail.databaseUrl)
  await using proxy = await FaultProxy.start(Number(url.port))
  url.port = String(proxy.port)
  const sink = startSink({ ...trail, env: { ...trail.env, DATABASE_URL: url.href } })
  const assignments = () => sink.log().split('partitions assigned').length - 1
  const load = await startLoad(trail)
  await range.progress.moves()
  const before = assignments()
  await range.fault(
    'Postgres slow',
    async () => {
      proxy.latencyMs = 100
      // Many session timeouts (1 s) long.
      const called = load.counts.called
      const more = settings.times(100) * 300
      await eventually(() => load.counts.called > called + more, { what: `${more} events came`, timeoutMs: 180_000 })
      proxy.latencyMs = 0
    },
    500
  )
  await range.expectClean(load)
  expect(assignments()).toBe(before)
  expect(await trail.count('sink_quarantine')).toBe(0)
  expect(await sink.stop()).toBe(0)
})
