import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { processMemory } from '../../../dev/bench/measure/proc.ts'
import { rawProducer } from '../../support/kafka/raw-producer.ts'
import { startSink } from '../../support/processes/sink-process.ts'
import { foreignEnvelope, rawEnvelope, registerForeign } from '../../support/schemas/foreign.ts'
import { badge, quiz, testTrail } from '../../support/trail.ts'
import { check, placeName } from '../harness/check/checker.ts'
import { collectEvidence } from '../harness/check/evidence.ts'
import type { Published } from '../harness/check/facts.ts'
import { Range } from '../harness/check/range.ts'
import { Fuzz } from '../harness/fuzz.ts'
import { foreignPayload } from '../harness/fuzz-schemas.ts'
import { mostMemory } from '../harness/hostile-stage.ts'
import { loadEvents, startLoad } from '../harness/processes/load.ts'
import { randomOf, record, settings } from '../harness/settings.ts'

const counts = {
  records: settings.times(200_000),
  batches: settings.times(20_000),
  schemas: settings.times(300)
}
const partitions = 3
/** ms for which a partition may lag once all is sent; it only ends what hangs. How long it took is recorded. */
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

/** Of what the servers are given until they have taken enough of it; it only ends what would not. */
const mostTries = 5

interface Shot {
  readonly topic: string
  readonly batch: Buffer
  /** As which it counts. */
  readonly weight?: number
}

/** What was never published, in requests that do not wait for each other. */
class Volley {
  readonly #waiting = new Set<Promise<void>>()
  stored = 0
  refused = 0

  async send(partition: number, { topic, batch, weight = 1 }: Shot): Promise<void> {
    const sent = producer.send(topic, partition, batch).then(({ errorCode }) => {
      if (errorCode === 0) this.stored += weight
      else this.refused += weight
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
  const schemaIds = values.map(value => value.readUInt32BE(1))
  // How many answers are under way when there are enough differs: each kind has random numbers of its own.
  const fuzzOf = (kind: string) => new Fuzz(randomOf(`fuzz ${kind}`), values, schemaIds)
  const sink = startSink(trail, '--breaker', '0', '--session-timeout', '10000')
  const load = await startLoad(trail, { rate: 500, partitions })
  /** Sends until the brokers have stored as many as there must be. */
  const fill = async (fuzz: Fuzz, wanted: number, next: () => Omit<Shot, 'topic'>): Promise<Volley> => {
    const volley = new Volley()
    while (volley.stored < wanted && volley.stored + volley.refused < mostTries * wanted)
      await volley.send(fuzz.below(partitions), { topic: trail.topicPrefix + fuzz.pick(loadEvents), ...next() })
    await volley.done()
    expect(volley.stored, 'stored by the brokers').toBeGreaterThanOrEqual(wanted)
    return volley
  }

  // Registering the same again gives the same id.
  const registered = new Set<number>()
  const schemas = fuzzOf('schemas')
  const foreign = new Volley()
  for (let tries = 0; registered.size < counts.schemas && tries < mostTries * counts.schemas; tries += 1) {
    const eventName = schemas.pick(foreignNames)
    const { fields, value } = foreignPayload(schemas)
    const subject = `${trail.topicPrefix}${eventName}-value`
    const id = await registerForeign(trail.registryUrl, subject, foreignEnvelope(eventName, fields))
    if (id === undefined || registered.has(id)) continue
    registered.add(id)
    schemaIds.push(id)
    const records = Array.from({ length: 10 }, () => {
      const facts = { schemaId: id, id: randomUUID(), aggregateId: randomUUID(), eventName }
      return { ...schemas.record(), value: rawEnvelope({ ...facts, payload: value() }) }
    })
    await foreign.send(schemas.below(partitions), {
      topic: trail.topicPrefix + eventName,
      batch: schemas.batch(records)
    })
  }
  await foreign.done()
  expect(registered.size, 'taken by the registry').toBe(counts.schemas)
  const perBatch = counts.records / counts.batches
  const ofRecords = fuzzOf('records')
  const whole = await fill(ofRecords, counts.records, () => {
    const records = ofRecords.records(2 * perBatch)
    return { batch: ofRecords.batch(records), weight: records.length }
  })
  const ofBatches = fuzzOf('batches')
  const hostile = await fill(ofBatches, counts.batches, () => ({ batch: ofBatches.hostileBatch() }))
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
  // What happens to be an event is stored: its sender published it.
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
  const nonRows = new Set(evidence.nonRows.map(placeName))
  expect(
    good.filter(({ topic, place }) => place && nonRows.has(placeName({ topic, ...place }))),
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
    records: whole.stored,
    batches: { stored: hostile.stored, refused: hostile.refused },
    schemas: registered.size,
    good: good.length,
    happened: happened.length,
    quarantined: Number(held?.records),
    codes: held?.codes as Record<string, number>,
    peak
  })
  expect(peak, 'bytes that the sink held').toBeLessThan(mostMemory)
  expect(await sink.stop()).toBe(0)
})
