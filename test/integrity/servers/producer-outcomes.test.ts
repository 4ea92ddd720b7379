import { randomUUID } from 'node:crypto'
import { v7 } from 'uuid'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { Logger } from '../../../core/logger.ts'
import { below } from '../../../dev/demo/day/random.ts'
import { startStack } from '../../../dev/stack/index.ts'
import {
  createProducer,
  type KafkaReceipt,
  type Producer,
  type ProducerOptions,
  PublishError
} from '../../../producers/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { decodeEnvelope } from '../../../schemas/index.ts'
import { testTopics } from '../../support/kafka/topics.ts'
import { startSink } from '../../support/processes/sink-process.ts'
import { eventually } from '../../support/stack.ts'
import { testTrail } from '../../support/trail.ts'
import { Range } from '../harness/check/range.ts'
import { loadEvents, startLoad } from '../harness/processes/load.ts'
import { type Cut, FaultProxy } from '../harness/proxy.ts'
import { randomOf, settings } from '../harness/settings.ts'

// Brokers are killed and frozen here: a stack of its own.
const proxy = await FaultProxy.start()
const stack = await startStack({ kind: 'producer-faults', kafkaProxy: proxy.port })
proxy.target = stack.proxied
afterAll(async () => {
  await proxy.close()
  await stack.stop()
})
Object.assign(process.env, stack.env)
const { kafka } = stack.restartable
const environment = {
  brokers: stack.env.KAFKA_BROKERS.split(','),
  registryUrl: stack.env.SCHEMA_REGISTRY_URL,
  topicPrefix: 'faults.'
}
const connection = { kafka: { brokers: environment.brokers }, registry: { url: environment.registryUrl } }
const { read } = await testTopics(environment)
const { type } = catalogue.version('badge.awarded')

const freeze = () => process.kill(kafka.pid as number, 'SIGSTOP')
const thaw = () => process.kill(kafka.pid as number, 'SIGCONT')

afterEach(async () => {
  // Also after a test that failed half-way.
  await kafka.start()
  thaw()
})

/** What a publisher got, to compare with what Kafka has. */
function recorder(producer: Producer) {
  const calls: { id: string; aggregate: string; answer: Promise<KafkaReceipt | PublishError> }[] = []
  const publish = (aggregate: string): Promise<KafkaReceipt | PublishError> => {
    const id = v7()
    const payload = { badge_id: aggregate, awarded_to: aggregate, reason: 'x'.repeat(calls.length % 200) }
    const answer = producer.publish('badge.awarded', aggregate, payload, { id }).catch((error: PublishError) => error)
    calls.push({ id, aggregate, answer })
    return answer
  }

  /** Every acknowledged event is where it was said to be, nothing that failed is anywhere, order is kept. */
  const check = async () => {
    const stored = (await read('badge.awarded')).map(({ partition, offset, value }) => {
      const { id, aggregate_id } = decodeEnvelope(type, value as Buffer)
      return { at: `${partition} ${offset}`, id, aggregate: aggregate_id }
    })
    const byPlace = new Map(stored.map(({ at, id }) => [at, id]))
    const ids = new Set(stored.map(({ id }) => id))
    const counts = { acknowledged: 0, failed: 0, unknown: 0 }
    for (const { id, answer } of calls) {
      const result = await answer
      if (result instanceof PublishError) {
        counts[result.outcome] += 1
        if (result.outcome === 'failed') expect(ids.has(id), 'a failed event is stored').toBe(false)
      } else {
        counts.acknowledged += 1
        expect(byPlace.get(`${result.partition} ${result.offset}`), 'an acknowledged event is not there').toBe(id)
      }
    }
    // Duplicates may come after the first of an id; readers drop them.
    const position = new Map(calls.map(({ id }, index) => [id, index]))
    for (const events of Map.groupBy(stored, ({ aggregate }) => aggregate).values()) {
      const order = [...new Set(events.map(({ id }) => id))].flatMap(id => position.get(id) ?? [])
      expect(order).toEqual([...order].sort((one, other) => one - other))
    }
    return { ...counts, duplicates: stored.length - ids.size }
  }
  return { publish, check, all: () => Promise.all(calls.map(({ answer }) => answer)) }
}

