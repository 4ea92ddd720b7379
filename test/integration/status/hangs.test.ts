import { afterAll, expect, onTestFinished, test } from 'vitest'
import { startStack } from '../../../dev/stack/index.ts'
import { startTold } from '../../support/processes/status.ts'
import { eventually } from '../../support/stack.ts'
import { lesson, testTrail } from '../../support/trail.ts'

// Its own servers: they are put to sleep.
const stack = await startStack({ kind: 'hangs' })
afterAll(() => stack.stop())
Object.assign(process.env, stack.env)
const trail = await testTrail({ partitions: 2 })
await trail.offer('lesson.published')

/** Puts a server to sleep, as a machine that is overloaded or frozen is: it takes connections and answers nothing. */
function asleep(server: 'kafka' | 'registry'): { wake: () => void } {
  const { pid } = stack.restartable[server]
  if (pid === undefined) throw new Error(`${server} is no process of this machine`)
  process.kill(pid, 'SIGSTOP')
  const wake = () => void process.kill(pid, 'SIGCONT')
  onTestFinished(wake)
  return { wake }
}

test('servers that hang are unreachable like those that are gone, and the consumer is rebuilt', {
  timeout: 180_000
}, async () => {
  const sink = await startTold(trail.env, 'sink', '--session-timeout', '1000')
  await sink.becomes('ready')

  const registry = asleep('registry')
  await sink.becomes({ reason: 'the registry is unreachable' })
  registry.wake()
  await sink.becomes('ready')

  const kafka = asleep('kafka')
  await sink.becomes({ reason: 'Kafka is unreachable' })
  await eventually(
    async () => ((await sink.metrics()).get('eventtrail_sink_rebuilds_total{cause="stalled"}') ?? 0) > 0,
    { what: 'the consumer was built anew', timeoutMs: 60_000 }
  )
  expect((await sink.ask('/livez')).status).toBe(200)
  expect((await sink.metrics()).get('eventtrail_sink_progress_age_seconds')).toBeLessThan(60)
  kafka.wake()
  await sink.becomes('ready')
  await trail.publish([lesson()])
  await eventually(async () => (await sink.metrics()).get('eventtrail_sink_rows_total') === 1, { what: 'it is stored' })
  expect(await sink.stop()).toBe(0)
})
