import { readFileSync } from 'node:fs'
import zlib from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { createConsumerGroup } from '../../../../consumers/index.ts'
import { catalogue } from '../../../../schemas/catalogue/index.ts'
import { createSink } from '../../../../sink/index.ts'
import { codecs, type RawRecordParts, rawBatch, rawRecords, varint } from '../../../support/kafka/raw-batch.ts'
import { rawProducer, stored } from '../../../support/kafka/raw-producer.ts'
import { runCli } from '../../../support/processes/cli.ts'
import { startSink } from '../../../support/processes/sink-process.ts'
import { eventually } from '../../../support/stack.ts'
import { badge, lesson, testTrail } from '../../../support/trail.ts'

const trail = await testTrail({ partitions: 1 })
await trail.offer('badge.awarded')
await trail.offer('lesson.published')
const producer = await rawProducer(trail.brokers)
const badges = `${trail.topicPrefix}badge.awarded`
const mebibyte = 1024 * 1024

/** An event as a record, and its id. */
async function good(): Promise<RawRecordParts & { readonly id: string }> {
  const { id, key, value } = await trail.encode(badge())
  return { id, key: key ?? null, value }
}

/** An LZ4 frame of one plain block. */
function lz4(content: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt32LE(content.length + 0x80000000)
  return Buffer.concat([Buffer.from('04224d18604082', 'hex'), size, content, Buffer.alloc(4)])
}

const send = (codec: keyof typeof codecs, records: Buffer, count: number): Promise<number> =>
  stored(producer, badges, 0, rawBatch({ records, count, attributes: codecs[codec] }))

/** Runs sink and group until both have all, with a good event of another topic after everything. */
async function takeAll(options: { readonly maxBatchBytes?: number } = {}) {
  const last = await trail.publish([lesson()])
  const handled: string[] = []
  const group = createConsumerGroup({
    connection: trail.connection,
    topicPrefix: trail.topicPrefix,
    catalogue,
    group: 'readers',
    sessionTimeoutMs: 6_000,
    handlers: {
      'badge.awarded': ({ id }) => void handled.push(id),
      'lesson.published': ({ id }) => void handled.push(id)
    },
    ...options
  })
  onTestFinished(() => group.close())
  await group.start()
  await using sink = createSink({ ...trail.sinkOptions, ...options })
  await sink.start()
  await sink.whenCaughtUp()
  await group.whenCaughtUp()
  expect([sink.state, group.state]).toEqual(['running', 'running'])
  expect(handled).toContain(last[0]?.id)
  expect(await idsIn('lesson.published')).toContain(last[0]?.id)
  expect(await trail.rows('SELECT * FROM sink_ledger_holes')).toEqual([])
  const [counted] = await trail.rows('SELECT sum(quarantined)::int AS n FROM sink_ledger')
  const [kept] = await trail.rows(
    'SELECT coalesce(sum(coalesce(kafka_last_offset, kafka_offset) - kafka_offset + 1), 0)::int AS n FROM sink_quarantine'
  )
  expect(counted).toEqual(kept)
  const { deadLettered } = group.stats()
  await group.drain()
  return { handled, deadLettered }
}

const idsIn = async (eventName: string) =>
  (await trail.rows('SELECT id FROM event_envelopes WHERE event_name = $1', [eventName])).map(({ id }) => id)

test('what Kafka’s own readers pass over in compressed batches is passed over, and all frames are read', async () => {
  const events = await Promise.all(Array.from({ length: 8 }, good))
  const [a, b, c, d, e, f, g, h] = events.map(event => rawRecords([{ ...event, offsetDelta: 0 }])) as Buffer[]
  expect([a, b, c, d, e, f, g, h].every(Boolean)).toBe(true)
  const two = (index: number) => rawRecords(events.slice(index, index + 2))
  const skippable = Buffer.from('502a4d180400000001020304', 'hex')
  await send('lz4', Buffer.concat([lz4(a as Buffer), Buffer.from('garbage!')]), 1)
  await send('gzip', Buffer.concat([zlib.gzipSync(b as Buffer), Buffer.from('1f8bffff00000000', 'hex')]), 1)
  await send('zstd', Buffer.concat([skippable, zlib.zstdCompressSync(c as Buffer)]), 1)
  const halves = (bytes: Buffer) => [bytes.subarray(0, 50), bytes.subarray(50)]
  await send('zstd', Buffer.concat(halves(two(3)).map(half => zlib.zstdCompressSync(half))), 2)
  await send('gzip', Buffer.concat(halves(two(5)).map(half => zlib.gzipSync(half))), 2)
  await send('none', h as Buffer, 1)
  const { handled, deadLettered } = await takeAll()
  const ids = events.map(({ id }) => id).sort()
  expect((await idsIn('badge.awarded')).sort()).toEqual(ids)
  expect(handled.filter(id => ids.includes(id)).sort()).toEqual(ids)
  expect(deadLettered).toBe(0)
  expect(await trail.count('sink_quarantine')).toBe(0)
})

