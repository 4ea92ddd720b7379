import { afterAll, expect, test } from 'vitest'
import { pause } from '../../core/backoff.ts'
import { below } from '../../dev/demo/day/random.ts'
import { startStack } from '../../dev/stack/index.ts'
import { type SinkProcess, startSink } from '../support/processes/sink-process.ts'
import { eventually } from '../support/stack.ts'
import { testTrail } from '../support/trail.ts'
import { Range } from './harness/check/range.ts'
import { startHandling } from './harness/processes/handling.ts'
import { loadEvents, startLoad } from './harness/processes/load.ts'
import { FaultProxy } from './harness/proxy.ts'
import { Samples } from './harness/samples.ts'
import { randomOf, record, settings } from './harness/settings.ts'

const minutes = settings.minutes ?? (settings.quick ? 0.5 : 3)
/** Events a second. It is somewhat less than that while a server is away. */
const rate = 6_000
const partitions = 6
/** Events that the publisher may have unanswered: what they take is there whenever Kafka is silent for some seconds. */
const buffer = 20_000

const kafkaProxy = await FaultProxy.start()
const registryProxy = await FaultProxy.start()
const postgresProxy = await FaultProxy.start()
const stack = await startStack({ kind: 'soak', kafkaProxy: kafkaProxy.port })
kafkaProxy.target = stack.proxied
registryProxy.target = Number(new URL(stack.env.SCHEMA_REGISTRY_URL).port)
postgresProxy.target = Number(new URL(stack.env.DATABASE_URL).port)
afterAll(async () => {
  await stack.stop()
  await Promise.all([kafkaProxy, registryProxy, postgresProxy].map(proxy => proxy.close()))
})
Object.assign(process.env, stack.env)
const trail = await testTrail({ partitions })
for (const eventName of loadEvents) await trail.offer(eventName)

/** The same servers, each behind a proxy. */
const throughProxies = () => {
  const behind = (text: string, proxy: FaultProxy) => {
    const url = new URL(text)
    url.port = String(proxy.port)
    return url.href
  }
  return {
    KAFKA_BROKERS: `127.0.0.1:${kafkaProxy.port}`,
    SCHEMA_REGISTRY_URL: behind(stack.env.SCHEMA_REGISTRY_URL, registryProxy),
    DATABASE_URL: behind(trail.databaseUrl, postgresProxy)
  }
}

test(`${minutes} minutes of ${rate} events a second with a random fault every 10 to 20 s`, {
  timeout: (minutes + 10) * 60_000
}, async () => {
  await using range = new Range(trail)
  const start = () => startSink({ ...trail, env: { ...trail.env, ...throughProxies() } }, '--session-timeout', '3000')
  // One is killed now and then; the other lives through all of it, and its memory is watched.
  const survivor = start()
  let victim: SinkProcess = start()
  const env = { ...throughProxies(), BUFFER_MAX_RECORDS: String(buffer) }
  const load = await startLoad(trail, { rate, partitions, aggregates: 2_000, env })
  const handling = await startHandling(trail, throughProxies())
  const samples = new Samples({
    'sink that lives': survivor.child.pid ?? 0,
    publisher: load.pid,
    'consumer group': handling.pid
  })
  const random = randomOf('soak')

  const { kafka, postgres, registry } = stack.restartable
  const killed = async () => {
    const ahead = await range.ahead()
    await victim.stop('SIGKILL')
    victim = start()
    return ahead
  }
  const faults: readonly [string, () => Promise<unknown>][] = [
    ['a sink killed', killed],
    [
      'a sink stopped for 5 s',
      async () => {
        victim.child.kill('SIGSTOP')
        await pause(5_000)
        victim.child.kill('SIGCONT')
      }
    ],
    [
      'a sink asked to end, and replaced',
      async () => {
        // One that was just started hears no signal yet.
        await eventually(() => victim.log().includes('eventtrail sink:'), { what: 'it is up', timeoutMs: 60_000 })
        expect(await victim.stop()).toBe(0)
        victim = start()
      }
    ],
    [
      'sessions in Postgres ended',
      () =>
        trail.rows(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE application_name LIKE 'eventtrail-sink%' AND datname = current_database()`
        )
    ],
    [
      'the answer to a COMMIT lost',
      async () => {
        const rule = postgresProxy.cut({ direction: 'toClient', before: Buffer.from('COMMIT\0') })
        await eventually(() => rule.done === 1, { what: 'an answer was cut off', timeoutMs: 60_000 })
      }
    ],
    ['connections to Postgres reset', async () => postgresProxy.reset()],
    ['connections to Kafka reset', async () => kafkaProxy.reset()],
    [
      'Postgres slow (200 ms) for 5 s',
      async () => {
        postgresProxy.latencyMs = 200
        await pause(5_000)
        postgresProxy.latencyMs = 0
      }
    ],
    [
      'answers of Kafka swallowed for 3 s',
      async () => {
        kafkaProxy.swallowing.add('toClient')
        await pause(3_000)
        kafkaProxy.swallowing.delete('toClient')
        kafkaProxy.reset()
      }
    ],
    [
      'the registry out of reach for 5 s',
      async () => {
        registryProxy.refusing = true
        registryProxy.reset()
        await pause(5_000)
        registryProxy.refusing = false
      }
    ],
    ['Kafka killed and restarted', () => kafka.kill().then(() => kafka.start())],
    ['Postgres killed and restarted', () => postgres.kill().then(() => postgres.start())],
    ['the registry killed and restarted', () => registry.kill().then(() => registry.start())]
  ]

  // A heap keeps the size that it once needed. These two need the most, and come while memory may still grow.
  const first = faults.filter(([what]) => what === 'Kafka killed and restarted' || what.startsWith('answers of Kafka'))
  const until = performance.now() + minutes * 60_000
  for (let count = 0; performance.now() < until; count += 1) {
    await pause((settings.quick ? 2_000 : 10_000) + below(settings.quick ? 2_000 : 10_000, random()))
    const [what, make] = (first[count] ?? faults[below(faults.length, random())]) as (typeof faults)[number]
    await range.fault(what, make)
  }
  samples.close()
  record({ type: 'load', eventsPerSecond: Math.round(load.counts.called / samples.seconds) })
  await range.expectCleanInParts(load, handling)
  expect(await trail.count('sink_quarantine')).toBe(0)
  expect(survivor.child.exitCode).toBeNull()
  await eventually(() => victim.log().includes('eventtrail sink:'), { what: 'the last sink is up' })
  expect([await survivor.stop(), await victim.stop()]).toEqual([0, 0])
  // Shorter ones end before there is a value to be held to.
  expect(samples.grown()).toEqual([])
})
