import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { partitionFor } from '../../../kafka/index.ts'
import { createProducer, type ProducerOptions, PublishError } from '../../../producers/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { catalogueOf, decodeEnvelope, readSchemaId } from '../../../schemas/index.ts'
import { testTopics } from '../../support/kafka/topics.ts'
import { eventually, rerouted, testEnvironment } from '../../support/stack.ts'

const environment = await testEnvironment()
const { admin, read } = await testTopics(environment)
const { topicPrefix } = environment

const exampleVersion = catalogue.version('badge.awarded')
const badge = (reason = 'ten lessons') => ({ badge_id: randomUUID(), awarded_to: randomUUID(), reason })
const producerWith = (options: Partial<ProducerOptions> = {}) =>
  createProducer({ connection: environment.connection, topicPrefix: environment.topicPrefix, catalogue, ...options })
const rejection = async (work: Promise<unknown>): Promise<PublishError> => {
  const error = await work.catch((thrown: unknown) => thrown)
  if (!(error instanceof PublishError)) throw new Error('expected a PublishError', { cause: error })
  return error
}
const total = async (eventName: string) =>
  (await admin.ranges(topicPrefix + eventName)).reduce((sum, { start, end }) => sum + end - start, 0)

describe('a receipt', () => {
  it('says where the event is, and it is there: key, partition of Java, value, headers', async () => {
    await using producer = producerWith({ source: 'lesson-service' })
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const published = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const aggregate = randomUUID()
        const receipt = await producer.publish('badge.awarded', aggregate.toUpperCase(), badge(), {
          actor: 'teacher-7',
          traceparent,
          tracestate: 'vendor=1'
        })
        return { aggregate, receipt }
      })
    )
    const records = new Map(
      (await read('badge.awarded')).map(record => [`${record.partition} ${record.offset}`, record])
    )
    for (const { aggregate, receipt } of published) {
      expect(receipt.topic).toBe(`${topicPrefix}badge.awarded`)
      expect(receipt.partition).toBe(partitionFor(aggregate, 3))
      const record = records.get(`${receipt.partition} ${receipt.offset}`)
      expect(record?.key).toBe(aggregate)
      expect(record?.headers).toEqual({
        source: 'lesson-service',
        actor: 'teacher-7',
        traceparent,
        tracestate: 'vendor=1'
      })
      expect(decodeEnvelope(exampleVersion.type, record?.value as Buffer).id).toBe(receipt.id)
    }
    expect(new Set(published.map(({ receipt }) => receipt.partition)).size).toBe(3)
  })
})

describe('versions', () => {
  it('are the latest unless pinned, and carry their own schema', async () => {
    await using latest = producerWith()
    await using pinned = producerWith({ versions: { 'lesson.published': 1 } })
    const lesson = { lesson_id: randomUUID(), instructor_id: randomUUID(), course_id: randomUUID() }
    const one = await pinned.publish('lesson.published', lesson.lesson_id, lesson)
    const two = await latest.publish('lesson.published', lesson.lesson_id, { ...lesson, title: 'Fractions' })
    expect([one.schemaVersion, two.schemaVersion]).toEqual([1, 2])
    const records = await read('lesson.published')
    const schemaIds = [one, two].map(receipt => {
      const found = records.find(each => each.partition === receipt.partition && each.offset === receipt.offset)
      return readSchemaId(found?.value as Buffer)
    })
    expect(schemaIds[0]).not.toBe(schemaIds[1])
    const error = await rejection(pinned.publish('lesson.published', lesson.lesson_id, { ...lesson, title: 'x' }))
    expect(error).toMatchObject({ code: 'PAYLOAD_INVALID', field: 'title', outcome: 'failed' })
  })
})

