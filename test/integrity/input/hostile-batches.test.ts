import { expect, test } from 'vitest'
import { codecs, type RawRecordParts, rawBatch, rawRecords, varint } from '../../support/kafka/raw-batch.ts'
import {
  bomb,
  type Codec,
  compress,
  gzipMember,
  lz4Frame,
  type Part,
  zstdFrame,
  zstdSkippable
} from '../../support/kafka/raw-codecs.ts'
import { hostileStage } from '../harness/hostile-stage.ts'

// The brokers' own limits for times are those of before Kafka 4.0: a record may name any.
const latest = String(2n ** 63n - 1n)
const config = { 'message.timestamp.after.max.ms': latest, 'message.timestamp.before.max.ms': latest }
const stage = await hostileStage({ file: 'hostile-batches.test.ts', config })

type Events = Parameters<typeof stage.send>[1]
/** A batch of one attack, and the events in it with which nothing is wrong. */
interface Shot {
  readonly batch: Buffer
  readonly events?: Events
}

const nonsense: RawRecordParts = { key: 'k', value: 'not wire format' }
const one = (parts: RawRecordParts, batch: Partial<Parameters<typeof rawBatch>[0]> = {}): Shot => ({
  batch: rawBatch({ records: [parts], ...batch })
})

/** A good event in a batch whose records are compressed by hand. */
async function packed(codec: Codec, pack: (records: Buffer) => Buffer, count = 1): Promise<Shot> {
  const events = await Promise.all(Array.from({ length: count }, () => stage.good()))
  const records = pack(rawRecords(events.map(({ parts }) => parts)))
  return { batch: rawBatch({ records, count, attributes: codecs[codec] }), events }
}

/** The same with each record in a frame or member of its own. */
async function inPieces(codec: Codec, pack: (record: Buffer) => Buffer, count: number): Promise<Shot> {
  const events = await Promise.all(Array.from({ length: count }, () => stage.good()))
  const records = Buffer.concat(events.map(({ parts }, place) => pack(rawRecords([{ offsetDelta: place, ...parts }]))))
  return { batch: rawBatch({ records, count, attributes: codecs[codec] }), events }
}

async function event(
  parts: Partial<RawRecordParts>,
  batch: Partial<Parameters<typeof rawBatch>[0]> = {}
): Promise<Shot> {
  const whole = await stage.good(parts)
  return { batch: rawBatch({ records: [whole.parts], ...batch }), events: [whole] }
}

const headers = (count: number, name = 'h') => Array.from({ length: count }, () => [name, ''] as const)
/** Headers without a name and with an empty value: zeros, of which millions take a few bytes. */
const manyHeaders = (count: number): Part[] => {
  const head = Buffer.concat([Buffer.of(0), varint(0), varint(0), varint(-1), varint(-1), varint(count)])
  return [Buffer.concat([varint(head.length + count * 2), head]), count * 2]
}
const mebibyte = 1024 * 1024
const garbage = Buffer.from('garbage!')
const notGzip = Buffer.from('1f8bffff00000000', 'hex')
const times = [0n, -1n, -(2n ** 62n), 2n ** 53n, 1_764_150_000_000_000_000n, 253_402_300_800_000n, 2n ** 63n - 1n]

const rows: [name: string, shots: () => Promise<Shot[]> | Shot[]][] = [
  ['S1: a bad record with a null header', () => [one({ ...nonsense, headers: [['x', null]] })]],
  ['S1: a good event with a null header', async () => [await event({ headers: [['traceparent', null]] })]],
  [
    'S1: names and values of every kind',
    async () => {
      const odd = [
        ['', ''],
        ['__proto__', null],
        ['a\u0000b', Buffer.of(0, 255)],
        [Buffer.of(0xff, 0xfe), 'no text']
      ] as const
      return [await event({ headers: odd }), one({ ...nonsense, headers: odd })]
    }
  ],
  [
    'S2: LZ4 with bytes after its frame',
    async () => [await packed('lz4', bytes => Buffer.concat([lz4Frame([bytes]), garbage]))]
  ],
  [
    'S2: gzip with bytes after its member',
    async () => [await packed('gzip', bytes => Buffer.concat([gzipMember([bytes]), notGzip]))]
  ],
  [
    'S2: zstd after a skippable frame',
    async () => [await packed('zstd', bytes => Buffer.concat([zstdSkippable(garbage), zstdFrame([bytes])]))]
  ],
  ['S2: several zstd frames', async () => [await inPieces('zstd', record => zstdFrame([record]), 4)]],
  ['S2: several gzip members', async () => [await inPieces('gzip', record => gzipMember([record]), 4)]],
  [
    'S2: several records of every codec',
    () =>
      Promise.all(
        (['gzip', 'snappy', 'lz4', 'zstd'] as const).map(codec => packed(codec, bytes => compress[codec]([bytes]), 3))
      )
  ],
  [
    'S3: 80,000 headers of one name',
    async () => [await event({ headers: headers(80_000) }), one({ ...nonsense, headers: headers(80_000) })]
  ],
  [
    'S3: four million headers in a few hundred bytes',
    () => [{ batch: rawBatch({ records: zstdFrame(manyHeaders(4_000_000)), attributes: codecs.zstd }) }]
  ],
  ['S4: zstd, 512 MiB', () => [{ batch: bomb('zstd', 512 * mebibyte) }]],
  ['S4: zstd, 8 MiB', () => [{ batch: bomb('zstd', 8 * mebibyte) }]],
  ['S4: gzip, 300 MiB', () => [{ batch: bomb('gzip', 300 * mebibyte) }]],
  ['S4: LZ4, 200 MiB', () => [{ batch: bomb('lz4', 200 * mebibyte) }]],
  ['S4: Snappy, 20 MiB', () => [{ batch: bomb('snappy', 19 * mebibyte) }]],
  [
    'S4: ten batches just below the limit',
    () => Array.from({ length: 10 }, () => ({ batch: bomb('zstd', 60 * mebibyte) }))
  ],
  ['S4: ten batches of many records', () => Array.from({ length: 10 }, () => ({ batch: bomb('zstd', mebibyte, 60) }))],
  ['S17: times of every kind', () => times.map(timestamp => one(nonsense, { timestamp }))],
  ['S17: good events with times of every kind', () => Promise.all(times.map(timestamp => event({}, { timestamp })))],
  [
    'S17: times far from the one of their batch',
    () => [one({ ...nonsense, timestampDelta: 2n ** 62n }), one({ ...nonsense, timestampDelta: -(2n ** 62n) })]
  ]
]

test.each(rows)('%s: the other topic continues, and nothing stops', { timeout: 600_000 }, async (name, shots) => {
  let sent = 0
  for (const { batch, events } of await shots()) {
    const offset = await stage.send(batch, events)
    // Times that no broker takes are no attack.
    if (offset !== undefined) sent += 1
  }
  expect(sent, 'the broker takes at least one').toBeGreaterThan(0)
  await stage.othersAreStored(name)
  await stage.settled(name)
  stage.expectLittleMemory()
})

test('after all of it the ledger adds up, and every event is stored or whole in quarantine', async () => {
  await stage.settled('the end')
  await stage.group.finish()
  await stage.expectClean()
  expect(await stage.sink.stop()).toBe(0)
})