test('an event with 80,000 headers is stored and handled like any other, and only a bad record loses them', async () => {
  const headers: RawRecordParts['headers'] = Array.from({ length: 80_000 }, () => ['h', 'v'])
  const event = await good()
  const compressed = zlib.zstdCompressSync(
    rawRecords([
      { ...event, headers },
      { key: 'k', value: 'no envelope', headers }
    ])
  )
  const first = await send('zstd', compressed, 2)
  const { handled } = await takeAll()
  expect(handled).toContain(event.id)
  expect(await idsIn('badge.awarded')).toContain(event.id)
  const held = await trail.rows('SELECT code, reason, headers, value FROM sink_quarantine WHERE kafka_offset = $1', [
    first + 1
  ])
  expect(held).toMatchObject([
    { headers: [], reason: expect.stringContaining('80000'), value: Buffer.from('no envelope') }
  ])
})

/** A zstd frame of `length` zeros between two texts, made without having them in memory. */
function zstdOfZeros(before: Buffer, length: number, after: Buffer): Buffer {
  const block = (type: number, size: number, content: Buffer, last = 0): Buffer => {
    const head = Buffer.alloc(3)
    head.writeUIntLE(last | (type << 1) | (size << 3), 0, 3)
    return Buffer.concat([head, content])
  }
  const blocks = [Buffer.from('28b52ffd0038', 'hex'), block(0, before.length, before)]
  for (let left = length; left > 0; left -= 128 * 1024) blocks.push(block(1, Math.min(left, 128 * 1024), Buffer.of(0)))
  return Buffer.concat([...blocks, block(0, after.length, after, 1)])
}

/** The bytes around the value of a record that has `length` bytes: its head up to there, and what follows it. */
function around(length: number, offsetDelta: number): [Buffer, Buffer] {
  const fields = Buffer.concat([Buffer.of(0, 0), varint(offsetDelta), varint(1), Buffer.from('k'), varint(length)])
  return [Buffer.concat([varint(fields.length + length + 1), fields]), varint(0)]
}

function zstdBomb(length: number): Buffer {
  const [before, after] = around(length, 0)
  return zstdOfZeros(before, length, Buffer.concat([after, rawRecords([{ key: 'k', value: 'v', offsetDelta: 1 }])]))
}

test('a batch that decompresses to more than the limit is kept as it is in the log, with all its offsets', async () => {
  const before = await trail.publish([badge()])
  const content = rawRecords([
    { key: 'k', value: Buffer.alloc(2 * mebibyte) },
    { key: 'k', value: 'v' }
  ])
  const bombs: [keyof typeof codecs, Buffer][] = [
    ['zstd', zstdBomb(512 * mebibyte)],
    ['gzip', zlib.gzipSync(content)],
    ['lz4', lz4OfRepeats(content)],
    ['zstd', zlib.zstdCompressSync(content)]
  ]
  const sent: number[] = []
  for (const [codec, bytes] of bombs) sent.push(await send(codec, bytes, 2))
  const after = await trail.publish([badge()])
  const { handled, deadLettered } = await takeAll({ maxBatchBytes: mebibyte })
  expect(deadLettered).toBe(bombs.length)
  expect(handled).toEqual(expect.arrayContaining([...before, ...after].map(({ id }) => id)))
  expect(await idsIn('badge.awarded')).toEqual(expect.arrayContaining([...before, ...after].map(({ id }) => id)))
  const held = await trail.rows(
    `SELECT kafka_offset::int AS first, kafka_last_offset::int AS last, code, reason, key, value, headers, number
     FROM sink_quarantine WHERE code = 'BATCH_TOO_LARGE' ORDER BY number`
  )
  expect(held).toHaveLength(bombs.length)
  for (const [index, [, bytes]] of bombs.entries()) {
    const first = sent[index] as number
    const code = 'BATCH_TOO_LARGE'
    expect(held[index]).toMatchObject({ first, last: first + 1, code, key: null, headers: [] })
    expect(held[index]?.reason).toContain(String(mebibyte))
    const value = held[index]?.value as Buffer
    expect([value.length, value.subarray(61).equals(bytes)]).toEqual([61 + bytes.length, true])
  }
  const listed = await runCli(['quarantine', 'list'], trail.env)
  expect(listed.stdout).toContain(`${badges}/0@${sent[0]}-${(sent[0] as number) + 1}`)
  const retried = await runCli(['quarantine', 'retry', String(held[0]?.number), '--reason', 'a test'], trail.env)
  expect([retried.code, retried.stderr]).toEqual([1, expect.stringContaining('whole batch of the log')])
})

