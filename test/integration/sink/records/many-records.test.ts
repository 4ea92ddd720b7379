import zlib from 'node:zlib'
import { expect, test } from 'vitest'
import { processMemory } from '../../../../dev/bench/measure/proc.ts'
import { codecs, type RawRecordParts, rawBatch, rawRecords } from '../../../support/kafka/raw-batch.ts'
import { rawProducer, stored } from '../../../support/kafka/raw-producer.ts'
import { startSink } from '../../../support/processes/sink-process.ts'
import { eventually } from '../../../support/stack.ts'
import { badge, quiz, testTrail } from '../../../support/trail.ts'

const trail = await testTrail({ partitions: 1 })
await trail.offer('badge.awarded')
await trail.offer('quiz.submitted')
const producer = await rawProducer(trail.brokers)
const topic = `${trail.topicPrefix}badge.awarded`
const mebibyte = 1024 * 1024

const good = await trail.encode(badge())
const count = 150_000
let end = 0

/** Small on the wire, large as objects. */
const batches: [what: string, record: RawRecordParts, mostMiB: number][] = [
  ['bad records', {}, 400],
  ['one event again and again', { key: good.key ?? null, value: good.value }, 512]
]

test.each(batches)('a batch of very many: %s', { timeout: 300_000 }, async (_, record, mostMiB) => {
  const records = zlib.zstdCompressSync(rawRecords(Array.from({ length: count }, () => record)))
  expect(records.length).toBeLessThan(mebibyte)
  await stored(producer, topic, 0, rawBatch({ records, count, attributes: codecs.zstd }))
  end += count
  // The breaker would stop the topic after the first of them.
  const sink = startSink(trail, '--breaker', '0')
  const other = await trail.encode(quiz())
  await trail.send([other])
  const next = () => trail.rows('SELECT next_offset::int AS next FROM sink_offsets WHERE topic = $1', [topic])
  await eventually(async () => (await next())[0]?.next === end, { what: 'it is in the trail', timeoutMs: 240_000 })
  await eventually(
    async () => (await trail.rows('SELECT 1 FROM event_envelopes WHERE id = $1', [other.id])).length === 1,
    { what: 'an event of another topic is stored' }
  )
  expect(sink.child.exitCode).toBe(null)
  expect(processMemory(sink.child.pid as number)?.peak).toBeLessThan(mostMiB * mebibyte)
  expect(await sink.stop()).toBe(0)
})

test('and every record is accounted for', async () => {
  expect(await trail.count('event_envelopes')).toBe(1 + batches.length)
  expect(await trail.count('sink_quarantine')).toBe(count)
  expect(await trail.count('sink_duplicates')).toBe(count - 1)
  expect(await trail.count('sink_ledger_faults')).toBe(0)
})
