import { createRequire } from 'node:module'
import fc from 'fast-check'
import kafkajs from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { decodeFetchResponse, readRecordSet } from '../../../../kafka/log/fetch-decoder.ts'
import { type PackedBatch, PackedRecords } from '../../../../kafka/log/packed-records.ts'
import { type EncodedBatch, encodeBatch, encodeFetchResponse } from '../../../support/kafka/record-batches.ts'
import { runs } from '../../../support/properties.ts'

const { CompressionTypes } = kafkajs

interface Partition {
  readonly messages: { readonly offset: string }[]
}

const require = createRequire(import.meta.url)
const { decode: decodeByKafkajs } = require('kafkajs/src/protocol/requests/fetch/v11/response') as {
  decode(payload: Buffer): Promise<{ responses: { partitions: Partition[] }[] }>
}
const filterByKafkajs = require('kafkajs/src/consumer/filterAbortedMessages') as (
  partition: Partition | undefined
) => Partition['messages']

const value = (text: string) => ({ value: Buffer.from(text) })
const setOf = async (...batches: EncodedBatch[]) => Buffer.concat(await Promise.all(batches.map(encodeBatch)))
const offsetsOf = (batches: readonly PackedBatch[], from = 0) =>
  Array.from(new PackedRecords(batches, from), ({ offset }) => offset)
const decodeResponse = (payload: Buffer) =>
  decodeFetchResponse(payload, broken => expect.fail(`${broken.partition} is broken`))

/** The offsets that a reader sees of a record set, and up to where it was passed. */
async function read(set: Buffer, aborted: readonly { producerId: number; firstOffset: number }[] = [], from = 0) {
  const fetched = readRecordSet(
    set,
    aborted.map(each => ({ ...each, producerId: BigInt(each.producerId) }))
  )
  return { seen: offsetsOf(fetched?.batches ?? [], from), last: Number(fetched?.offset) }
}

describe('a Fetch response', () => {
  test('is what kafkajs reads, but for the records', async () => {
    const first = await setOf(
      { firstOffset: 5, records: [value('a'), value('b')] },
      { firstOffset: 7, records: [value('c')], compression: CompressionTypes.GZIP }
    )
    const second = await setOf({ firstOffset: 0, records: [value('d')] })
    const payload = encodeFetchResponse('ünder', [
      { partition: 3, highWatermark: 2 ** 40, recordSet: first },
      { partition: 4, recordSet: Buffer.alloc(0), aborted: [] },
      { partition: 5, recordSet: second, aborted: [{ producerId: 2 ** 40, firstOffset: 9 }] }
    ])
    const { responses, ...head } = decodeResponse(payload)
    const { responses: theirs, ...theirHead } = await decodeByKafkajs(payload)
    expect(head).toEqual(theirHead)
    const strip = (partition: object) => ({ ...partition, messages: [], abortedTransactions: [] })
    expect(responses.map(each => ({ ...each, partitions: each.partitions.map(strip) }))).toEqual(
      theirs.map(each => ({ ...each, partitions: each.partitions.map(strip) }))
    )
    const read = responses.flatMap(({ partitions }) => partitions.map(({ messages }) => messages))
    expect(read.map(([fetched]) => fetched && [fetched.firstOffset, fetched.offset])).toEqual([
      [5, '7'],
      undefined,
      [0, '0']
    ])
    expect(read.flatMap(messages => messages.map(({ batches }) => offsetsOf(batches)))).toEqual([[5, 6, 7], [0]])
  })

  test('that is cut short is no response', async () => {
    const payload = encodeFetchResponse('topic', [{ partition: 0, recordSet: Buffer.alloc(0) }])
    for (let end = 0; end < payload.length; end += 1)
      expect(() => decodeResponse(payload.subarray(0, end))).toThrow(RangeError)
  })
})

