import { describe, expect, it, test } from 'vitest'
import { maxDepth, maxEmptyItems } from '../../../../schemas/avro/limits.ts'
import { type AvroSchema, avroType, catalogueOf, composeEnvelope, envelopeReader } from '../../../../schemas/index.ts'
import { wire } from '../../../support/kafka/wire.ts'

const uuid = '0190f0a0-aaaa-7000-8000-00000000000b'
const long = avroType('long')

/** An envelope around the bytes of a payload, as any client may send it, and as a group reads it. */
function handled(payload: { readonly name: string; readonly fields: readonly object[] }, bytes: Buffer): unknown {
  const record = { type: 'record', ...payload } as never
  const version = catalogueOf({ 'a.b': [record] }).version('a.b')
  const around = avroType(composeEnvelope('a.b', { type: 'record', name: 'Nothing', fields: [] })).toBuffer({
    id: uuid,
    aggregate_id: uuid,
    occurred_at: 1n,
    event_name: 'a.b',
    payload: {},
    schema_version: 1
  })
  const value = wire(1, Buffer.concat([around.subarray(0, -1), bytes, around.subarray(-1)]))
  return envelopeReader(version, version.envelope)(value).payload
}

describe('a payload nests', () => {
  const list = { name: 'List', fields: [{ name: 'next', type: ['null', 'List'] }] }
  const tree = { name: 'Tree', fields: [{ name: 'branches', type: { type: 'array', items: 'Tree' } }] }
  const map = { name: 'Dict', fields: [{ name: 'entries', type: { type: 'map', values: 'Dict' } }] }

  it.each<[string, typeof list | typeof tree | typeof map, Buffer, Buffer, number]>([
    ['records in unions', list, Buffer.from([2]), Buffer.from([0]), 1],
    ['records in arrays', tree, Buffer.from([2]), Buffer.from([0]), 2],
    ['records in maps', map, Buffer.from([2, 0]), Buffer.from([0]), 2]
  ])('as deep as it may, and no deeper: %s', (_, payload, step, end, levels) => {
    const nested = (steps: number) =>
      Buffer.concat([Buffer.alloc(steps * step.length, step), end, Buffer.alloc(levels === 2 ? steps : 0)])
    // The payload itself is the first level, and the list in its innermost record the last.
    const deepest = Math.floor(maxDepth / levels) - 1
    expect(depthOf(handled(payload, nested(deepest)))).toBe(maxDepth)
    for (const steps of [deepest + 1, 5_000, 1_000_000])
      expect(() => handled(payload, nested(steps))).toThrow(
        expect.objectContaining({ code: 'DECODE_FAILED', message: expect.stringContaining('deeper than 100 levels') })
      )
  })

  it('without counting where the schema does not let it nest so deep', () => {
    const deep = Array.from({ length: 20 }).reduce<AvroSchema>(items => ({ type: 'array', items }), 'int')
    const bytes = Buffer.concat([Buffer.alloc(19, 2), Buffer.from([2, 14]), Buffer.alloc(20)])
    expect(depthOf(handled({ name: 'Deep', fields: [{ name: 'x', type: deep }] }, bytes))).toBe(21)
  })
})

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0

describe('items without bytes', () => {
  const nothing = { type: 'record', name: 'Nothing', fields: [{ name: 'a', type: 'null' }] }
  const block = (count: number) => Buffer.concat([long.toBuffer(BigInt(count)), Buffer.from([0])])

  test.each<[string, AvroSchema]>([
    ['nulls', 'null'],
    ['records of nulls', nothing],
    ['fixed of no size', { type: 'fixed', name: 'F', size: 0 }]
  ])('are counted: %s', (_, items) => {
    const payload = { name: 'P', fields: [{ name: 'x', type: { type: 'array', items } }] }
    expect(handled(payload, block(maxEmptyItems))).toMatchObject({ x: { length: maxEmptyItems } })
    expect(() => handled(payload, block(maxEmptyItems + 1))).toThrow('more items than there are bytes')
  })

  it('are counted over all arrays of an event, so that 6 KB stay 6 KB', () => {
    const payload = {
      name: 'P',
      fields: [{ name: 'x', type: { type: 'array', items: { type: 'array', items: nothing } } }]
    }
    const inner = block(maxEmptyItems)
    const bytes = Buffer.concat([
      long.toBuffer(1_500n),
      ...Array.from({ length: 1_500 }, () => inner),
      Buffer.from([0])
    ])
    expect(bytes.length).toBeLessThan(8_000)
    expect(() => handled(payload, bytes)).toThrow('more items than there are bytes')
  })

  it('are none where each takes a byte', () => {
    const payload = { name: 'P', fields: [{ name: 'x', type: { type: 'array', items: 'boolean' } }] }
    const count = maxEmptyItems + 10
    const bytes = Buffer.concat([long.toBuffer(BigInt(count)), Buffer.alloc(count, 1), Buffer.from([0])])
    expect(handled(payload, bytes)).toMatchObject({ x: { length: count } })
  })
})

test('a boolean is 0 or 1: what else readers would take for either is refused', () => {
  const flag = { name: 'Flag', fields: [{ name: 'on', type: 'boolean' }] }
  expect([0, 1].map(byte => handled(flag, Buffer.of(byte)))).toEqual([{ on: false }, { on: true }])
  for (const byte of [2, 255])
    expect(() => handled(flag, Buffer.of(byte))).toThrow(expect.objectContaining({ code: 'DECODE_FAILED' }))
})

test('a decimal of a megabyte is refused at once', () => {
  const decimal = { type: 'bytes', logicalType: 'decimal', precision: 6, scale: 2 }
  const payload = { name: 'P', fields: [{ name: 'x', type: decimal }] }
  const bytes = Buffer.concat([long.toBuffer(1_000_000n), Buffer.alloc(1_000_000, 1)])
  expect(() => handled(payload, bytes)).toThrow('more digits than can be kept')
})
