import { zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { catalogue } from '../../../../schemas/catalogue/index.ts'
import { createSink } from '../../../../sink/index.ts'
import { codecs, rawBatch, rawRecords } from '../../../support/kafka/raw-batch.ts'
import { rawProducer, stored } from '../../../support/kafka/raw-producer.ts'
import { badge, testTrail } from '../../../support/trail.ts'

const trail = await testTrail({ partitions: 1 })
await trail.offer('badge.awarded')
await trail.offer('quiz.submitted')
const producer = await rawProducer(trail.brokers)
const topic = `${trail.topicPrefix}quiz.submitted`

test('records that our producer would not send end neither the sink nor their partition', async () => {
  await using sink = createSink({ ...trail.sinkOptions, connections: 1 })
  await sink.start()
  const pastInt4 = Buffer.from('00ffffffff00', 'hex')
  const headers = (length: number) =>
    Array.from({ length }, (_, index): [string, string] => [`name ${index % 7}`, 'value'])
  const records = [
    { key: 'k', value: pastInt4 },
    { key: 'k', value: 'not wire format', headers: [['x', null]] as const },
    {
      key: 'k',
      value: 'not wire format',
      headers: [
        ['__proto__', 'a'],
        [Buffer.of(0xed, 0xa0, 0x80, 0), 'b']
      ] as const
    },
    { key: 'k', value: 'not wire format', headers: headers(3_000) },
    { key: 'k', value: 'not wire format', headers: headers(20_000) },
    { key: Buffer.of(0, 0xff), value: null }
  ]
  await stored(producer, topic, 0, rawBatch({ records }))
  const good = await trail.encode(badge())
  await trail.send([good])
  await sink.whenCaughtUp()
  expect(await trail.rows('SELECT id FROM event_envelopes')).toEqual([{ id: good.id }])
  const held = await trail.rows('SELECT code, reason, headers, key FROM sink_quarantine ORDER BY kafka_offset')
  expect(held.map(({ code }) => code)).toEqual([...Array(5).fill('NOT_WIRE_FORMAT'), 'NULL_VALUE'])
  expect(held[1]?.headers).toEqual([{ key: 'x', value: null }])
  expect(held[2]?.headers).toHaveLength(2)
  for (const [index, number] of [3_000, 20_000].entries())
    expect(held[3 + index]).toMatchObject({
      headers: [],
      reason: expect.stringContaining(`its ${number} headers are not kept`)
    })
  expect(held[5]?.key).toEqual(Buffer.of(0, 0xff))
  expect(sink.state).toBe('running')
  expect(await trail.count('sink_ledger_holes')).toBe(0)
})

test('a time in another unit than milliseconds holds nothing up', async () => {
  await trail.admin.createTopics([
    {
      topic: `${trail.topicPrefix}lesson.published`,
      partitions: 1,
      replicationFactor: 1,
      config: {
        // The times below are older than the retention of any topic.
        'retention.ms': '-1',
        'message.timestamp.after.max.ms': '9223372036854775807',
        'message.timestamp.before.max.ms': '9223372036854775807'
      }
    }
  ])
  for (const version of catalogue.versions('lesson.published')) await trail.register(version)
  await using sink = createSink({ ...trail.sinkOptions, connections: 1 })
  await sink.start()
  for (const timestamp of [1_700_000_000_000_000_000n, 2n ** 63n - 1n, 0n])
    await stored(
      producer,
      `${trail.topicPrefix}lesson.published`,
      0,
      rawBatch({ records: [{ key: 'k', value: 'bad' }], timestamp })
    )
  const good = await trail.encode(badge())
  await trail.send([good])
  await sink.whenCaughtUp()
  const times = await trail.rows(
    `SELECT kafka_timestamp::text AS at FROM sink_quarantine WHERE topic LIKE '%lesson.published' ORDER BY kafka_offset`
  )
  expect(times.map(({ at }) => String(at).slice(0, 10))).toEqual(['9999-12-31', '9999-12-31', '1970-01-01'])
})

test('a value of 20 MiB that came as 1 KB is kept whole, and an event of another topic is stored', async () => {
  const value = Buffer.alloc(20 * 1024 * 1024)
  const records = zstdCompressSync(
    rawRecords([
      { key: 'k', value },
      { key: 'k', value: 'not wire format' }
    ])
  )
  await using sink = createSink({ ...trail.sinkOptions, connections: 1 })
  await sink.start()
  await stored(producer, topic, 0, rawBatch({ records, count: 2, attributes: codecs.zstd }))
  const good = await trail.encode(badge())
  await trail.send([good])
  await sink.whenCaughtUp()
  expect(await trail.rows('SELECT id FROM event_envelopes WHERE id = $1', [good.id])).toHaveLength(1)
  const held = await trail.rows('SELECT code, length(value) AS bytes FROM sink_quarantine ORDER BY number DESC LIMIT 2')
  expect(held.reverse()).toEqual([
    { code: 'RECORD_TOO_LARGE', bytes: value.length },
    { code: 'NOT_WIRE_FORMAT', bytes: 15 }
  ])
})