describe('a record set', () => {
  test('ends where a batch does not follow the one before it', async () => {
    const records = [value('a'), value('b'), value('c')]
    const batch = (firstOffset: number) => ({ firstOffset, records })
    for (const misplaced of [1, 6, 7]) {
      const set = await setOf(batch(5), batch(misplaced), batch(8))
      expect(await read(set)).toEqual({ seen: [5, 6, 7], last: 7 })
    }
  })

  const codecs = Object.entries({ none: 0, gzip: CompressionTypes.GZIP, zstd: CompressionTypes.ZSTD })
  test.each(codecs)('in which batches are compressed with %s', async (_, compression) => {
    const records = [value('a'), value('b'), value('c')]
    const set = await setOf({ firstOffset: 10, records, compression }, { firstOffset: 13, records, compression })
    expect(await read(set, [], 11)).toEqual({ seen: [11, 12, 13, 14, 15], last: 15 })
  })

  test('of which the tail is cut off ends with the last whole batch, as kafkajs has it', async () => {
    const records = [value('a'), value('b')]
    const first = await encodeBatch({ firstOffset: 0, records })
    const set = Buffer.concat([first, await encodeBatch({ firstOffset: 2, records })])
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: first.length, max: set.length }), async end => {
        const cut = set.subarray(0, end)
        const { responses } = await decodeByKafkajs(encodeFetchResponse('topic', [{ partition: 0, recordSet: cut }]))
        const expected = responses[0]?.partitions[0]?.messages.map(({ offset }) => Number(offset))
        expect((await read(cut)).seen).toEqual(expected)
      })
    )
  })

  test('without a whole batch is refused: it would be asked for without end', async () => {
    const batch = await encodeBatch({ firstOffset: 0, records: [value('a')] })
    for (const end of [1, 16, 30, batch.length - 1])
      expect(() => readRecordSet(batch.subarray(0, end))).toThrow(expect.objectContaining({ code: 'RECORDS_CORRUPT' }))
    expect(readRecordSet(Buffer.alloc(0))).toBeUndefined()
  })

  test('passes batches that compaction left without records, compressed or not', async () => {
    const record = { records: [value('a')] }
    const compression = CompressionTypes.GZIP
    const empty = await setOf({ firstOffset: 1, lastOffset: 4 }, { firstOffset: 5, lastOffset: 8 })
    empty.writeInt16BE(compression, 61 + 21)
    const set = Buffer.concat([await setOf({ firstOffset: 0, ...record }), empty])
    expect(await read(set)).toEqual({ seen: [0], last: 8 })
    expect(await read(empty)).toEqual({ seen: [], last: 8 })
  })

  test('of which a head does not say where its batch ends is read up to there, and named when nothing else is left', async () => {
    const good = await encodeBatch({ firstOffset: 6, records: [value('a')] })
    for (const [at, byte] of [
      [16, 3],
      [11, 48],
      [0, 0x80]
    ] as const) {
      const broken = await encodeBatch({ firstOffset: 7, records: [value('b')] })
      broken[at] = byte
      expect(await read(Buffer.concat([good, broken]))).toEqual({ seen: [6], last: 6 })
      const partitions = [
        { partition: 3, recordSet: broken },
        { partition: 4, recordSet: good }
      ]
      const told: unknown[] = []
      const { responses } = decodeFetchResponse(encodeFetchResponse('topic', partitions), each => told.push(each))
      expect(told).toEqual([
        {
          topic: 'topic',
          partition: 3,
          error: expect.objectContaining({ code: expect.stringMatching(/^(RECORDS|KAFKA)_/) })
        }
      ])
      expect(responses[0]?.partitions.map(({ messages }) => messages.length)).toEqual([0, 1])
    }
  })
})

describe('aborted transactions', () => {
  const data = (producerId: number, firstOffset: number): EncodedBatch => ({
    producerId,
    firstOffset,
    transactional: true,
    records: [value('a')]
  })

  test('of which many were open where a fetch begins are left out, all of them', async () => {
    const set = await setOf(data(3, 100), data(2, 101), data(1, 102), data(4, 103))
    const aborted = [10, 20, 30].map((firstOffset, index) => ({ producerId: index + 1, firstOffset }))
    expect(await read(set, aborted)).toEqual({ seen: [103], last: 103 })
    expect(await read(set, aborted.toReversed())).toEqual({ seen: [103], last: 103 })
    // kafkajs takes one transaction off its list for each message: at 100 only that of producer 1.
    const payload = encodeFetchResponse('topic', [{ partition: 0, recordSet: set, aborted }])
    const [partition] = (await decodeByKafkajs(payload)).responses.flatMap(({ partitions }) => partitions)
    expect(filterByKafkajs(partition).map(({ offset }) => offset)).toEqual(['100', '103'])
  })

  test('end with the ABORT marker of their producer, and with nothing else', async () => {
    const marker = (producerId: number, firstOffset: number, control: 'ABORT' | 'COMMIT'): EncodedBatch => ({
      producerId,
      firstOffset,
      control
    })
    const set = await setOf(
      data(1, 0),
      data(2, 1),
      { firstOffset: 2, producerId: 1, records: [value('not of a transaction')] },
      marker(2, 3, 'COMMIT'),
      data(1, 4),
      { firstOffset: 5, records: [{ key: Buffer.alloc(4), value: Buffer.from('no marker, for all its key') }] },
      data(1, 6),
      marker(1, 7, 'ABORT'),
      data(1, 8),
      marker(1, 9, 'COMMIT')
    )
    expect(await read(set, [{ producerId: 1, firstOffset: 0 }])).toEqual({ seen: [1, 2, 5, 8], last: 9 })
  })

  test('however producers interleave, what is seen is what was committed, wherever a fetch begins', async () => {
    const step = fc.record({
      producer: fc.nat(3),
      what: fc.constantFrom('send', 'send', 'send', 'send', 'abort', 'abort', 'commit')
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(), async (steps, pick) => {
        const log: EncodedBatch[] = []
        const open = new Map<number, number[]>()
        const committed: number[] = []
        const aborted: { producerId: number; firstOffset: number; end: number }[] = []
        const end = (producerId: number, how: 'abort' | 'commit') => {
          const [firstOffset, ...more] = open.get(producerId) ?? []
          if (firstOffset === undefined) return
          open.delete(producerId)
          log.push({ producerId, firstOffset: log.length, control: how === 'abort' ? 'ABORT' : 'COMMIT' })
          if (how === 'commit') committed.push(firstOffset, ...more)
          else aborted.push({ producerId, firstOffset, end: log.length - 1 })
        }
        for (const { producer, what } of steps) {
          if (what !== 'send') end(producer, what as 'abort' | 'commit')
          else {
            open.set(producer, [...(open.get(producer) ?? []), log.length])
            log.push(data(producer, log.length))
          }
        }
        for (const producer of [...open.keys()]) end(producer, 'commit')
        if (log.length === 0) return
        const from = pick % log.length
        const set = await setOf(...log.slice(from))
        // As a broker does: those that reach into what is fetched.
        const reaching = aborted.filter(each => each.end >= from)
        expect(await read(set, reaching)).toEqual({
          seen: committed.filter(offset => offset >= from).sort((one, other) => one - other),
          last: log.length - 1
        })
      }),
      { numRuns: runs(400) }
    )
  })
})