/** A log that counts attempts which came to nothing. */
function countingLog() {
  let failures = 0
  const count = (_facts: object, message?: string): void => {
    if (message === 'a batch was not stored') failures += 1
  }
  const log: Logger = { debug: count, info: count, warn: count, error: count, child: () => log }
  return { log, timedOut: () => failures }
}

async function connected(options: Partial<ProducerOptions> = {}) {
  const producer = createProducer({ connection, topicPrefix: environment.topicPrefix, catalogue, ...options })
  afterAll(() => producer.close())
  const recorded = recorder(producer)
  expect(await recorded.publish(randomUUID())).not.toBeInstanceOf(Error)
  return recorded
}

describe('a broker that is gone', () => {
  it('delays what is published until it is back', async () => {
    const { publish, check } = await connected()
    await kafka.kill()
    const answers = Array.from({ length: 50 }, () => publish(randomUUID()))
    await kafka.start()
    for (const answer of await Promise.all(answers)) expect(answer).not.toBeInstanceOf(Error)
    expect(await check()).toMatchObject({ acknowledged: 51, failed: 0, unknown: 0 })
  })

  it('fails what is published at the deadline, and says whether it left', async () => {
    const { publish, check } = await connected({ deliveryTimeoutMs: 1_500 })
    await kafka.kill()
    const first = await Promise.all(Array.from({ length: 20 }, () => publish(randomUUID())))
    for (const answer of first) expect(answer).toMatchObject({ code: 'TIMED_OUT', retryable: true })
    // The lost connection is known by now: what is called from here on cannot have left.
    const second = await Promise.all(Array.from({ length: 20 }, () => publish(randomUUID())))
    for (const answer of second) expect(answer).toMatchObject({ code: 'TIMED_OUT', outcome: 'failed' })
    await kafka.start()
    await eventually(async () => !((await publish(randomUUID())) instanceof Error), { what: 'publishing works again' })
    expect((await check()).failed).toBeGreaterThanOrEqual(20)
  })

  it('keeps the order of 100 unawaited calls for one aggregate when it is bounced in their midst', async () => {
    const { publish, check } = await connected({ batch: { maxRecords: 7, lingerMs: 0 } })
    const aggregate = randomUUID()
    const answers = Array.from({ length: 50 }, () => publish(aggregate))
    await answers[7]
    const bounce = kafka.kill().then(() => kafka.start())
    answers.push(...Array.from({ length: 50 }, () => publish(aggregate)))
    await bounce
    const receipts = (await Promise.all(answers)) as KafkaReceipt[]
    const offsets = receipts.map(({ offset }) => offset)
    expect(offsets).toEqual([...offsets].sort((one, other) => one - other))
    expect(await check()).toMatchObject({ acknowledged: 101 })
  })
})