describe('what is too large', () => {
  it('is refused before anything is sent, and the largest that fits goes', async () => {
    await using producer = producerWith({ source: 'size' })
    const before = await total('badge.awarded')
    const error = await rejection(producer.publish('badge.awarded', randomUUID(), badge('x'.repeat(1024 * 1024))))
    expect(error).toMatchObject({ code: 'TOO_LARGE', outcome: 'failed', retryable: false, eventName: 'badge.awarded' })
    expect(error.message).toContain('maxMessageBytes')
    expect(await total('badge.awarded')).toBe(before)
    await producer.publish('badge.awarded', randomUUID(), badge('x'.repeat(1024 * 1024 - 400)))
    expect(await total('badge.awarded')).toBe(before + 1)
  })

  it('is found out by the topic when the topic takes less: small ones of the same batch are stored', async () => {
    const prefix = `${topicPrefix}small.`
    const { read: readSmall } = await testTopics({
      ...environment,
      topicPrefix: prefix,
      partitions: 1,
      config: { 'max.message.bytes': '2000' }
    })
    await using producer = producerWith({ topicPrefix: prefix, batch: { lingerMs: 50 } })
    const aggregate = randomUUID()
    const sizes = [...Array.from({ length: 12 }, () => 300), 5_000, 200]
    const results = await Promise.allSettled(
      sizes.map(size => producer.publish('badge.awarded', aggregate, badge('x'.repeat(size))))
    )
    expect(results.map(({ status }) => status)).toEqual(sizes.map(size => (size > 2_000 ? 'rejected' : 'fulfilled')))
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'TOO_LARGE', outcome: 'failed', message: expect.stringContaining('max.message.bytes') }
    })
    const stored = (await readSmall('badge.awarded')).map(
      ({ value }) => (decodeEnvelope(exampleVersion.type, value as Buffer).payload as { reason: string }).reason.length
    )
    expect(stored).toEqual(sizes.filter(size => size < 2_000))
  })
})

describe('what is not set up', () => {
  it('a misspelt topic is an error, and none is made', async () => {
    const wrong = `${topicPrefix}mispelt.`
    await using producer = producerWith({ topicPrefix: wrong })
    const error = await rejection(producer.publish('badge.awarded', randomUUID(), badge()))
    expect(error).toMatchObject({ code: 'TOPIC_UNKNOWN', outcome: 'failed', retryable: false })
    expect(error.message).toContain(`${wrong}badge.awarded`)
    expect([...(await admin.topics()).keys()].filter(topic => topic.startsWith(wrong))).toEqual([])
  })

  it('a topic without its schema says what to run; nothing is registered by publishing', async () => {
    const prefix = `${topicPrefix}bare.`
    const topic = `${prefix}badge.awarded`
    await admin.createTopics([{ topic, partitions: 1, replicationFactor: 1, config: {} }])
    await using producer = producerWith({ topicPrefix: prefix })
    const error = await rejection(producer.publish('badge.awarded', randomUUID(), badge()))
    expect(error).toMatchObject({ code: 'SCHEMA_UNREGISTERED', outcome: 'failed', retryable: false })
    expect(error.message).toContain('eventtrail schemas register')
    // Once it is registered, the same producer publishes.
    await testTopics({ ...environment, topicPrefix: prefix, partitions: 1 })
    expect(await producer.publish('badge.awarded', randomUUID(), badge())).toMatchObject({ topic, offset: 0 })
  })

  it('a version that is not registered is refused by its number', async () => {
    const older = catalogueOf({ 'lesson.published': [catalogue.version('lesson.published', 1).payload] })
    const prefix = `${topicPrefix}older.`
    await testTopics({ ...environment, topicPrefix: prefix, partitions: 1, catalogue: older })
    await using producer = producerWith({ topicPrefix: prefix })
    const lesson = { lesson_id: randomUUID(), instructor_id: randomUUID(), course_id: randomUUID() }
    const error = await rejection(producer.publish('lesson.published', lesson.lesson_id, lesson))
    expect(error).toMatchObject({ code: 'SCHEMA_UNREGISTERED' })
    expect(error.message).toContain('version 2')
    await using pinned = producerWith({ topicPrefix: prefix, versions: { 'lesson.published': 1 } })
    expect(await pinned.publish('lesson.published', lesson.lesson_id, lesson)).toMatchObject({ schemaVersion: 1 })
  })

  it('a topic that is deleted while publishing fails alone, and works again when it is back', async () => {
    const prefix = `${topicPrefix}gone.`
    await testTopics({ ...environment, topicPrefix: prefix, partitions: 2 })
    await using producer = producerWith({ topicPrefix: prefix, deliveryTimeoutMs: 20_000 })
    await producer.publish('badge.awarded', randomUUID(), badge())
    await admin.deleteTopics([`${prefix}badge.awarded`])
    await eventually(async () => !(await admin.topics()).has(`${prefix}badge.awarded`), { what: 'the topic is gone' })
    const error = await rejection(producer.publish('badge.awarded', randomUUID(), badge()))
    expect(error).toMatchObject({ code: 'TOPIC_UNKNOWN', outcome: 'failed' })
    const quiz = { submission_id: randomUUID(), student_id: randomUUID(), quiz_id: randomUUID(), score_raw: 1 }
    await producer.publish('quiz.submitted', quiz.submission_id, quiz)
    expect((await admin.topics()).has(`${prefix}badge.awarded`)).toBe(false)
    await testTopics({ ...environment, topicPrefix: prefix, partitions: 2 })
    expect(await producer.publish('badge.awarded', randomUUID(), badge())).toMatchObject({ offset: 0 })
  })
})

