import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { PackedRecords } from '../../../kafka/index.ts'
import { readRecordSet } from '../../../kafka/log/fetch-decoder.ts'
import { type AvroSchema, avroType, composeEnvelope } from '../../../schemas/index.ts'
import { maxValueBytes, PageEncoder } from '../../../trail/encoding/page-encoder.ts'
import type { KnownSchema } from '../../../trail/encoding/schema-book.ts'
import { BadRecordError } from '../../../trail/errors.ts'
import { CopyBuffer, maxRowBytes } from '../../../trail/rows/copy-buffer.ts'
import { compileRowEncoder, type RowEncoder } from '../../../trail/rows/row-encoder.ts'
import { encodeBatch } from '../../support/kafka/record-batches.ts'
import { wire } from '../../support/kafka/wire.ts'
import { plainEncoder } from '../../support/trail/plain-rows.ts'

const eventName = 'thing.done'

/** Both ways to make rows of an event with a payload of the schema, and a value with the bytes of a payload. */
const nested = { type: 'record', name: 'Node', fields: [{ name: 'next', type: ['null', 'Node'] }] }

function eventOf(payload: AvroSchema) {
  const type = avroType(composeEnvelope(eventName, payload as never))
  const head = avroType({ type: 'record', name: 'Head', fields: ['id', 'aggregate_id'].map(text) })
  const middle = avroType({
    type: 'record',
    name: 'Middle',
    fields: [{ name: 'at', type: 'long' }, text('event_name')]
  })
  const value = (bytes: Buffer) =>
    wire(
      7,
      Buffer.concat([
        head.toBuffer({ id: randomUUID(), aggregate_id: randomUUID() }),
        middle.toBuffer({ at: 1_700_000_000_000_000n, event_name: eventName }),
        bytes,
        Buffer.of(2)
      ])
    )
  return { encoders: [compileRowEncoder(type, eventName, [1]), plainEncoder(type, eventName, [1])] as const, value }
}
const text = (name: string) => ({ name, type: 'string' })

/** The code of the fault, or undefined where it is a row; and how large the buffer has become. */
function outcome(encode: RowEncoder, value: Buffer) {
  const out = new CopyBuffer()
  try {
    encode(value, 0, value.length, { partition: 0, offset: 0 }, out)
    return { code: undefined, size: out.bytes.length }
  } catch (error) {
    expect(error).toBeInstanceOf(BadRecordError)
    expect(out.at).toBe(0)
    return { code: (error as BadRecordError).fault.code, size: out.bytes.length }
  }
}
const codes = ({ encoders }: ReturnType<typeof eventOf>, value: Buffer) =>
  encoders.map(encode => outcome(encode, value).code)

const list = (count: number, items = Buffer.alloc(0)) =>
  Buffer.concat([avroType('long').toBuffer(BigInt(count)), items, Buffer.of(0)])

