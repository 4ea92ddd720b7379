import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PackedRecords, Records } from '../../../kafka/index.ts'
import { readRecordSet } from '../../../kafka/log/fetch-decoder.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { byteRangesOf, rowsOf } from '../../../sink/write/pages.ts'
import { PageEncoder } from '../../../trail/encoding/page-encoder.ts'
import type { KnownSchema } from '../../../trail/encoding/schema-book.ts'
import { CopyBuffer } from '../../../trail/rows/copy-buffer.ts'
import { compileRowEncoder } from '../../../trail/rows/row-encoder.ts'
import { contentOf } from '../../../trail/types.ts'
import { encodeBatch } from '../../support/kafka/record-batches.ts'
import { wire } from '../../support/kafka/wire.ts'
import { chunk } from '../sink/chunks.ts'

const version = catalogue.version('badge.awarded')
const schemaId = 7
const known: KnownSchema = {
  kind: 'known',
  versions: [version.version],
  encode: compileRowEncoder(version.type, 'badge.awarded', [version.version])
}
/** A book that knows one schema, once it was asked to learn it. */
function bookOf(learnt = true) {
  let knows = learnt
  return {
    find: (_subject: string, id: number) => (knows && id === schemaId ? known : undefined),
    learn: async () => {
      knows = true
      return known
    },
    doubt: () => false,
    generation: 0
  }
}
const decoderOf = (book = bookOf()) => new PageEncoder(book, { topic: 'badge.awarded', partition: 2 }, 'badge.awarded')

// As a careless producer would: nothing is checked.
const badge = (reason: string) =>
  wire(
    schemaId,
    version.type.toBuffer({
      id: randomUUID(),
      aggregate_id: randomUUID(),
      occurred_at: 1_700_000_000_000_000n,
      event_name: 'badge.awarded',
      payload: { badge_id: randomUUID(), awarded_to: randomUUID(), reason },
      schema_version: version.version
    })
  )

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

const kinds = ['good', 'with U+0000', 'no value', 'no key', 'garbage'] as const
const faults: Partial<Record<(typeof kinds)[number], string>> = {
  'no value': 'NULL_VALUE',
  'no key': 'NULL_KEY',
  garbage: 'NOT_WIRE_FORMAT'
}

function valueFor(kind: (typeof kinds)[number]): Buffer | null {
  if (kind === 'no value') return null
  if (kind === 'garbage') return Buffer.from('garbage')
  return badge(kind === 'with U+0000' ? 'a\u0000b' : 'Ten quizzes')
}