test('a sink that ended after an unreadable batch continues there', async () => {
  const [event] = await Promise.all([good()])
  await send('zstd', zstdBomb(2 * mebibyte), 2)
  const before = await trail.count('sink_quarantine')
  await takeAll({ maxBatchBytes: mebibyte })
  expect(await trail.count('sink_quarantine')).toBe(before + 1)
  await takeAll({ maxBatchBytes: mebibyte })
  await send('none', rawRecords([event as RawRecordParts]), 1)
  await takeAll({ maxBatchBytes: mebibyte })
  expect(await idsIn('badge.awarded')).toContain(event?.id)
  expect(await trail.count('sink_quarantine')).toBe(before + 1)
  expect(await trail.rows('SELECT * FROM sink_offsets WHERE halted IS NOT NULL')).toEqual([])
})

test('a sink under many batches that decompress to what is allowed stays small, and stores the rest', async () => {
  for (let i = 0; i < 3; i += 1) await send('zstd', zstdBomb(60 * mebibyte), 2)
  // Each of them takes as long to give up as one of the above to read.
  for (let i = 0; i < 10; i += 1) await send('zstd', zstdBomb(512 * mebibyte), 2)
  const sink = startSink(trail, '--session-timeout', '10000')
  const last = await trail.publish([lesson()])
  await eventually(async () => (await idsIn('lesson.published')).includes(last[0]?.id), {
    timeoutMs: 120_000,
    what: 'the event of another topic is stored'
  })
  await eventually(
    async () =>
      (
        await trail.rows('SELECT 1 FROM sink_offsets WHERE topic = $1 AND next_offset = $2', [
          badges,
          await endOf(badges)
        ])
      ).length === 1,
    {
      timeoutMs: 120_000,
      what: 'all batches are put aside'
    }
  )
  const status = readFileSync(`/proc/${sink.child.pid}/status`, 'utf8')
  const peak = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024
  expect(await sink.stop()).toBe(0)
  expect(peak, 'MiB at its peak').toBeLessThan(400)
}, 300_000)

const endOf = async (topic: string) => (await trail.admin.ranges(topic))[0]?.end

/** An LZ4 frame in which each block repeats its first byte. */
function lz4OfRepeats(content: Buffer): Buffer {
  const parts: Buffer[] = []
  const size = (bytes: number) => {
    const head = Buffer.alloc(4)
    head.writeUInt32LE(bytes >>> 0)
    return head
  }
  for (let at = 0; at < content.length; ) {
    let end = at + 1
    while (end < content.length && content[end] === content[at] && end - at < 60_000) end += 1
    if (end - at > 100) {
      const rest = end - at - 1 - 5 - 4 - 15
      const block = Buffer.concat([
        Buffer.of(0x1f, content[at] as number, 1, 0),
        Buffer.alloc(Math.floor(rest / 255), 255),
        Buffer.of(rest % 255, 0x50),
        content.subarray(end - 5, end)
      ])
      parts.push(size(block.length), block)
    } else parts.push(size(end - at + 0x80000000), content.subarray(at, end))
    at = end
  }
  return Buffer.concat([Buffer.from('04224d18604082', 'hex'), ...parts, size(0)])
}
