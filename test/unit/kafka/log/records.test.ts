import { createRequire } from 'node:module'
import fc from 'fast-check'
import kafkajs from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { KafkaError } from '../../../../kafka/errors.ts'
import { type Header, headerLimits, headersByName } from '../../../../kafka/headers.ts'
import { readRecordSet } from '../../../../kafka/log/fetch-decoder.ts'
import { PackedRecords } from '../../../../kafka/log/packed-records.ts'
import type { KafkaRecord, Records } from '../../../../kafka/log/records.ts'
import { type EncodedBatch, type EncodedRecord, encodeBatch } from '../../../support/kafka/record-batches.ts'
import { runs } from '../../../support/properties.ts'

const { CompressionTypes } = kafkajs

interface Message {
  readonly offset: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, Buffer | Buffer[]>>
  readonly timestamp: string
}

const require = createRequire(import.meta.url)
const KafkaDecoder = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => object
const decodeBatch = require('kafkajs/src/protocol/recordBatch/v0/decoder') as (
  decoder: object
) => Promise<{ records: Message[] }>

/** What kafkajs makes of a batch. */
async function oracle(batch: Buffer): Promise<KafkaRecord[]> {
  const { records } = await decodeBatch(new KafkaDecoder(batch))
  return records.map(({ offset, key, value, headers, timestamp }) => ({
    offset: Number(offset),
    key,
    value,
    headers: Object.entries(headers).flatMap(([name, values]) => [values].flat().map((each): Header => [name, each])),
    timestamp: Number(timestamp)
  }))
}

async function recordsOf(bytes: Buffer, from = 0): Promise<Records> {
  return new PackedRecords(readRecordSet(bytes)?.batches ?? [], from).portion().records
}

/** What a walk shows, from the cursor alone. */
function walk(records: Records) {
  const seen: { offset: number; key: Buffer | null; value: Buffer | null; place: number }[] = []
  for (const cursor = records.cursor(); cursor.next(); ) {
    const { bytes, offset, keyStart, keyEnd, valueStart, valueEnd, place } = cursor
    const slice = (start: number, end: number) => (start < 0 ? null : bytes.subarray(start, end))
    expect([keyStart < 0, valueStart < 0]).toEqual([keyEnd < 0, valueEnd < 0])
    seen.push({ offset, key: slice(keyStart, keyEnd), value: slice(valueStart, valueEnd), place })
  }
  return seen
}

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map(array => Buffer.from(array))
const field = fc.option(fc.oneof({ weight: 9, arbitrary: bytes(200) }, { weight: 1, arbitrary: bytes(20_000) }))
const headers = fc.dictionary(
  fc.oneof(fc.constantFrom('trace', 'ü'), fc.stringMatching(/^x[a-z-]{0,80}$/)),
  fc.oneof(bytes(80), fc.array(bytes(20), { minLength: 2, maxLength: 4 })),
  { maxKeys: 4, noNullPrototype: true }
)
const record = fc.record({
  gap: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(20_000)),
  timestampDelta: fc.oneof(fc.integer({ min: -70_000, max: 70_000 }), fc.integer({ min: -(2 ** 45), max: 2 ** 45 })),
  key: field,
  value: field,
  headers
})
const codecs = [CompressionTypes.None, CompressionTypes.GZIP, CompressionTypes.ZSTD]
const batches = fc
  .array(
    fc.record({
      compression: fc.constantFrom(...codecs),
      gap: fc.nat(100),
      tail: fc.nat(5),
      firstTimestamp: fc.integer({ min: 0, max: 2 ** 42 }),
      maxTimestamp: fc.integer({ min: 0, max: 2 ** 42 }),
      logAppendTime: fc.boolean(),
      records: fc.array(record, { minLength: 1, maxLength: 8 })
    }),
    { minLength: 1, maxLength: 5 }
  )
  .chain(all => fc.nat(2 ** 40).map(start => layOut(all, start)))

type Gap<T> = T & { readonly gap: number }
type Unlaid = Gap<Omit<EncodedBatch, 'firstOffset' | 'records'>> & {
  readonly tail: number
  readonly records: readonly Gap<EncodedRecord>[]
}