describe('partitions that are added while publishing', () => {
  it('are used after the next look at the topic, and nothing is lost meanwhile', async () => {
    const prefix = `${topicPrefix}grow.`
    const { admin: own, read: readGrown } = await testTopics({ ...environment, topicPrefix: prefix, partitions: 1 })
    await using producer = producerWith({ topicPrefix: prefix })
    const ids = [(await producer.publish('badge.awarded', randomUUID(), badge())).id]
    await own.addPartitions(`${prefix}badge.awarded`, 4)
    await using fresh = producerWith({ topicPrefix: prefix })
    for (const each of [producer, fresh]) {
      const receipts = await Promise.all(
        Array.from({ length: 30 }, () => each.publish('badge.awarded', randomUUID(), badge()))
      )
      ids.push(...receipts.map(({ id }) => id))
      if (each === fresh) expect(new Set(receipts.map(({ partition }) => partition)).size).toBe(4)
    }
    const stored = (await readGrown('badge.awarded')).map(
      ({ value }) => decodeEnvelope(exampleVersion.type, value as Buffer).id
    )
    expect(stored.sort()).toEqual(ids.sort())
  })
})

describe('unreachable servers', () => {
  it('fail at the deadline with the cause; the event never left', async () => {
    for (const options of [
      { connection: rerouted(environment.connection, { brokers: ['127.0.0.1:1'] }) },
      { connection: rerouted(environment.connection, { registryUrl: 'http://127.0.0.1:1' }) }
    ]) {
      const producer = producerWith({ ...options, deliveryTimeoutMs: 1_500 })
      const error = await rejection(producer.publish('badge.awarded', randomUUID(), badge()))
      expect(error).toMatchObject({ code: 'TIMED_OUT', outcome: 'failed', retryable: true })
      await producer.close()
    }
    const unreachable = producerWith({
      connection: rerouted(environment.connection, { registryUrl: 'http://127.0.0.1:1' })
    })
    await expect(unreachable.start()).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' })
    expect(await unreachable.closed).toMatchObject({ code: 'REGISTRY_UNAVAILABLE' })
    const nowhere = producerWith({ connection: rerouted(environment.connection, { brokers: ['127.0.0.1:1'] }) })
    await expect(nowhere.start()).rejects.toMatchObject({ code: 'KAFKA_UNAVAILABLE' })
    expect(await nowhere.closed).toMatchObject({ code: 'KAFKA_UNAVAILABLE' })
  })
})

describe('the buffer', () => {
  it('makes those wait who wait for room, and refuses beyond twice its bound', async () => {
    const producer = producerWith({
      connection: rerouted(environment.connection, { brokers: ['127.0.0.1:1'] }),
      buffer: { maxRecords: 10 }
    })
    const publish = () => rejection(producer.publish('badge.awarded', randomUUID(), badge()))
    const answers = Array.from({ length: 20 }, publish)
    expect(await publish()).toMatchObject({ code: 'BUFFER_FULL', outcome: 'failed', retryable: true })
    let ready = false
    const waiting = producer.ready().then(() => {
      ready = true
    })
    await Promise.resolve()
    expect(ready).toBe(false)
    await producer.close()
    expect((await Promise.all(answers)).every(({ code }) => code === 'CLOSED')).toBe(true)
    await waiting
  })

  it('stays within its bound while publishAll takes events from a generator', async () => {
    await using producer = producerWith({ buffer: { maxRecords: 50 }, batch: { lingerMs: 0 } })
    let acknowledged = 0
    let ahead = 0
    let taken = 0
    const publish = producer.publish.bind(producer)
    producer.publish = ((...args: Parameters<typeof publish>) =>
      publish(...args).then(receipt => {
        acknowledged += 1
        return receipt
      })) as typeof publish
    function* events() {
      for (; taken < 2_000; taken += 1) {
        ahead = Math.max(ahead, taken - acknowledged)
        yield { eventName: 'badge.awarded' as const, aggregateId: randomUUID(), payload: badge(String(taken)) }
      }
    }
    expect(await producer.publishAll(events())).toHaveLength(2_000)
    expect(ahead).toBeGreaterThan(10)
    // The answers of one batch are counted here a moment after they made room.
    expect(ahead).toBeLessThanOrEqual(2 * 50)
  })
})
