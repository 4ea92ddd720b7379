import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { avroType, composeEnvelope } from '../../../schemas/index.ts'
import { BadRecordError, type RecordFault } from '../../../trail/errors.ts'
import { CopyBuffer } from '../../../trail/rows/copy-buffer.ts'
import { readRow, type TrailRow } from '../../../trail/rows/copy-row.ts'
import { compileRowEncoder, type RowEncoder } from '../../../trail/rows/row-encoder.ts'
import { wire } from '../../support/kafka/wire.ts'
import { anyText, runs } from '../../support/properties.ts'
import { noWho, plainEncoder } from '../../support/trail/plain-rows.ts'

const eventName = 'lesson.published'
const { type } = catalogue.version(eventName)
const straightOf = (version: number) => compileRowEncoder(type, eventName, [version])
const plainOf = (version: number) => plainEncoder(type, eventName, [version])
const straight = straightOf(2)
const plain = plainOf(2)

const source = { partition: 3, offset: 9_007_199_254_740_000 }

const before = Buffer.from('before')
const behind = Buffer.alloc(64, 2)

/** The row, or the fault: of a value within a larger buffer, written after what another buffer holds. */
function encode(encoder: RowEncoder, value: Buffer): Buffer | RecordFault {
  const out = new CopyBuffer(4)
  out.raw(before)
  try {
    encoder(Buffer.concat([before, value, behind]), before.length, before.length + value.length, source, out)
  } catch (error) {
    expect(error).toBeInstanceOf(BadRecordError)
    expect(out.at).toBe(before.length)
    return (error as BadRecordError).fault
  }
  expect(out.bytes.subarray(0, before.length)).toEqual(before)
  return out.bytes.subarray(before.length, out.at)
}

/** The bytes of the row, or the fault with all it says. */
function outcome(encoder: RowEncoder, value: Buffer): string {
  const made = encode(encoder, value)
  return Buffer.isBuffer(made) ? made.toString('hex') : `${made.code} ${made.eventId ?? 'no id'} ${made.reason}`
}

function rowOf(encoder: RowEncoder, value: Buffer): TrailRow {
  const made = encode(encoder, value)
  if (!Buffer.isBuffer(made)) throw new Error(made.reason)
  return readRow(made, 0, made.length)
}

const envelope = (facts: object = {}) => ({
  id: randomUUID(),
  aggregate_id: randomUUID(),
  occurred_at: 1_700_000_000_123_456n,
  event_name: eventName,
  payload: { lesson_id: randomUUID(), instructor_id: randomUUID(), course_id: randomUUID(), title: 'Fractions' },
  schema_version: 2,
  ...facts
})
const encoded = (facts: object = {}) => wire(7, type.toBuffer(envelope(facts)))

test('writes the same row, or refuses for the same reason, as the plain way', { timeout: 60_000 }, () => {
  const maybe = <T>(good: fc.Arbitrary<T>, bad: fc.Arbitrary<T>) =>
    fc.oneof({ weight: 9, arbitrary: good }, { weight: 1, arbitrary: bad })
  const id = maybe(
    fc.uuid().chain(uuid => fc.constantFrom(uuid, uuid.toUpperCase())),
    fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.uuid().map(uuid => uuid.replace('-', 'x')),
      fc.uuid().map(uuid => `${uuid}0`)
    )
  )
  const micros = maybe(
    fc.bigInt({ min: 0n, max: 253_402_300_799_999_999n }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  )
  const title = anyText({ maxLength: 30 })
  fc.assert(
    fc.property(
      id,
      id,
      micros,
      title,
      maybe(fc.constant(eventName), fc.string()),
      maybe(fc.constant(2), fc.integer()),
      (...facts) => {
        const [one, other, occurred_at, text, event_name, schema_version] = facts
        const payload = { ...envelope().payload, title: text }
        const value = encoded({ id: one, aggregate_id: other, occurred_at, event_name, schema_version, payload })
        expect(outcome(straight, value)).toBe(outcome(plain, value))
      }
    ),
    { numRuns: runs(10_000) }
  )
})