describe('decoding a fetch', () => {
  it('makes of every offset a row, a fault or a gap, and finds each row and its record again', async () => {
    const steps = fc.array(fc.record({ kind: fc.constantFrom(...kinds), gap: fc.nat(2) }), {
      minLength: 1,
      maxLength: 12
    })
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(6), fc.nat(3), async (made, skip, tail) => {
        let offset = 99
        const log = made.map(({ kind, gap }) => {
          offset += 1 + gap
          return { kind, offset, key: kind === 'no key' ? null : Buffer.from('key'), value: valueFor(kind) }
        })
        const last = offset + tail
        const bytes = await encodeBatch({
          firstOffset: 100,
          lastOffset: last,
          records: log.map(({ offset, key, value }) => ({ offsetDelta: offset - 100, key, value }))
        })
        const fetched = readRecordSet(bytes)
        const portion = new PackedRecords(fetched?.batches ?? [], 0).portion()
        const first = Math.min(100 + skip, last)
        const buffer = new CopyBuffer()
        buffer.raw(Buffer.from('before'))
        const encoded = decoderOf().encodePage(portion, { first, last }, buffer)
        if (encoded.kind !== 'encoded') throw new Error('the schema is known')
        const { page, badRecords, skipped } = encoded
        const wanted = log.filter(each => each.offset >= first)
        const bad = wanted.filter(({ kind }) => faults[kind])
        const good = wanted.filter(({ kind }) => !faults[kind])
        expect(badRecords.map(({ offset, fault }) => [offset, fault.code])).toEqual(
          bad.map(({ offset, kind }) => [offset, faults[kind]])
        )
        expect(page.rows + badRecords.length + skipped).toBe(last - first + 1)
        const whole = chunk(first, page.rows, { pages: [page] })
        const rows = rowsOf({ buffer, chunks: [whole], rows: page.rows, bytes: 0, trigger: 'rows' }, whole)
        expect(rows.map(({ offset }) => offset)).toEqual(good.map(({ offset }) => offset))
        expect(rows.map(({ record }) => record.value)).toEqual(good.map(({ value }) => value))
        expect(rows.map(row => contentOf(row).offset)).toEqual(good.map(({ offset }) => offset))
        expect(page.suspects).toEqual(
          rows.filter((_, index) => good[index]?.kind === 'with U+0000').map(({ start }) => start)
        )
        expect(byteRangesOf([whole])).toEqual([{ start: 6, end: buffer.at }])
      })
    )
  })

  it('writes who caused each event, and quarantines none for what its headers say', async () => {
    const headers: Record<string, Buffer>[] = [
      { source: Buffer.from('gradebook'), actor: Buffer.from('teacher-7'), traceparent: Buffer.from(traceparent) },
      {},
      { actor: Buffer.from('ada@school.example'), traceparent: Buffer.from('none'), source: Buffer.from([0]) },
      { actor: Buffer.from('student-1') }
    ]
    const bytes = await encodeBatch({
      firstOffset: 0,
      records: headers.map(each => ({ key: Buffer.from('key'), value: badge('Ten quizzes'), headers: each }))
    })
    const portion = new PackedRecords(readRecordSet(bytes)?.batches ?? [], 0).portion()
    const buffer = new CopyBuffer()
    const encoded = decoderOf().encodePage(portion, { first: 0, last: 3 }, buffer)
    if (encoded.kind !== 'encoded') throw new Error('the schema is known')
    expect(encoded.badRecords).toEqual([])
    const whole = chunk(0, 4, { pages: [encoded.page] })
    const rows = rowsOf({ buffer, chunks: [whole], rows: 4, bytes: 0, trigger: 'rows' }, whole).map(contentOf)
    expect(rows.map(({ source, actor, traceparent }) => [source, actor, traceparent])).toEqual([
      ['gradebook', 'teacher-7', traceparent],
      [null, null, null],
      [null, null, null],
      [null, 'student-1', null]
    ])
    expect(rows.map(({ offset }) => offset)).toEqual([0, 1, 2, 3])
  })

  it('writes nothing when it has to learn a schema first, and all of it after that', async () => {
    const bytes = await encodeBatch({
      firstOffset: 0,
      records: [
        { key: Buffer.from('key'), value: null },
        { key: Buffer.from('key'), value: badge('Ten quizzes') }
      ]
    })
    const portion = new PackedRecords(readRecordSet(bytes)?.batches ?? [], 0).portion()
    const encoder = decoderOf(bookOf(false))
    const buffer = new CopyBuffer()
    expect(encoder.encodePage(portion, { first: 0, last: 1 }, buffer)).toEqual({
      kind: 'needs schemas',
      ids: [schemaId]
    })
    expect(buffer.at).toBe(0)
    await encoder.learn([schemaId])
    expect(encoder.encodePage(portion, { first: 0, last: 1 }, buffer)).toMatchObject({
      kind: 'encoded',
      page: { rows: 1 },
      badRecords: [{ offset: 0 }]
    })
  })
})

it('learns all schemas of a fetch at once, and keeps what the book forgets until the fetch is encoded', async () => {
  const ids = Array.from({ length: 300 }, (_, n) => 1_000 + n)
  const garbage = ids.map(id => ({ key: Buffer.from('key'), value: wire(id, Buffer.alloc(0)) }))
  const good = { key: Buffer.from('key'), value: badge('Ten quizzes') }
  const bytes = await encodeBatch({ firstOffset: 0, records: [...garbage, good, ...garbage] })
  const portion = new PackedRecords(readRecordSet(bytes)?.batches ?? [], 0).portion()
  const asked: number[] = []
  const forgetful = {
    ...bookOf(),
    learn: async (_subject: string, _eventName: string, id: number) => {
      asked.push(id)
      return { kind: 'unusable', fault: { code: 'SCHEMA_UNKNOWN', reason: 'unknown' }, until: 0 } as const
    }
  }
  const encoder = new PageEncoder(forgetful, { topic: 'badge.awarded', partition: 2 }, 'badge.awarded')
  const whole = { first: 0, last: 600 }
  expect(encoder.encodePage(portion, whole, new CopyBuffer())).toEqual({ kind: 'needs schemas', ids })
  await encoder.learn(ids)
  expect(asked).toEqual(ids)
  const encoded = encoder.encodePage(portion, whole, new CopyBuffer())
  expect(encoded).toMatchObject({ kind: 'encoded', page: { rows: 1 } })
  expect(encoded.kind === 'encoded' && encoded.badRecords.length).toBe(600)
  // Of the next fetch the book is asked again.
  expect(encoder.encodePage(portion, whole, new CopyBuffer())).toEqual({ kind: 'needs schemas', ids })
})