describe('a broker that does not answer', () => {
  it('leaves the outcome unknown at the deadline, and takes nothing from what is published afterwards', async () => {
    const { publish, check } = await connected({
      deliveryTimeoutMs: 2_000,
      requestTimeoutMs: 1_000,
      batch: { lingerMs: 0 }
    })
    const aggregates = Array.from({ length: 6 }, () => randomUUID())
    // All is known before: nothing has to be asked for between the calls and the sending.
    await Promise.all(aggregates.map(publish))
    freeze()
    const started = performance.now()
    const lost = await Promise.all(aggregates.map(publish))
    expect(performance.now() - started).toBeLessThan(3_500)
    for (const answer of lost) expect(answer).toMatchObject({ code: 'TIMED_OUT', outcome: 'unknown', retryable: true })
    thaw()
    await eventually(async () => !((await publish(aggregates[0] as string)) instanceof Error), { what: 'it answers' })
    // As many as before, in the same partitions: a broker that took them for repetitions would drop them.
    for (let round = 0; round < 5; round += 1)
      for (const answer of await Promise.all(aggregates.map(publish))) expect(answer).not.toBeInstanceOf(Error)
    expect((await check()).unknown).toBeGreaterThanOrEqual(6)
  })

  it('loses no acknowledged event when its replies come after the request timeout', async () => {
    const { log, timedOut } = countingLog()
    const { publish, check, all } = await connected({
      requestTimeoutMs: 1_000,
      batch: { maxRecords: 20, lingerMs: 0 },
      log
    })
    const aggregates = Array.from({ length: 30 }, () => randomUUID())
    for (let round = 0; round < 3; round += 1) {
      for (const aggregate of aggregates) void publish(aggregate)
      freeze()
      for (const aggregate of aggregates) void publish(aggregate)
      // Given up and made again: both requests wait for the broker when it wakes.
      const before = timedOut()
      await eventually(() => timedOut() >= before + 2, { what: 'two requests timed out' })
      thaw()
      for (const aggregate of aggregates) void publish(aggregate)
      for (const answer of await all()) expect(answer).not.toBeInstanceOf(Error)
    }
    expect(await check()).toMatchObject({ acknowledged: 1 + 3 * 90, failed: 0, unknown: 0 })
  })
})

describe('a network between publisher and broker', () => {
  // Case 30
  it('answers are withheld, cut off and reset under load: what was acknowledged is stored, what failed is nowhere', async () => {
    const trail = await testTrail()
    for (const eventName of loadEvents) await trail.offer(eventName)
    await using range = new Range(trail)
    const sink = startSink(trail)
    const load = await startLoad(trail, {
      env: {
        KAFKA_BROKERS: `127.0.0.1:${proxy.port}`,
        REQUEST_TIMEOUT_MS: '800',
        DELIVERY_TIMEOUT_MS: '2000'
      }
    })
    const random = randomOf('producer-outcomes')
    for (let round = 0; round < settings.times(20); round += 1) {
      await range.fault('answers of the broker withheld', async () => {
        // One that is looking for its broker again sends nothing: then its events fail, and it has to be tried again.
        for (let sent = false; !sent; ) {
          const { stored } = load.counts
          const isHeard = () => load.counts.stored > stored
          await eventually(isHeard, { what: 'the publisher is heard again', timeoutMs: 60_000 })
          const { unknown, failed } = load.counts
          proxy.swallowing.add('toClient')
          const isGivenUp = () => load.counts.unknown > unknown || load.counts.failed > failed
          await eventually(isGivenUp, { what: 'events are given up' })
          sent = load.counts.unknown > unknown
          proxy.swallowing.delete('toClient')
          proxy.reset()
        }
      })
      await range.fault('connections to the broker reset', async () => proxy.reset())
      await range.fault('request to the broker cut in its middle', () =>
        cutOnce({ direction: 'toServer', afterBytes: 2_000 + below(200_000, random()) })
      )
      await range.fault('answer of the broker cut in its middle', () =>
        cutOnce({ direction: 'toClient', afterBytes: 1_000 + below(4_000, random()) })
      )
      await range.fault('broker not to be reached', async () => {
        const { failed } = load.counts
        proxy.refusing = true
        proxy.reset()
        await eventually(() => load.counts.failed > failed, { what: 'events are given up as failed' })
        proxy.refusing = false
      })
    }
    await range.expectClean(load)
    expect(load.counts.unknown).toBeGreaterThan(0)
    expect(load.counts.failed).toBeGreaterThan(0)
    expect(await trail.count('sink_quarantine')).toBe(0)
    expect(await sink.stop()).toBe(0)
  })
})

async function cutOnce(cut: Cut): Promise<void> {
  const rule = proxy.cut(cut)
  await eventually(() => rule.done === 1, { what: 'a connection was cut', timeoutMs: 60_000 })
}