test('any bytes become the same row by both ways, or none', { timeout: 60_000 }, () => {
  const strike = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) })
  fc.assert(
    fc.property(fc.array(strike, { maxLength: 3 }), fc.nat({ max: 3 }), (strikes, cut) => {
      const value = encoded()
      for (const { at, byte } of strikes) value[5 + (at % (value.length - 5))] = byte
      const [one, other] = [straight, plain].map(encoder => encode(encoder, value.subarray(0, value.length - cut)))
      expect(Buffer.isBuffer(one)).toBe(Buffer.isBuffer(other))
      if (Buffer.isBuffer(one)) expect(one).toEqual(other)
    }),
    { numRuns: runs(10_000) }
  )
})

describe('a row', () => {
  test('holds the coordinates, the ids and the time to the microsecond', () => {
    const facts = envelope()
    const { payload, ...row } = rowOf(straight, encoded({ ...facts, id: facts.id.toUpperCase() }))
    expect(row).toEqual({
      id: facts.id,
      aggregateId: facts.aggregate_id,
      occurredAt: facts.occurred_at,
      eventName,
      schemaVersion: 2,
      ...noWho,
      ...source
    })
    expect(JSON.parse(payload)).toEqual(facts.payload)
  })

  test.each([
    ['the first moment', 0n],
    ['before 2000, where Postgres begins to count', 946_684_799_999_999n],
    ['2000', 946_684_800_000_000n],
    ['the last that takes the short way', 2n ** 52n - 1n],
    ['the first that does not', 2n ** 52n],
    ['past 2^53 microseconds', 9_300_000_000_000_001n],
    ['the last moment', 253_402_300_799_999_999n]
  ])('reports %s', (_, occurred_at) => {
    expect(rowOf(straight, encoded({ occurred_at })).occurredAt).toBe(occurred_at)
  })

  test.each([straightOf, plainOf])('has a version of up to 32,767, as its column (%o)', compile => {
    const version = (schema_version: number) => encode(compile(schema_version), encoded({ schema_version }))
    expect(rowOf(compile(32_767), encoded({ schema_version: 32_767 })).schemaVersion).toBe(32_767)
    expect(version(32_768)).toMatchObject({
      code: 'POSTGRES_REFUSED',
      reason: 'Postgres refuses the row (SQLSTATE 22003)',
      eventId: expect.any(String)
    })
    expect(version(65_538)).toMatchObject({ code: 'POSTGRES_REFUSED' })
  })
})

test('bytes that are cut short or left over are refused, wherever', () => {
  const value = encoded()
  for (let length = 5; length < value.length; length += 1) {
    expect(outcome(straight, value.subarray(0, length))).toMatch(/^(DECODE_FAILED|ID_INVALID)/)
  }
  expect(outcome(straight, Buffer.concat([value, Buffer.from('more')]))).toMatch(/^DECODE_FAILED/)
})

describe('fields in another order than ours', () => {
  const { fields, ...record } = composeEnvelope(eventName, catalogue.version(eventName).payload)
  const other = avroType({ ...record, fields: fields.toReversed() })
  const reordered = compileRowEncoder(other, eventName, [2])
  const value = (facts: object = {}) => wire(7, other.toBuffer(envelope(facts)))

  test('make the same row', () => {
    const facts = envelope()
    expect(outcome(reordered, wire(7, other.toBuffer(facts)))).toBe(outcome(straight, wire(7, type.toBuffer(facts))))
  })

  test.each([
    ['an id that is none', { id: 'x' }],
    ['an aggregate that is none', { aggregate_id: 'x' }],
    ['a time out of range', { occurred_at: -1n }],
    ['the name of another event', { event_name: 'badge.awarded' }],
    ['a version of another schema', { schema_version: 3 }]
  ])('have the same faults as when they are decoded first: %s', (_, facts) => {
    const wrong = value(facts)
    expect(outcome(reordered, wrong)).toMatch(/^[A-Z_]+ /)
    expect(outcome(reordered, wrong)).toBe(outcome(plainEncoder(other, eventName, [2]), wrong))
  })

  test('are refused where bytes are cut short or left over', () => {
    const whole = value()
    for (let length = 5; length < whole.length; length += 1)
      expect(outcome(reordered, whole.subarray(0, length))).toMatch(/^DECODE_FAILED/)
    expect(outcome(reordered, Buffer.concat([whole, Buffer.from('more')]))).toMatch(/^DECODE_FAILED/)
  })
})