it('asks for so many schemas at once, however many values name one', async () => {
  const ids = Array.from({ length: 2_500 }, (_, n) => 1_000 + n)
  const records = ids.map(id => ({ key: Buffer.from('key'), value: wire(id, Buffer.alloc(0)) }))
  const portion = new PackedRecords(
    readRecordSet(await encodeBatch({ firstOffset: 0, records }))?.batches ?? [],
    0
  ).portion()
  const learn = async () => ({ kind: 'unusable', fault: { code: 'SCHEMA_UNKNOWN', reason: 'no' }, until: 0 }) as const
  const encoder = new PageEncoder({ ...bookOf(), learn }, { topic: 'badge.awarded', partition: 2 }, 'badge.awarded')
  const asked: number[][] = []
  for (;;) {
    const encoded = encoder.encodePage(portion, { first: 0, last: 2_499 }, new CopyBuffer())
    if (encoded.kind === 'encoded') {
      expect([encoded.last, encoded.badRecords.length]).toEqual([2_499, 2_500])
      break
    }
    asked.push([...encoded.ids])
    await encoder.learn(encoded.ids)
  }
  expect(asked.map(({ length }) => length)).toEqual([1_000, 1_000, 500])
  expect(asked.flat()).toEqual(ids)
})

it('takes so many refused records at once, and the rest from there on', async () => {
  const count = 25_000
  const good = { key: Buffer.from('key'), value: badge('Ten quizzes') }
  const records = Array.from({ length: count }, (_, n) => (n % 5_000 === 2_500 ? good : { value: null }))
  const bytes = await encodeBatch({ firstOffset: 0, records })
  const portion = new PackedRecords(readRecordSet(bytes)?.batches ?? [], 0).portion()
  const encoder = decoderOf()
  const taken: { rows: number; refused: number; skipped: number; last: number }[] = []
  for (let first = 0; first < count; first = (taken.at(-1)?.last ?? count) + 1) {
    const encoded = encoder.encodePage(portion, { first, last: count - 1 }, new CopyBuffer())
    if (encoded.kind !== 'encoded') throw new Error('the schema is known')
    const { page, badRecords, skipped, last } = encoded
    expect(badRecords[0]?.offset).toBe(first)
    expect(page.rows + badRecords.length + skipped).toBe(last - first + 1)
    taken.push({ rows: page.rows, refused: badRecords.length, skipped, last })
  }
  expect(taken.map(({ refused }) => refused)).toEqual([10_000, 10_000, 4_995])
  expect(taken.map(({ rows }) => rows)).toEqual([2, 2, 1])
})

describe('batches that cannot be read', () => {
  const code = 'BATCH_UNREADABLE'
  const batch = (baseOffset: number, lastOffset: number) => ({
    code: code as 'BATCH_UNREADABLE',
    reason: 'the records of the batch cannot be decompressed',
    baseOffset,
    lastOffset,
    bytes: Buffer.from(`batch ${baseOffset}`),
    timestamp: 7
  })

  it('are refused whole, as far as they are of the offsets that are taken', () => {
    const unreadable = [batch(0, 4), batch(5, 9), batch(12, 14), batch(18, 30), batch(31, 40)]
    const encoded = decoderOf().encodePage(
      { records: new Records([], 0), unreadable },
      { first: 7, last: 20 },
      new CopyBuffer()
    )
    if (encoded.kind !== 'encoded') throw new Error('there is nothing to learn')
    expect(encoded.badRecords.map(({ offset, lastOffset }) => [offset, lastOffset])).toEqual([
      [7, 9],
      [12, 14],
      [18, 20]
    ])
    // 10, 11 and 15 to 17.
    expect(encoded).toMatchObject({ skipped: 5, page: { rows: 0 }, lastPlace: undefined })
    expect(encoded.badRecords[0]).toMatchObject({
      fault: { code },
      record: { offset: 7, key: null, value: Buffer.from('batch 5'), headers: [], timestamp: 7 }
    })
  })
})

describe('the chunks of some chunks', () => {
  it('are joined where nothing of another chunk is between', () => {
    const page = (start: number, end: number) => ({
      records: new Records([], 0),
      start,
      end,
      rows: 1,
      suspects: []
    })
    const a = chunk(0, 2, { pages: [page(0, 10), page(20, 30)] })
    const b = chunk(0, 2, { pages: [page(10, 20), page(30, 40)] })
    expect(byteRangesOf([b, a])).toEqual([{ start: 0, end: 40 }])
    expect(byteRangesOf([a])).toEqual([
      { start: 0, end: 10 },
      { start: 20, end: 30 }
    ])
  })
})
