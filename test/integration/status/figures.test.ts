import { randomUUID } from 'node:crypto'
import { createConnection } from 'node:net'
import { networkInterfaces } from 'node:os'
import { expect, test } from 'vitest'
import { runCli } from '../../support/processes/cli.ts'
import { startSink } from '../../support/processes/sink-process.ts'
import { parsed, startTold, type ToldProcess } from '../../support/processes/status.ts'
import { metrics } from '../../support/project/metrics.ts'
import { eventually } from '../../support/stack.ts'
import { badge, lesson, testTrail } from '../../support/trail.ts'

const trail = await testTrail({ partitions: 2 })
for (const name of ['badge.awarded', 'quiz.submitted', 'lesson.published']) await trail.offer(name)
expect((await runCli(['migrate', '--with', 'indexer,notifier'], trail.env)).code).toBe(0)
const canary = 'Canary-Ada-Lovelace-4711'

/** Waits until a sample has this value. */
const sample = (of: ToldProcess, name: string, value: number) =>
  eventually(async () => (await of.metrics()).get(name) === value, { what: `${name} is ${value}`, timeoutMs: 30_000 })

test('the metrics are those of what was published, and no payload is shown anywhere', {
  timeout: 90_000
}, async () => {
  const sink = await startTold({ ...trail.env, LOG_LEVEL: 'debug' }, 'sink', '--session-timeout', '2000')
  const indexer = await startTold({ ...trail.env, LOG_LEVEL: 'debug' }, 'indexer', '--example')
  const notifier = await startTold(
    { ...trail.env, LOG_LEVEL: 'debug' },
    'notifier',
    '--example',
    '--smtp',
    'smtp://127.0.0.1:9'
  )
  await Promise.all([sink, indexer].map(each => each.becomes('ready')))
  const prefixed = (name: string) => `{group="${trail.topicPrefix}${name}"}`
  // A counter that is not there before it counts has no first growth.
  await sample(sink, 'eventtrail_sink_quarantined_total{code="NOT_WIRE_FORMAT"}', 0)
  await sample(indexer, `eventtrail_group_handler_seconds_count${prefixed('indexer')}`, 0)
  await sample(notifier, `eventtrail_group_dead_lettered_total${prefixed('notifier')}`, 0)
  await sample(notifier, 'eventtrail_notifier_deliveries_total{channel="email",result="delivered"}', 0)

  const twice = await trail.encode(lesson(canary))
  const good = await Promise.all(Array.from({ length: 40 }, () => trail.encode(lesson(canary))))
  const bad = { eventName: 'lesson.published', key: canary, value: Buffer.from(canary) }
  // Its recipient is unknown: a dead letter.
  const nobodys = await trail.encode({ ...badge(canary), aggregateId: randomUUID() })
  await trail.send([...good, twice, bad, nobodys])
  await sample(sink, 'eventtrail_sink_rows_total', 42)
  await trail.send([twice])
  await sample(sink, 'eventtrail_sink_duplicates_total', 1)
  await sample(sink, 'eventtrail_sink_quarantined_total{code="NOT_WIRE_FORMAT"}', 1)
  await sample(indexer, `eventtrail_group_handled_total${prefixed('indexer')}`, 42)
  await sample(indexer, `eventtrail_group_dead_lettered_total${prefixed('indexer')}`, 1)
  // Subscriptions may name any event: it reads the topic of the bad one too.
  await sample(notifier, `eventtrail_group_dead_lettered_total${prefixed('notifier')}`, 2)

  const told = await sink.metrics()
  expect(told.get('eventtrail_sink_partitions')).toBe(6)
  expect(told.get('eventtrail_sink_partitions_halted')).toBe(0)
  expect(told.get('eventtrail_sink_pending_rows')).toBe(0)
  expect(told.get('eventtrail_sink_retries_total')).toBe(0)
  expect(told.get('eventtrail_sink_rebalances_total')).toBeGreaterThanOrEqual(1)
  expect(told.get('eventtrail_sink_copy_seconds_count')).toBeGreaterThanOrEqual(2)
  expect(told.get('eventtrail_sink_publish_latency_seconds_count')).toBeGreaterThanOrEqual(2)
  expect(told.get('eventtrail_ready')).toBe(1)
  expect(told.get('process_resident_memory_bytes')).toBeGreaterThan(1e7)
  const batches = [...told].filter(([name]) => name.startsWith('eventtrail_sink_batches_total'))
  expect(batches.reduce((sum, [, count]) => sum + count, 0)).toBe(told.get('eventtrail_sink_copy_seconds_count'))
  const lag = `eventtrail_sink_lag{topic="${trail.topicPrefix}lesson.published",partition="0"}`
  await sample(sink, lag, 0)

  // Every sample is of the table, or of the process.
  for (const each of [sink, indexer, notifier]) {
    for (const name of (await each.metrics()).keys()) {
      const family = name.replace(/\{.*/, '').replace(/_(bucket|sum|count)$/, '')
      expect(family in metrics || /^(process|nodejs)_/.test(family), name).toBe(true)
    }
    await each.ask('/livez')
    expect(await each.stop()).toBe(0)
    expect(each.output()).toContain('partitions assigned')
    for (const text of [each.output(), ...each.answers]) {
      for (const secret of [canary, Buffer.from(canary).toString('base64'), twice.id])
        expect(text).not.toContain(secret)
    }
  }
  expect(sink.answers.some(text => text.includes('NOT_WIRE_FORMAT'))).toBe(true)
})

test('lag is what is in Kafka and not in the trail, also of a halted partition', {
  timeout: 60_000
}, async () => {
  const sink = await startTold(trail.env, 'sink', '--session-timeout', '2000')
  await sink.becomes('ready')
  const topic = `${trail.topicPrefix}quiz.submitted`
  await trail.rows(
    `INSERT INTO sink_offsets (consumer_group, topic, partition, next_offset, halted) VALUES ($1, $2, 1, 40, 'LOG_REPLACED')
     ON CONFLICT (consumer_group, topic, partition) DO UPDATE SET next_offset = 40, halted = 'LOG_REPLACED'`,
    [trail.group, topic]
  )
  await sink.becomes({ reason: '1 partition halted: eventtrail doctor says why' })
  expect((await sink.ask('/livez')).status).toBe(200)
  await trail.send(
    Array.from({ length: 3 }, () => ({ eventName: 'quiz.submitted', partition: 1, value: Buffer.from('anything') }))
  )
  await sample(sink, `eventtrail_sink_lag{topic="${topic}",partition="1"}`, 3)
  await sample(sink, 'eventtrail_sink_partitions_halted', 1)
  await trail.rows('UPDATE sink_offsets SET next_offset = 0, halted = NULL WHERE topic = $1 AND partition = 1', [topic])
  await sink.becomes('ready')
  await sample(sink, 'eventtrail_sink_quarantined_total{code="NOT_WIRE_FORMAT"}', 3)
  expect(await sink.stop()).toBe(0)
})

/** Whether a server takes a connection there. */
const listens = (host: string, port: number) =>
  new Promise<boolean>(resolve => {
    const socket = createConnection({ host, port })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

test('off by default; on loopback alone by default; a port that is taken is said in words', {
  timeout: 60_000
}, async () => {
  const silent = startSink(trail)
  await eventually(() => silent.log().includes('partitions assigned'), { what: 'it runs' })
  expect(silent.log()).not.toContain('/metrics')
  expect(await listeners(silent.child.pid as number)).toEqual([])
  await silent.stop()

  const sink = await startTold(trail.env, 'sink')
  const port = Number(/"port":(\d+)/.exec(sink.output())?.[1])
  const [address] = await listeners(sink.child.pid as number)
  expect(address).toMatch(/^0100007F:/)
  expect(await listens('127.0.0.1', port)).toBe(true)
  const outside = Object.values(networkInterfaces()).flatMap(each => each ?? [])
  for (const { address: ours } of outside.filter(({ internal, family }) => !internal && family === 'IPv4'))
    expect(await listens(ours, port)).toBe(false)

  const taken = await runCli(['sink', '--status-port', String(port)], trail.env)
  expect(taken.code).toBe(2)
  expect(taken.stderr).toContain(`port ${port} of 127.0.0.1 is in use`)
  await sink.stop()
  expect(await listens('127.0.0.1', port)).toBe(false)
})

/** The addresses that a process listens on, as Linux writes them. */
async function listeners(pid: number): Promise<string[]> {
  const { readdirSync, readFileSync, readlinkSync } = await import('node:fs')
  const inodes = new Set<string>()
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1]
      if (inode) inodes.add(inode)
    } catch {
      // It was closed meanwhile.
    }
  }
  return ['tcp', 'tcp6'].flatMap(kind =>
    readFileSync(`/proc/${pid}/net/${kind}`, 'utf8')
      .split('\n')
      .map(line => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === '0A' && inodes.has(inode ?? ''))
      .map(([, local = '']) => local)
  )
}

test('a text that is no text of Prometheus would be noticed', () => {
  expect(() => parsed('eventtrail_sink_rows_total 1')).toThrow('no type')
  expect(() => parsed('# TYPE a counter\na{b="c} 1')).toThrow('no line')
})
