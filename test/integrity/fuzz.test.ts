import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { processMemory } from '../../bench/proc.ts'
import { foreignEnvelope, rawEnvelope, registerForeign } from '../support/foreign.ts'
import { rawProducer } from '../support/raw-producer.ts'
import { startSink } from '../support/sink-process.ts'
import { badge, quiz, testTrail } from '../support/trail.ts'
import { check, placeName } from './checker.ts'
import { collectEvidence } from './evidence.ts'
import type { Published } from './facts.ts'
import { Fuzz } from './fuzz.ts'
import { mostMemory } from './hostile-stage.ts'
import { loadEvents, startLoad } from './load.ts'
import { Range } from './range.ts'
import { randomOf, record, settings } from './settings.ts'

const counts = {
  records: settings.times(200_000),
  batches: settings.times(20_000),
  schemas: settings.times(300)
}
const partitions = 3
/** ms for which a partition may be behind once all is sent; it only ends what hangs. How long it took is recorded. */
const bound = 15 * 60_000
/** Event names that only a foreign client knows. */
const foreignNames = Array.from({ length: 10 }, (_, n) => `foreign.n${n}`)
// A record may name any time, as with brokers before Kafka 4.0.
const latest = String(2n ** 63n - 1n)
const config = { 'message.timestamp.after.max.ms': latest, 'message.timestamp.before.max.ms': latest }

const trail = await testTrail({ partitions })
await trail.admin.createTopics(
  [...loadEvents, ...foreignNames].map(eventName => ({
    topic: trail.topicPrefix + eventName,
    ...{ partitions, replicationFactor: 1, config }
  }))
)
for (const eventName of loadEvents) await trail.offer(eventName)
const producer = await rawProducer(trail.brokers)

/** What nobody published, in requests that do not wait for each other. */
class Volley {
  readonly #waiting = new Set<Promise<void>>()
  stored = 0
  refused = 0

  async send(topic: string, partition: number, batch: Buffer): Promise<void> {
    const sent = producer.send(topic, partition, batch).then(({ errorCode }) => {
      if (errorCode === 0) this.stored += 1
      else this.refused += 1
      this.#waiting.delete(sent)
    })
    this.#waiting.add(sent)
    if (this.#waiting.size >= 32) await Promise.race(this.#waiting)
  }

  async done(): Promise<void> {
    await Promise.all(this.#waiting)
  }
}

test(`${counts.records} records, ${counts.batches} hostile batches and ${counts.schemas} foreign schemas, in between good events`, {
  timeout: 2 * bound
}, async () => {
  await using range = new Range(trail)
  const values = await Promise.all(
    Array.from({ length: 40 }, async (_, n) => (await trail.encode(n % 2 ? badge() : quiz())).value as Buffer)
  )
  const fuzz = new Fuzz(
    randomOf('fuzz'),
    values,
    values.map(value => value.readUInt32BE(1))
  )
  const sink = startSink(trail, '--breaker', '0', '--session-timeout', '10000')
  const load = await startLoad(trail, { rate: 500, partitions })
  const volley = new Volley()
  const attacked = () => trail.topicPrefix + fuzz.pick(loadEvents)

  let schemas = 0
  for (let n = 0; n < counts.schemas; n += 1) {
    const eventName = fuzz.pick(foreignNames)
    const { fields, value } = fuzz.payload()
    const subject = `${trail.topicPrefix}${eventName}-value`
    const id = await registerForeign(trail.registryUrl, subject, foreignEnvelope(eventName, fields))
    if (id === undefined) continue
    schemas += 1
    fuzz.schemaIds.push(id)
    const records = Array.from({ length: 10 }, () => {
      const facts = { schemaId: id, id: randomUUID(), aggregateId: randomUUID(), eventName }
      return { ...fuzz.record(), value: rawEnvelope({ ...facts, payload: value() }) }
    })
    await volley.send(trail.topicPrefix + eventName, fuzz.below(partitions), fuzz.batch(records))
  }
  const perBatch = counts.records / counts.batches
  for (let sent = 0; sent < counts.records; ) {
    const records = fuzz.records(Math.min(2 * perBatch, counts.records - sent))
    sent += records.length
    await volley.send(attacked(), fuzz.below(partitions), fuzz.batch(records))
  }
  await volley.done()
  const whole = { ...volley }
  for (let sent = 0; sent < counts.batches; sent += 1)
    await volley.send(attacked(), fuzz.below(partitions), fuzz.hostileBatch())
  await volley.done()
  await load.stop()

  const at = new Date().toISOString()
  const since = performance.now()
  const alive = () => expect(sink.child.exitCode ?? sink.child.signalCode, sink.log().slice(-3000)).toBe(null)
  alive()
  await range.caughtUp(bound)
  alive()
  const standstillMs = Math.round(performance.now() - since)
  record({
    type: 'fault',
    file: 'fuzz.test.ts',
    what: 'anything at all, sent by others',
    at,
    standstillMs,
    redelivered: 0
  })

  const good = load.published()
  expect(good.length).toBe(load.counts.called)
  const places = new Set(good.flatMap(({ topic, place }) => (place ? [placeName({ topic, ...place })] : [])))
  const evidence = await collectEvidence(trail, { published: good })
  // What happens to be an event is stored: it is published by whoever sent it.
  const happened = evidence.rows
    .filter(row => !places.has(placeName(row)))
    .map(
      ({ id, aggregateId, topic, content }): Published => ({
        ...{ id, aggregateId, topic, content },
        ...{ outcome: 'unknown', order: Number.POSITIVE_INFINITY }
      })
    )
  const violations = check({ ...evidence, published: [...good, ...happened] }).map(
    ({ kind, what }) => `${kind}: ${what}`
  )
  record({
    type: 'check',
    file: 'fuzz.test.ts',
    events: good.length,
    unknown: 0,
    failed: 0,
    violations: violations.slice(0, 100)
  })
  expect(violations.slice(0, 20)).toEqual([])
  const asides = new Set(evidence.asides.map(placeName))
  expect(
    good.filter(({ topic, place }) => place && asides.has(placeName({ topic, ...place }))),
    'good events put aside'
  ).toEqual([])
  const { peak = 0 } = processMemory(sink.child.pid as number) ?? {}
  const [held] = await trail.rows(
    `SELECT coalesce(sum(n), 0)::int AS records, coalesce(jsonb_object_agg(code, n), '{}') AS codes FROM
       (SELECT code, sum(coalesce(kafka_last_offset, kafka_offset) - kafka_offset + 1) AS n
        FROM sink_quarantine GROUP BY code) AS by_code`
  )
  record({
    type: 'fuzz',
    records: counts.records,
    batches: { stored: volley.stored - whole.stored, refused: volley.refused - whole.refused },
    schemas,
    good: good.length,
    happened: happened.length,
    quarantined: Number(held?.records),
    codes: held?.codes as Record<string, number>,
    peak
  })
  expect(peak, 'bytes that the sink held').toBeLessThan(mostMemory)
  expect(await sink.stop()).toBe(0)
})
