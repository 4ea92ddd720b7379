import { afterAll, expect, onTestFinished, test } from 'vitest'
import { startStack } from '../../../dev/stack/index.ts'
import { runCli } from '../../support/processes/cli.ts'
import { startSink } from '../../support/processes/sink-process.ts'
import { startTold } from '../../support/processes/status.ts'
import { eventually } from '../../support/stack.ts'
import { publisherJournal, violations } from '../../support/trail/journal.ts'
import { testTrail } from '../../support/trail.ts'

// Its own servers: the others' must not lose theirs.
const stack = await startStack({ kind: 'shutdown' })
afterAll(() => stack.stop())
Object.assign(process.env, stack.env)
const trail = await testTrail()
await trail.offer('badge.awarded')
await trail.offer('lesson.published')
expect((await runCli(['migrate', '--with', 'indexer,notifier'], trail.env)).code).toBe(0)
const { acknowledged, publish, position, caughtUp } = publisherJournal(trail)

const committedToKafka = async () =>
  [
    ...(
      (await trail.admin.groupOffsets(trail.group)).get(`${trail.topicPrefix}badge.awarded`) ??
      new Map<number, number>()
    ).values()
  ].reduce((sum, offset) => sum + offset, 0)

/** Starts a sink that is not killed, and stops it when it has stored everything. */
async function finish(): Promise<void> {
  const sink = startSink(trail)
  await caughtUp('the sink has caught up')
  await sink.stop()
}

// Case 15
test('SIGTERM while starting, and in mid-batch: it exits within its deadline, with 0', async () => {
  const starting = startSink(trail)
  await eventually(() => starting.log().includes('eventtrail sink'), {
    what: 'the process is up, and joins',
    timeoutMs: 60_000
  })
  expect(await starting.stop('SIGTERM')).toBe(0)

  const busy = startSink(trail, '--linger', '0', '--max-records', '20')
  await publish(3_000)
  const before = await position()
  await eventually(async () => (await position()) > before, { what: 'the sink is in the middle of it' })
  const began = Date.now()
  expect(await busy.stop('SIGTERM')).toBe(0)
  expect(Date.now() - began).toBeLessThan(15_000)
  await eventually(async () => (await trail.admin.groupMembers(trail.group)) === 0, {
    what: 'the group was left',
    timeoutMs: 500
  })
  // What was written is known to Kafka too: nothing is delivered again.
  expect(await committedToKafka()).toBe(await position())

  await finish()
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

// Case 15, of one that takes connections and answers nothing: also what is closed waits for no answer for long.
test('SIGTERM while Kafka hangs: sink and groups exit within their deadline', { timeout: 180_000 }, async () => {
  const processes = [
    await startTold(trail.env, 'sink', '--session-timeout', '1000'),
    await startTold(trail.env, 'indexer', '--example')
  ]
  for (const each of processes) await each.becomes('ready')
  const pid = stack.restartable.kafka.pid ?? 0
  process.kill(pid, 'SIGSTOP')
  const wake = () => void process.kill(pid, 'SIGCONT')
  onTestFinished(wake)
  for (const each of processes) await each.becomes({ reason: 'Kafka is unreachable' })
  const began = Date.now()
  const ended = processes.map(async each => {
    expect(await each.stop()).toBe(0)
    return Date.now() - began
  })
  for (const tookMs of await Promise.all(ended)) expect(tookMs).toBeLessThan(20_000)
})
