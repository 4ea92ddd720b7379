import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import type { KafkaRecord } from '../../../kafka/index.ts'
import { batchOf, refusedChunk, writerOn } from '../../support/kafka/batches.ts'
import { runCli } from '../../support/processes/cli.ts'
import { anyText } from '../../support/properties.ts'
import { testTrail } from '../../support/trail.ts'

const trail = await testTrail()
const { writer, begin } = writerOn(trail)
afterAll(() => writer.close())

const record = (offset: number, facts: Partial<KafkaRecord> = {}): KafkaRecord => ({
  offset,
  key: Buffer.from('key'),
  value: Buffer.from('no envelope'),
  headers: [],
  timestamp: 1_700_000_000_000,
  ...facts
})
const fault = { code: 'NOT_WIRE_FORMAT', reason: 'it is no envelope' } as const

test('a batch of the log that is kept as one is counted, listed and shown with all its offsets', async () => {
  const topic = `${trail.topicPrefix}ranges`
  await begin(topic)
  const chunk = refusedChunk(topic, 0, [
    { offset: 1, fault, record: record(1) },
    { offset: 2, lastOffset: 41, fault, record: record(2, { key: null, value: Buffer.from('all of it') }) }
  ])
  expect(await writer.write(batchOf([chunk]))).toMatchObject({
    quarantined: 41,
    faults: new Map([['NOT_WIRE_FORMAT', 41]])
  })
  const held = await trail.rows(
    'SELECT kafka_offset, kafka_last_offset, value FROM sink_quarantine WHERE topic = $1 ORDER BY number',
    [topic]
  )
  expect(held).toMatchObject([
    { kafka_offset: '1', kafka_last_offset: null },
    { kafka_offset: '2', kafka_last_offset: '41', value: Buffer.from('all of it') }
  ])
  expect(
    await trail.rows('SELECT quarantined, skipped, last_offset FROM sink_ledger WHERE topic = $1', [topic])
  ).toEqual([{ quarantined: '41', skipped: '1', last_offset: '41' }])

  const listed = await runCli(['quarantine', 'list', '--topic', topic], trail.env)
  expect(listed).toMatchObject({ code: 0, stderr: expect.stringContaining('NOT_WIRE_FORMAT 41') })
  const [, batch] = listed.stdout.trim().split('\n')
  expect(batch).toContain(`${topic}/0@2-41`)
  const number = String(batch?.split('\t')[0])
  const shown = await runCli(['quarantine', 'show', number], trail.env)
  expect(JSON.parse(shown.stdout)).toMatchObject({ offset: 2, lastOffset: 41, key: null })
})

test('a batch that is kept as one is not retried: it says why, and may be discarded', async () => {
  const [batch] = await trail.rows('SELECT number FROM sink_quarantine WHERE kafka_last_offset IS NOT NULL')
  const number = String(batch?.number)
  const retried = await runCli(['quarantine', 'retry', number, '--reason', 'a test'], trail.env)
  expect(retried).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('whole batch of the log') })
  const all = await runCli(['quarantine', 'retry', '--code', 'NOT_WIRE_FORMAT', '--reason', 'a test'], trail.env)
  expect(all).toMatchObject({ code: 1, stdout: '0 stored, 0 duplicates, 2 still held\n' })
  const discarded = await runCli(['quarantine', 'discard', number, '--reason', 'sent again'], trail.env)
  expect(discarded).toMatchObject({ code: 0, stdout: expect.stringContaining('@2-41') })
})

/** Times, names and bytes that a record can have, those that once were a fault among them. */
const anyRecord = fc.record({
  timestamp: fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(Number),
    fc.constantFrom(-1, 0, 1_700_000_000_000, 1_700_000_000_000_000_000, 253_402_300_800_000)
  ),
  key: fc.option(fc.uint8Array().map(bytes => Buffer.from(bytes))),
  value: fc.option(fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes))),
  headers: fc.array(
    fc.tuple(
      fc.oneof(anyText(), fc.constantFrom('__proto__', 'constructor', '\u0000', '\ud800', '', '7')),
      fc.oneof(
        fc.constant(null),
        fc.uint8Array().map(bytes => Buffer.from(bytes))
      )
    )
  )
})

test('whatever Kafka can hold can be put aside, and reads back as it was', async () => {
  const topic = `${trail.topicPrefix}anything`
  await begin(topic)
  const records = fc.sample(anyRecord, { numRuns: 1_000, seed: 13 }).map((facts, offset) => record(offset, facts))
  const refused = records.map(each => ({ offset: each.offset, fault: fault, record: each }))
  expect(await writer.write(batchOf([refusedChunk(topic, 0, refused)]))).toMatchObject({ quarantined: 1_000 })
  const held = await trail.rows(
    `SELECT *, extract(epoch FROM kafka_timestamp) * 1000 AS ms FROM sink_quarantine WHERE topic = $1 ORDER BY kafka_offset`,
    [topic]
  )
  expect(held).toHaveLength(records.length)
  for (const [index, { key, value, timestamp, headers }] of records.entries()) {
    const kept = held[index]
    expect(kept).toMatchObject({ code: 'NOT_WIRE_FORMAT', key, value })
    expect(Number(kept?.ms)).toBe(Math.min(Math.max(0, timestamp), 253_402_300_799_999))
    const sent = headers.map(([name, value]) => ({
      key: name.replaceAll('\u0000', '\ufffd').toWellFormed(),
      value: value?.toString('base64') ?? null
    }))
    expect(kept?.headers).toEqual(sent)
  }
})

test('a value of 64 MiB is kept whole; of a larger one its length and digest, and a retry says why not', async () => {
  const topic = `${trail.topicPrefix}large`
  await begin(topic)
  const value = Buffer.alloc(64 * 1024 * 1024, 0xff)
  const larger = Buffer.alloc(64 * 1024 * 1024 + 1)
  const refused = [value, larger].map((each, offset) => ({
    offset,
    fault: fault,
    record: record(offset, { value: each })
  }))
  await writer.write(batchOf([refusedChunk(topic, 0, refused)]))
  const held = await trail.rows(
    `SELECT number, code, reason, length(value) AS bytes, encode(sha256(value), 'hex') AS digest
     FROM sink_quarantine WHERE topic = $1 ORDER BY kafka_offset`,
    [topic]
  )
  const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
  expect(held).toMatchObject([
    { code: 'NOT_WIRE_FORMAT', bytes: value.length, digest: digest(value) },
    { code: 'UNKEEPABLE', bytes: null }
  ])
  expect(held[1]?.reason).toContain(`NOT_WIRE_FORMAT`)
  expect(held[1]?.reason).toContain(`${larger.length} bytes and the SHA-256 ${digest(larger)}`)
  const retried = await runCli(['quarantine', 'retry', String(held[1]?.number), '--reason', 'a test'], trail.env)
  expect(retried).toMatchObject({ code: 1, stderr: expect.stringContaining('could not be kept') })
})

test('a record that ends in an error while it is put aside is kept without its bytes, and the others whole', async () => {
  const topic = `${trail.topicPrefix}throwing`
  await begin(topic)
  const broken = record(1, { headers: [['a', 7 as unknown as Buffer]] })
  const refused = [record(0), broken, record(2)].map((each, offset) => ({ offset, fault: fault, record: each }))
  expect(await writer.write(batchOf([refusedChunk(topic, 0, refused)]))).toMatchObject({
    faults: new Map([
      ['NOT_WIRE_FORMAT', 2],
      ['UNKEEPABLE', 1]
    ])
  })
})