/** Gives the batches their offsets, with gaps as compaction leaves them. */
function layOut(all: readonly Unlaid[], start: number): EncodedBatch[] {
  let next = start
  return all.map(({ gap, tail, records, ...batch }) => {
    const firstOffset = next + gap
    let delta = -1
    const laid = records.map(({ gap: before, ...each }) => {
      delta += 1 + before
      return { ...each, offsetDelta: delta }
    })
    const lastOffset = firstOffset + delta + tail
    next = lastOffset + 1
    return { ...batch, firstOffset, lastOffset, records: laid }
  })
}

describe('Records', () => {
  test('hold what kafkajs makes of the same bytes, walked or as objects', async () => {
    await fc.assert(
      fc.asyncProperty(batches, fc.nat(40), async (all, skip) => {
        const encoded = await Promise.all(all.map(encodeBatch))
        const from = (all[0]?.firstOffset ?? 0) + skip
        const expected = (await Promise.all(encoded.map(oracle))).flat().filter(({ offset }) => offset >= from)
        const records = await recordsOf(Buffer.concat(encoded), from)
        expect([...records]).toEqual(expected)
        const walked = walk(records)
        expect(walked).toEqual(
          expected.map(({ offset, key, value }) => expect.objectContaining({ offset, key, value }))
        )
        // In any order.
        expect(walked.toReversed().map(({ place }) => records.at(place))).toEqual(expected.toReversed())
        expect(records.isEmpty).toBe(expected.length === 0)
        expect(records.count).toBeGreaterThanOrEqual(expected.length)
      }),
      { numRuns: runs(150) }
    )
  })

  test('are not copied where they were not compressed', async () => {
    const set = await encodeBatch({ firstOffset: 0, records: [{ key: Buffer.from('k'), value: Buffer.from('v') }] })
    const records = await recordsOf(set)
    const cursor = records.cursor()
    expect(cursor.next()).toBe(true)
    expect(cursor.bytes.buffer).toBe(set.buffer)
    const [first] = records
    expect(first?.value?.buffer).toBe(set.buffer)
    expect(records.bytes).toBe(set.length - 61)
  })

  const text = (value: string) => Buffer.from(value)
  /** A record without key and value; kafkajs's encoder has no null for the value of a header. */
  async function withHeaders(fields: readonly Buffer[], count: number): Promise<Buffer> {
    const body = Buffer.concat([Buffer.from([0, 0, 0, 1, 1]), zigzag(count), ...fields])
    const batch = await encodeBatch({ firstOffset: 3 })
    batch.writeInt32BE(1, 57)
    const set = Buffer.concat([batch, zigzag(body.length), body])
    set.writeInt32BE(set.length - 12, 8)
    return set
  }
  function zigzag(value: number): Buffer {
    const bytes: number[] = []
    let rest = value < 0 ? -value * 2 - 1 : value * 2
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
    return Buffer.from([...bytes, rest])
  }

  test('show headers in their order, whatever their names and values are', async () => {
    const field = (name: string, value: string | null) =>
      Buffer.concat([
        zigzag(name.length),
        text(name),
        value === null ? Buffer.from([1]) : zigzag(value.length),
        text(value ?? '')
      ])
    const headers: [string, string | null][] = [
      ['a', null],
      ['__proto__', '2'],
      ['toString', '3'],
      ['', ''],
      ['a', '1']
    ]
    const fields = headers.map(([name, value]) => field(name, value))
    const [only] = await recordsOf(await withHeaders(fields, headers.length))
    expect(only?.headers).toEqual(headers.map(([name, value]) => [name, value === null ? null : text(value)]))
    expect(only).not.toHaveProperty('headersLeftOut')
    expect(Object.entries(headersByName(only?.headers ?? []))).toEqual([
      ['a', [null, text('1')]],
      ['__proto__', text('2')],
      ['toString', text('3')],
      ['', text('')]
    ])
  })

  const same = Buffer.concat([zigzag(1), text('h'), Buffer.from([1])])
  test.each([
    ['many', 340_000, same],
    ['long', 2, Buffer.concat([zigzag(1), text('h'), zigzag(headerLimits.bytes), Buffer.alloc(headerLimits.bytes)])]
  ])('leave headers out that are too %s, and say how many there are', async (_, count, one) => {
    const records = await recordsOf(await withHeaders([Buffer.concat(Array(count).fill(one))], count))
    expect([...records]).toEqual([expect.objectContaining({ offset: 3, headers: [], headersLeftOut: count })])
    expect(records.valueAt(0)).toMatchObject({ offset: 3, value: null })
  })

  test.each([
    ['fewer headers than told', 3, [same, same]],
    ['more headers than told', 1, [same, same]],
    ['a number of headers below zero', -1, []],
    ['a header without a name', 1, [Buffer.from([1, 1])]]
  ])('keep a record with %s, without its headers', async (_, count, fields) => {
    const records = await recordsOf(await withHeaders(fields, count))
    expect([...records]).toEqual([expect.objectContaining({ headers: [], headersLeftOut: Math.max(count, 1) })])
  })

  test('of which bytes were broken are refused, never read out of bounds or without end', async () => {
    const flaw = fc.record({ at: fc.nat(), to: fc.oneof(fc.constantFrom(0x00, 0x7f, 0x80, 0xff), fc.nat(255)) })
    await fc.assert(
      fc.asyncProperty(batches, fc.array(flaw, { minLength: 1, maxLength: 4 }), async (all, flaws) => {
        const plain = all.map(batch => ({ ...batch, compression: CompressionTypes.None }))
        const set = Buffer.concat(await Promise.all(plain.map(encodeBatch)))
        for (const { at, to } of flaws) set[at % set.length] = to
        try {
          const records = await recordsOf(set)
          let last = -1
          for (const { offset, key, value, place } of walk(records)) {
            expect(offset).toBeGreaterThan(last)
            last = offset
            expect((key?.length ?? 0) + (value?.length ?? 0)).toBeLessThan(set.length)
            if (sound(() => records.at(place))) expect(records.at(place)).toMatchObject({ offset, key, value })
          }
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^(RECORDS_CORRUPT|KAFKA_UNSUPPORTED)$/) })
        }
      }),
      { numRuns: runs(600) }
    )
  })

  /** Whether it can be made an object: a walk passes over headers unread. */
  function sound(make: () => KafkaRecord): boolean {
    try {
      return make() !== undefined
    } catch (error) {
      if (error instanceof KafkaError) return false
      throw error
    }
  }

  const records = [{ value: Buffer.from('one') }, { value: Buffer.from('two') }]
  const flaws: [string, (set: Buffer) => void][] = [
    ['fewer records than told', set => set.writeInt32BE(3, 57)],
    ['more records than told', set => set.writeInt32BE(1, 57)],
    ['a record that is longer than the batch', set => set.writeUInt8(126, 61)],
    ['a record of a length below zero', set => set.writeUInt8(3, 61)],
    ['a key of a length below null', set => set.writeUInt8(3, 65)],
    ['a value that is longer than its record', set => set.writeUInt8(12, 66)],
    ['an offset twice', set => set.writeUInt8(0, 61 + 11 + 2)],
    ['an offset behind the last one', set => set.writeUInt8(8, 61 + 11 + 3)],
    ['a number of more than five bytes', set => set.fill(0xff, 61)]
  ]
  test.each(flaws)('%s', async (_, spoil) => {
    const set = await encodeBatch({ firstOffset: 0, records })
    spoil(set)
    const broken = await recordsOf(set)
    expect(() => walk(broken)).toThrow(expect.objectContaining({ code: 'RECORDS_CORRUPT', retryable: false }))
  })
  test('a record that reaches into the next batch is not shown', async () => {
    const first = await encodeBatch({ firstOffset: 0, records: [{ value: Buffer.alloc(20) }] })
    const set = Buffer.concat([first, await encodeBatch({ firstOffset: 1, records })])
    // Its length and that of its value, by ten.
    set.writeUInt8(first.readUInt8(61) + 20, 61)
    set.writeUInt8(first.readUInt8(66) + 20, 66)
    const cursor = (await recordsOf(set)).cursor()
    expect(() => cursor.next()).toThrow(expect.objectContaining({ code: 'RECORDS_CORRUPT' }))
  })
})
