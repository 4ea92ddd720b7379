import zlib from 'node:zlib'
import fc from 'fast-check'
import kafkajs from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { readRecordSet } from '../../../../kafka/log/fetch-decoder.ts'
import { PackedRecords } from '../../../../kafka/log/packed-records.ts'
import { encodeBatch } from '../../../support/kafka/record-batches.ts'
import { runs } from '../../../support/properties.ts'

const { CompressionTypes } = kafkajs
const value = (text: string | Buffer) => ({ value: Buffer.from(text) })
const packed = (set: Buffer, from = 0, maxBytes?: number) =>
  new PackedRecords(readRecordSet(set)?.batches ?? [], from, maxBytes)

/** Reads all portions: what can be read, what cannot, and up to where. */
function readAll(records: PackedRecords, maxBytes?: number, maxRecords?: number) {
  const messages: number[] = []
  const unreadable: [number, number, string][] = []
  let portions = 0
  let lastOffset = -1
  for (let rest: PackedRecords | undefined = records; rest; ) {
    const options = { ...(maxBytes !== undefined && { maxBytes }), ...(maxRecords !== undefined && { maxRecords }) }
    const portion = rest.read(options)
    messages.push(...portion.messages.map(({ offset }) => offset))
    unreadable.push(
      ...portion.unreadable.map((each): [number, number, string] => [each.baseOffset, each.lastOffset, each.code])
    )
    portions += 1
    ;({ lastOffset, rest } = portion)
  }
  return { messages, unreadable, portions, lastOffset }
}

const three = [value('a'), value('b'), value('c')]
const spoilt: [string, (batch: Buffer) => Buffer][] = [
  ['does not decompress', batch => Buffer.from(batch).fill(0, 61, 71)],
  ['is of a codec that nobody knows', batch => withInt16(batch, 21, 5)],
  ['holds fewer records than it says', batch => withInt32(batch, 57, 4)],
  ['holds more records than it says', batch => withInt32(batch, 57, 2)],
  ['has a number below zero for its last offset', batch => withInt32(batch, 23, -1)],
  ['has a number below zero for its count', batch => withInt32(batch, 57, -1)]
]

function withInt16(batch: Buffer, at: number, number: number): Buffer {
  const changed = Buffer.from(batch)
  changed.writeInt16BE(number, at)
  return changed
}

function withInt32(batch: Buffer, at: number, number: number): Buffer {
  const changed = Buffer.from(batch)
  changed.writeInt32BE(number, at)
  return changed
}

describe('a batch that', () => {
  test.each(spoilt)('%s is unreadable with its bytes, and the others are read', async (_, spoil) => {
    const compression = CompressionTypes.GZIP
    const before = await encodeBatch({ firstOffset: 7, records: three, compression })
    const bad = spoil(await encodeBatch({ firstOffset: 10, records: three, compression, firstTimestamp: 99 }))
    const after = await encodeBatch({ firstOffset: 13, records: three })
    const set = Buffer.concat([before, bad, after])
    const { messages, unreadable, lastOffset } = packed(set).read()
    expect(messages.map(({ offset }) => offset)).toEqual([7, 8, 9, 13, 14, 15])
    expect(lastOffset).toBe(15)
    expect(unreadable).toEqual([
      {
        code: 'BATCH_UNREADABLE',
        reason: expect.not.stringMatching(/offset is out of range|Z_/),
        baseOffset: 10,
        lastOffset: bad.readInt32BE(23) < 0 ? 10 : 12,
        bytes: bad,
        timestamp: 99
      }
    ])
    // Where it is the first one of a fetch that begins within it.
    expect(readAll(packed(Buffer.concat([bad, after]), 12)).unreadable).toEqual(
      bad.readInt32BE(23) < 0 ? [] : [[12, 12, 'BATCH_UNREADABLE']]
    )
    expect(Array.from(packed(set), ({ offset }) => offset)).toEqual([7, 8, 9, 13, 14, 15])
  })

  test('is larger than the limit is unreadable, for a reason of its own', async () => {
    const small = await encodeBatch({ firstOffset: 0, records: three, compression: CompressionTypes.ZSTD })
    const large = await encodeBatch({
      firstOffset: 3,
      records: [value(Buffer.alloc(100_000)), value('b')],
      compression: CompressionTypes.ZSTD
    })
    const { messages, unreadable } = packed(Buffer.concat([small, large]), 0, 50_000).read()
    expect(messages).toHaveLength(3)
    expect(unreadable).toMatchObject([
      { code: 'BATCH_TOO_LARGE', baseOffset: 3, lastOffset: 4, reason: expect.stringContaining('50000') }
    ])
    expect(readAll(packed(large, 0, 200_000)).messages).toEqual([3, 4])
  })

  test.each([
    0, 1
  ])('is in the format %i, from before Kafka 0.11, is unreadable with the offsets that it may hold', magic => {
    const old = (offset: number, attributes: number) => {
      const message = Buffer.alloc(12 + 30, 1)
      message.writeBigInt64BE(BigInt(offset))
      message.writeInt32BE(30, 8)
      message.writeInt8(magic, 16)
      message.writeInt8(attributes, 17)
      return message
    }
    // Compressed as one, they have the offset of the last of them.
    const set = Buffer.concat([old(3, 0), old(4, 0), old(9, 1)])
    const code = 'BATCH_UNREADABLE'
    expect(readAll(packed(set, 3))).toEqual({
      messages: [],
      unreadable: [
        [3, 3, code],
        [4, 4, code],
        [5, 9, code]
      ],
      portions: 1,
      lastOffset: 9
    })
    expect(readAll(packed(old(9, 1), 7)).unreadable).toEqual([[7, 9, code]])
  })
})