describe('a record', () => {
  it('may nest 100 levels, and not one more, also where its envelope has another order of fields', () => {
    const { fields, ...record } = composeEnvelope(eventName, nested as never)
    const last = avroType({
      ...record,
      fields: [...fields.filter(({ name }) => name !== 'payload'), ...fields.filter(({ name }) => name === 'payload')]
    })
    const encode = compileRowEncoder(last, eventName, [1])
    const bytes = (count: number) => {
      const whole = last.toBuffer({
        id: randomUUID(),
        aggregate_id: randomUUID(),
        occurred_at: 1n,
        event_name: eventName,
        payload: { next: null },
        schema_version: 1
      })
      return wire(7, Buffer.concat([whole.subarray(0, -1), Buffer.alloc(count - 1, 2), Buffer.of(0)]))
    }
    expect(outcome(encode, bytes(100)).code).toBeUndefined()
    for (const count of [101, 5_000, 2_000_000]) expect(outcome(encode, bytes(count)).code).toBe('NESTED_TOO_DEEP')
  })

  it('may nest 100 levels, and not one more', () => {
    const node = eventOf(nested)
    const levels = (count: number) => node.value(Buffer.concat([Buffer.alloc(count - 1, 2), Buffer.of(0)]))
    expect(codes(node, levels(100))).toEqual([undefined, undefined])
    for (const count of [101, 5_000, 2_000_000])
      expect(codes(node, levels(count))).toEqual(['NESTED_TOO_DEEP', 'NESTED_TOO_DEEP'])
  })

  it('may hold 65,536 items without bytes in all of its arrays together', () => {
    const nulls = { type: 'array', items: 'null' }
    const fields = ['one', 'two'].map(name => ({ name, type: nulls }))
    const event = eventOf({ type: 'record', name: 'Lists', fields })
    const both = (one: number, two: number) => event.value(Buffer.concat([list(one), list(two)]))
    expect(codes(event, both(65_000, 536))).toEqual([undefined, undefined])
    expect(codes(event, both(65_000, 537))).toEqual(['DECODE_FAILED', 'DECODE_FAILED'])
    const nested = eventOf({
      type: 'record',
      name: 'Nested',
      fields: [{ name: 'all', type: { type: 'array', items: nulls } }]
    })
    const six = list(1_000, Buffer.concat(Array.from({ length: 1_000 }, () => list(60_000))))
    expect(codes(nested, nested.value(six))).toEqual(['DECODE_FAILED', 'DECODE_FAILED'])
  })

  it('makes a row of 32 MiB at most, and takes no more memory than that on the way', () => {
    const item = { type: 'record', name: 'Item', fields: [{ name: 'n'.repeat(1_000), type: 'boolean' }] }
    const event = eventOf({
      type: 'record',
      name: 'Lists',
      fields: [{ name: 'all', type: { type: 'array', items: item } }]
    })
    const flags = (count: number) => event.value(list(count, Buffer.alloc(count)))
    expect(codes(event, flags(33_000))).toEqual([undefined, undefined])
    const [straight, plain] = event.encoders.map(encode => outcome(encode, flags(40_000)))
    expect([straight?.code, plain?.code]).toEqual(['RECORD_TOO_LARGE', 'RECORD_TOO_LARGE'])
    expect(outcome(event.encoders[0], flags(1_000_000))).toMatchObject({ code: 'RECORD_TOO_LARGE' })
    expect(outcome(event.encoders[0], flags(1_000_000)).size).toBeLessThan(2 * maxRowBytes)
  })
})

describe('a encoder', () => {
  const event = eventOf({
    type: 'record',
    name: 'Lists',
    fields: [
      {
        name: 'all',
        type: {
          type: 'array',
          items: { type: 'record', name: 'Item', fields: [{ name: 'n'.repeat(1_000), type: 'boolean' }] }
        }
      }
    ]
  })
  const known: KnownSchema = { kind: 'known', versions: [1], encode: event.encoders[0] }
  const book = { find: () => known, learn: async () => known, doubt: () => false, generation: 0 }
  const encoder = new PageEncoder(book, { topic: eventName, partition: 0 }, eventName)

  it('refuses a value of more than 16 MiB before anything is made of it', () => {
    const bytes = Buffer.alloc(maxValueBytes + 1)
    const record = { offset: 0, bytes, keyStart: 0, valueStart: 0, valueEnd: bytes.length }
    expect(() => encoder.encodeKept(record, [], new CopyBuffer())).toThrow(
      expect.objectContaining({ fault: expect.objectContaining({ code: 'RECORD_TOO_LARGE' }) })
    )
  })

  it('stops where the rows are many bytes, and continues from there', async () => {
    const value = event.value(list(8_000, Buffer.alloc(8_000)))
    const records = Array.from({ length: 7 }, () => ({ key: Buffer.from('key'), value }))
    const batches = readRecordSet(await encodeBatch({ firstOffset: 10, records }))?.batches ?? []
    const portion = new PackedRecords(batches, 0).portion()
    const ranges: [number, number, number][] = []
    for (let first = 10; first <= 16; ) {
      const out = new CopyBuffer()
      const encoded = encoder.encodePage(portion, { first, last: 16 }, out)
      if (encoded.kind !== 'encoded') throw new Error('the schema is known')
      expect(out.at).toBeLessThan(32 * 1024 * 1024)
      expect(encoded.skipped).toBe(0)
      ranges.push([first, encoded.last, encoded.page.rows])
      first = encoded.last + 1
    }
    expect(ranges).toEqual([
      [10, 12, 3],
      [13, 15, 3],
      [16, 16, 1]
    ])
  })
})
