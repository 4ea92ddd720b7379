import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import zlib from 'node:zlib'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { createConsumerGroup } from '../../../../consumers/index.ts'
import { startStack } from '../../../../dev/stack/index.ts'
import { catalogue } from '../../../../schemas/catalogue/index.ts'
import { createSink } from '../../../../sink/index.ts'
import { codecs, type RawRecordParts, rawBatch, rawRecords } from '../../../support/kafka/raw-batch.ts'
import { RawProducer, stored } from '../../../support/kafka/raw-producer.ts'
import { runCli } from '../../../support/processes/cli.ts'
import { eventually } from '../../../support/stack.ts'
import { badge, lesson, quiz, type TestEvent, testTrail } from '../../../support/trail.ts'

// Servers of its own: while the broker is down, bytes of its logs are changed, as a failing disk does.
const stack = await startStack({ kind: 'corrupt' })
afterAll(() => stack.stop())
Object.assign(process.env, stack.env)
const trail = await testTrail({ partitions: 1 })
for (const name of ['badge.awarded', 'lesson.published', 'quiz.submitted']) await trail.offer(name)

/** Sends a batch of events; compressed it is one that is in the log as it was sent. */
async function send(producer: RawProducer, codec: keyof typeof codecs, events: readonly TestEvent[]) {
  const encoded = await Promise.all(events.map(event => trail.encode(event)))
  const records = rawRecords(encoded.map(({ key, value }): RawRecordParts => ({ key: key ?? null, value })))
  const pack = { none: (bytes: Buffer) => bytes, gzip: zlib.gzipSync, zstd: zlib.zstdCompressSync }
  const topic = trail.topicPrefix + (events[0] as TestEvent).eventName
  const bytes = pack[codec as keyof typeof pack](records)
  await stored(producer, topic, 0, rawBatch({ records: bytes, count: events.length, attributes: codecs[codec] }))
  return encoded.map(({ id }) => id)
}

/** Changes the batches that begin at these offsets, where the broker keeps them. */
function spoil(eventName: string, changes: Readonly<Record<number, (batch: Buffer) => void>>): void {
  const folder = join(stack.logs, '..', '..', 'run', stack.id, 'data', 'kafka', `${trail.topicPrefix}${eventName}-0`)
  const file = join(folder, '00000000000000000000.log')
  const log = readFileSync(file)
  for (let at = 0; at < log.length; ) {
    const end = at + 12 + log.readInt32BE(at + 8)
    changes[Number(log.readBigInt64BE(at))]?.(log.subarray(at, end))
    at = end
  }
  writeFileSync(file, log)
}

/** Where the second record of a batch begins: the length of the first one takes two bytes. */
const secondRecordOf = (batch: Buffer): number =>
  63 + (((batch.readUInt8(61) & 0x7f) | (batch.readUInt8(62) << 7)) >> 1)

const idsIn = async (eventName: string) =>
  (await trail.rows('SELECT id FROM event_envelopes WHERE event_name = $1', [eventName])).map(({ id }) => id).sort()

