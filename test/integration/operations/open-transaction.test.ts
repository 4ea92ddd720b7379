import { randomUUID } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { runCli } from '../../support/processes/cli.ts'
import { startTold, type ToldProcess } from '../../support/processes/status.ts'
import { eventually } from '../../support/stack.ts'
import { badge, testTrail } from '../../support/trail.ts'

const trail = await testTrail({ partitions: 1 })
expect((await runCli(['migrate', '--with', 'indexer,notifier'], trail.env)).code).toBe(0)
for (const name of ['badge.awarded', 'lesson.published']) await trail.offer(name)
const topic = `${trail.topicPrefix}badge.awarded`
const producer = trail.kafka.kafka.producer({ transactionalId: randomUUID(), idempotent: true, maxInFlightRequests: 1 })
await producer.connect()
afterAll(() => producer.disconnect())

const value = async (of: ToldProcess, name: string, labels = '') =>
  (await of.metrics()).get(`${name}{${labels}topic="${topic}",partition="0"}`)

test('what the open transaction of another producer blocks is lag, and reported with how long it has waited', {
  timeout: 180_000
}, async () => {
  const sink = await startTold(trail.env, 'sink', '--session-timeout', '2000')
  const notifier = await startTold(trail.env, 'notifier', '--example', '--smtp', 'smtp://127.0.0.1:9')
  await sink.becomes('ready')
  const group = `group="${trail.topicPrefix}notifier",`
  await eventually(async () => (await value(sink, 'eventtrail_sink_lag')) === 0, { what: 'the sink reads the topic' })
  expect(await value(sink, 'eventtrail_sink_blocked_by_transaction_records')).toBeUndefined()

  const held = await trail.encode(badge('held back'))
  const open = await producer.transaction()
  await open.send({ topic, messages: [{ key: held.key ?? null, value: held.value }] })
  await trail.publish(Array.from({ length: 9 }, () => badge('acknowledged')))

  const told = async (of: ToldProcess, part: string, labels: string) => ({
    lag: await value(of, `eventtrail_${part}_lag`, labels),
    records: await value(of, `eventtrail_${part}_blocked_by_transaction_records`, labels),
    waits: ((await value(of, `eventtrail_${part}_blocked_by_transaction_seconds`, labels)) ?? 0) > 0
  })
  for (const [of, part, labels] of [
    [sink, 'sink', ''],
    [notifier, 'group', group]
  ] as const)
    await eventually(
      async () => {
        expect(await told(of, part, labels)).toEqual({ lag: 10, records: 10, waits: true })
        return true
      },
      { what: `it is told by the ${part}`, timeoutMs: 40_000 }
    )

  const { code, stdout } = await runCli(['doctor', '--json'], trail.env)
  const findings = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { check: string; level: string; words: string })
  const found = findings.find(({ check }) => check === 'transaction')
  // It may be open for a minute; how long that has been by now depends on the machine.
  expect([0, 1]).toContain(code)
  expect(['warning', 'wrong']).toContain(found?.level)
  const from = Number(/--start-offset (\d+)/.exec(found?.words ?? '')?.[1])
  expect(from).toBe((await trail.admin.logEnds([topic]))[0]?.end)
  expect(found?.words).toMatch(new RegExp(`^${topic}/0: 10 offsets from ${from} on wait .* open since 20`))
  expect(findings).toContainEqual(
    expect.objectContaining({
      check: 'lag',
      level: 'ok',
      words: expect.stringContaining(`${topic} (10); 1 sink in group`)
    })
  )

  await open.commit()
  await eventually(
    async () => {
      expect(await told(sink, 'sink', '')).toEqual({ lag: 0, records: undefined, waits: false })
      return true
    },
    { what: 'it is over', timeoutMs: 40_000 }
  )
  expect(await trail.count('event_envelopes')).toBe(10)
  for (const each of [sink, notifier]) await each.stop()
})