describe('portions', () => {
  test('are as many batches as decompress to so much, one at least', async () => {
    const batch = (firstOffset: number) =>
      encodeBatch({ firstOffset, records: [value(Buffer.alloc(1_000))], compression: CompressionTypes.ZSTD })
    const set = Buffer.concat(await Promise.all([0, 1, 2, 3, 4].map(batch)))
    expect(readAll(packed(set), 2_000)).toMatchObject({ messages: [0, 1, 2, 3, 4], portions: 3, lastOffset: 4 })
    expect(readAll(packed(set), 1)).toMatchObject({ messages: [0, 1, 2, 3, 4], portions: 5 })
    expect(readAll(packed(set))).toMatchObject({ messages: [0, 1, 2, 3, 4], portions: 1 })
    expect(readAll(packed(set, 3), 1)).toMatchObject({ messages: [3, 4], unreadable: [] })
  })

  test('end early where batches are compressed in many pieces, which take their time', async () => {
    const records = [value(''), value('')]
    const whole = await encodeBatch({ firstOffset: 0, records, compression: CompressionTypes.ZSTD })
    const empty = zlib.zstdCompressSync('')
    const pieces = (firstOffset: number, count: number) => {
      const batch = Buffer.concat([whole, ...Array.from({ length: count }, () => empty)])
      batch.writeInt32BE(batch.length - 12, 8)
      batch.writeBigInt64BE(BigInt(firstOffset), 0)
      return batch
    }
    const set = Buffer.concat([pieces(0, 0), pieces(2, 500), pieces(4, 0), pieces(6, 1_000), pieces(8, 0)])
    expect(readAll(packed(set))).toEqual({
      messages: [0, 1, 2, 3, 4, 5, 8, 9],
      unreadable: [[6, 7, 'BATCH_UNREADABLE']],
      portions: 3,
      lastOffset: 9
    })
  })

  test('of objects end within a batch that holds too many of them, and continue after that', async () => {
    const count = 25_000
    const records = Array.from({ length: count }, () => ({ value: null }))
    const many = await encodeBatch({ firstOffset: 5, records, compression: CompressionTypes.ZSTD })
    const before = await encodeBatch({ firstOffset: 2, records: three })
    const { messages, unreadable, portions, lastOffset } = readAll(packed(Buffer.concat([before, many]), 3))
    expect([portions, lastOffset, unreadable]).toEqual([3, count + 4, []])
    expect(messages).toEqual(Array.from({ length: count + 2 }, (_, index) => index + 3))
  })

  test('say by the heads of their batches whether there is anything', async () => {
    const good = await encodeBatch({ firstOffset: 5, records: three })
    expect(packed(good).isEmpty).toBe(false)
    expect(packed(good, 8).isEmpty).toBe(true)
    expect(packed(await encodeBatch({ firstOffset: 5, lastOffset: 9 })).isEmpty).toBe(true)
    expect(packed(withInt32(good, 57, -1)).isEmpty).toBe(false)
    expect(packed(good).count).toBe(3)
  })

  test('end with the batch that has enough records, and cut none', async () => {
    const batches = await Promise.all([0, 3, 6].map(firstOffset => encodeBatch({ firstOffset, records: three })))
    const offsetsOf = (enoughRecords: number) => {
      const found: number[][] = []
      for (let rest: PackedRecords | undefined = packed(Buffer.concat(batches)); rest; ) {
        const portion = rest.read({ enoughRecords })
        found.push(portion.messages.map(({ offset }) => offset))
        rest = portion.rest
      }
      return found
    }
    expect(offsetsOf(1)).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [6, 7, 8]
    ])
    expect(offsetsOf(4)).toEqual([
      [0, 1, 2, 3, 4, 5],
      [6, 7, 8]
    ])
    expect(offsetsOf(9)).toEqual([[0, 1, 2, 3, 4, 5, 6, 7, 8]])
  })

  test('of whatever bytes account for every offset once', async () => {
    const batches = fc.array(
      fc.record({
        records: fc.array(fc.uint8Array({ maxLength: 30 }), { minLength: 1, maxLength: 5 }),
        compression: fc.constantFrom(CompressionTypes.None, CompressionTypes.GZIP, CompressionTypes.ZSTD)
      }),
      { minLength: 1, maxLength: 5 }
    )
    const flaw = fc.record({ at: fc.nat(), to: fc.oneof(fc.constantFrom(0x00, 0x7f, 0x80, 0xff), fc.nat(255)) })
    await fc.assert(
      fc.asyncProperty(batches, fc.array(flaw, { maxLength: 4 }), fc.nat(9), async (all, flaws, from) => {
        let next = 0
        const encoded: Buffer[] = []
        for (const { records, compression } of all) {
          encoded.push(
            await encodeBatch({
              firstOffset: next,
              compression,
              records: records.map(each => value(Buffer.from(each)))
            })
          )
          next += records.length
        }
        for (const { at, to } of flaws) {
          // What brokers check, they never store otherwise: the heads.
          const batch = encoded[at % encoded.length] as Buffer
          if (batch.length > 61) batch[61 + (at % (batch.length - 61))] = to
        }
        const set = Buffer.concat(encoded)
        const bounds = [[1], [100], [1_000_000], [1_000_000, 1], [1_000_000, 3]] as const
        for (const [maxBytes, maxRecords] of bounds) {
          const { messages, unreadable, lastOffset } = readAll(packed(set, from), maxBytes, maxRecords)
          const covered = [...messages.map(offset => [offset, offset] as const), ...unreadable]
            .flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => first + index))
            .sort((one, other) => one - other)
          if (flaws.length === 0) expect(unreadable).toEqual([])
          expect(new Set(covered).size).toBe(covered.length)
          expect(lastOffset).toBeGreaterThanOrEqual(covered.at(-1) ?? -1)
          // A flaw may move an offset within its batch, as compaction leaves gaps; nothing is outside.
          for (const offset of covered) expect(offset >= from && offset < next).toBe(true)
        }
      }),
      { numRuns: runs(150) }
    )
  })

  test('decompress nothing before they are taken', async () => {
    const bytes = zlib.gzipSync('no records')
    const set = withInt16(await encodeBatch({ firstOffset: 0, records: three }), 21, 1)
    const batch = Buffer.concat([set.subarray(0, 61), bytes])
    batch.writeInt32BE(batch.length - 12, 8)
    const records = packed(batch)
    expect([records.isEmpty, records.count]).toEqual([false, 3])
    expect(records.portion().unreadable).toEqual([])
    expect(records.portion({ careful: true }).unreadable).toHaveLength(1)
  })
})

test('what was decompressed is given back, what is in the response is not', async () => {
  const records = [{ value: Buffer.alloc(2 * 1024 * 1024) }]
  const set = Buffer.concat([
    await encodeBatch({ firstOffset: 0, records, compression: CompressionTypes.GZIP }),
    await encodeBatch({ firstOffset: 1, records })
  ])
  const { records: read, messages } = packed(set).read()
  const lengths = () => messages.map(({ value }) => value?.buffer.byteLength)
  expect(lengths()).toEqual([expect.any(Number), set.buffer.byteLength])
  read.release()
  expect(lengths()).toEqual([0, set.buffer.byteLength])
})