test('batches that a disk has spoilt are put aside whole, all others are stored and handled', async () => {
  const producer = await RawProducer.connect(trail.brokers[0] as string)
  const good: string[] = []
  const three = [badge(), badge(), badge()]
  good.push(...(await send(producer, 'none', [badge()])))
  await send(producer, 'gzip', three)
  good.push(...(await send(producer, 'gzip', [badge(), badge()])))
  await send(producer, 'zstd', three)
  await send(producer, 'none', three)
  await send(producer, 'none', three)
  await send(producer, 'none', [badge()])
  good.push(...(await send(producer, 'none', [badge()])))
  const before = await send(producer, 'none', [quiz()])
  await send(producer, 'none', [quiz()])
  const behind = await send(producer, 'none', [quiz()])
  producer.close()
  await stack.restartable.kafka.stop()
  spoil('badge.awarded', {
    1: batch => batch.fill(0, 61, 75),
    6: batch => batch.fill(0xff, 65, 80),
    // A record that is longer than its batch, and one of a length below zero, after one that is good.
    9: batch => batch.fill(0xfe, 61, 63),
    12: batch => batch.writeUInt8(3, secondRecordOf(batch)),
    // The format from before Kafka 0.11, with a codec that it does not have: Kafka answers with INVALID_RECORD to who begins there.
    15: batch => batch.writeUInt16BE(0x01_04, 16)
  })
  // An unknown format, so that the end of its batch is unknown.
  spoil('quiz.submitted', { 1: batch => batch.writeInt8(7, 16) })
  await stack.restartable.kafka.start()

  const handled: string[] = []
  const group = createConsumerGroup({
    ...{ connection: trail.connection, topicPrefix: trail.topicPrefix, catalogue },
    group: 'readers',
    sessionTimeoutMs: 6_000,
    handlers: {
      'badge.awarded': ({ id }) => void handled.push(id),
      'lesson.published': ({ id }) => void handled.push(id)
    }
  })
  onTestFinished(() => group.close())
  await using sink = createSink(trail.sinkOptions)
  await Promise.all([sink.start(), group.start()])
  const other = await trail.publish([lesson()])
  await group.whenCaughtUp()
  await eventually(async () => (await idsIn('badge.awarded')).length >= good.length, { what: 'the others are stored' })
  await eventually(async () => (await idsIn('lesson.published')).length > 0, { what: 'the lesson is stored' })
  await eventually(async () => (await trail.count('sink_quarantine')) >= 5, { what: 'the spoilt ones are put aside' })
  expect(await idsIn('badge.awarded')).toEqual([...good].sort())
  expect(await idsIn('lesson.published')).toEqual(other.map(({ id }) => id))
  expect([...handled].sort()).toEqual([...good, ...other.map(({ id }) => id)].sort())
  expect(group.stats()).toMatchObject({ handled: good.length + 1, deadLettered: 5 })
  const held = await trail.rows(
    'SELECT kafka_offset::int AS first, kafka_last_offset::int AS last, code FROM sink_quarantine ORDER BY kafka_offset'
  )
  const ranges = [
    [1, 3],
    [6, 8],
    [9, 11],
    [12, 14],
    [15, 15]
  ]
  expect(held).toEqual(ranges.map(([first, last]) => ({ first, last, code: 'BATCH_UNREADABLE' })))
  expect(await trail.rows('SELECT sum(rows)::int AS rows, sum(quarantined)::int AS bad FROM sink_ledger')).toEqual([
    { rows: good.length + 1 + before.length, bad: 13 }
  ])

  // The partition that cannot be read at all is named, and a reset leads past it, also after a restart.
  const quizzes = `${trail.topicPrefix}quiz.submitted`
  await eventually(() => sink.health().notReady.some(reason => reason.includes(quizzes)), { what: 'it is named' })
  const flags = ['--event', 'quiz.submitted', '--partition', '0', '--to', '2', '--reason', 'disk', '--force']
  expect(await runCli(['sink', 'reset', ...flags], trail.env)).toMatchObject({ code: 0 })
  await sink.drain()
  await using next = createSink(trail.sinkOptions)
  await next.start()
  await eventually(async () => (await idsIn('quiz.submitted')).length === 2, { what: 'what lies behind it is stored' })
  expect(await idsIn('quiz.submitted')).toEqual([...before, ...behind].sort())
  await eventually(() => !next.health().notReady.some(reason => reason.includes(quizzes)), {
    timeoutMs: 60_000,
    what: 'it is no longer named'
  })
}, 300_000)

test('where the broker itself cannot find an offset in a spoilt log, the others are handled', async () => {
  const badges = `${trail.topicPrefix}badge.awarded`
  const handled: string[] = []
  const group = createConsumerGroup({
    ...{ connection: trail.connection, topicPrefix: trail.topicPrefix, catalogue },
    group: 'late-readers',
    sessionTimeoutMs: 6_000,
    startFrom: { [badges]: { 0: 15 } },
    handlers: {
      'badge.awarded': ({ id }) => void handled.push(id),
      'lesson.published': ({ id }) => void handled.push(id)
    }
  })
  onTestFinished(() => group.close())
  await group.start()
  const [sent] = await trail.publish([lesson()])
  await eventually(() => handled.includes(String(sent?.id)), { what: 'the lesson is handled' })
  await eventually(() => group.health().notReady.some(reason => /badge.awarded.*INVALID_RECORD/.test(reason)), {
    what: 'the topic and the error are named'
  })
})
