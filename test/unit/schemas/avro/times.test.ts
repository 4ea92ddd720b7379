import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AvroSchema,
  catalogueOf,
  completePayload,
  ExactNumber,
  payloadFromJson
} from '../../../../schemas/index.ts'

const versionOf = (...types: AvroSchema[]) =>
  catalogueOf({
    'thing.done': [{ type: 'record', name: 'T', fields: types.map((type, index) => ({ name: `f${index}`, type })) }]
  }).version('thing.done')
const long = (logicalType: string) => ({ type: 'long', logicalType })
const int = (logicalType: string) => ({ type: 'int', logicalType })
const complete = (type: AvroSchema, value: unknown) => completePayload(versionOf(type), { f0: value }).f0
const fromJson = (type: AvroSchema, value: unknown) => payloadFromJson(versionOf(type), { f0: value }).f0

const moment = new Date('2026-09-01T08:00:00.123Z')
const ms = 1_788_249_600_123n

describe('a type of time', () => {
  it.each<[AvroSchema, unknown, unknown]>([
    [long('timestamp-millis'), moment, ms],
    [long('timestamp-micros'), moment, ms * 1_000n],
    [long('timestamp-nanos'), moment, ms * 1_000_000n],
    [long('timestamp-micros'), ms * 1_000n + 456n, ms * 1_000n + 456n],
    [long('timestamp-micros'), new Date('0001-01-01T00:00:00Z'), -62_135_596_800_000_000n],
    [long('timestamp-millis'), new Date('9999-12-31T23:59:59.999Z'), 253_402_300_799_999n],
    [long('local-timestamp-millis'), '2026-09-01T08:00:00.123', ms],
    [long('local-timestamp-micros'), '2026-09-01T08:00', (ms - 123n) * 1_000n],
    [long('local-timestamp-nanos'), '2026-09-01T08:00:00.123456789', ms * 1_000_000n + 456_789n],
    [int('date'), '2026-11-26', 20_783],
    [int('date'), new Date('2026-11-26'), 20_783],
    [int('date'), '0001-01-01', -719_162],
    [int('date'), '9999-12-31', 2_932_896],
    [int('date'), '2024-02-29', 19_782],
    [int('date'), 20_783, 20_783],
    [int('time-millis'), 86_399_999, 86_399_999],
    [long('time-micros'), 86_399_999_999n, 86_399_999_999n],
    [['null', long('timestamp-micros')], moment, ms * 1_000n],
    [['null', int('date')], '2026-11-26', 20_783],
    [['string', int('date')], '2026-11-26', '2026-11-26'],
    [['string', int('date')], new Date('2026-11-26'), 20_783],
    [[int('date'), long('timestamp-millis')], new Date('2026-11-26'), 1_795_651_200_000n],
    [['null', long('local-timestamp-millis')], '2026-09-01T08:00:00.123', ms],
    [{ type: 'array', items: long('timestamp-millis') }, [moment], [ms]]
  ])('%j takes %s', (type, given, stored) => {
    expect(complete(type, given)).toEqual(stored)
  })

  const micros =
    '`f0` must be a Date, or microseconds since 1970-01-01 UTC as a bigint, from the year 1 to 9999; a plain number is not taken'
  it.each<[AvroSchema, unknown, string]>([
    [long('timestamp-micros'), Date.now(), micros],
    [['null', long('timestamp-micros')], Date.now(), micros],
    [['int', long('timestamp-millis')], Date.now(), 'milliseconds since 1970-01-01 UTC'],
    [long('timestamp-micros'), Date.now() / 1_000, micros],
    [long('timestamp-micros'), '2026-09-01T08:00:00Z', 'must be a Date, or microseconds'],
    [long('timestamp-micros'), -62_135_596_800_000_001n, 'from the year 1 to 9999'],
    [long('timestamp-micros'), 253_402_300_800_000_000n, 'from the year 1 to 9999'],
    [long('timestamp-millis'), BigInt(Date.now()) * 1_000n, 'milliseconds since 1970-01-01 UTC'],
    [long('timestamp-millis'), new Date(Number.NaN), 'must be a Date'],
    [long('timestamp-nanos'), new Date('2500-01-01'), 'nanoseconds since 1970-01-01 UTC'],
    [long('local-timestamp-micros'), moment, 'must be text such as "2026-09-01T08:00:00", or microseconds'],
    [long('local-timestamp-micros'), '2026-09-01T08:00:00Z', 'in local time as a bigint'],
    [long('local-timestamp-millis'), '2026-09-01T08:00:00.1234', 'in local time as a bigint'],
    [int('date'), 20261126, 'days since 1970-01-01 as a number, from the year 1 to 9999'],
    [int('date'), 1.5, 'must be text such as "2026-09-01", a Date at midnight UTC, or days since 1970-01-01'],
    [int('date'), moment, 'a Date at midnight UTC'],
    [int('date'), '2026-02-30', 'text such as "2026-09-01"'],
    [int('date'), '2025-02-29', 'text such as "2026-09-01"'],
    [int('date'), '2026-9-1', 'text such as "2026-09-01"'],
    [int('date'), '0000-12-31', 'from the year 1'],
    [int('time-millis'), 86_400_000, 'must be milliseconds since midnight as a number, below 24 hours'],
    [int('time-millis'), -1, 'below 24 hours'],
    [int('time-millis'), moment, 'milliseconds since midnight'],
    [long('time-micros'), 86_400_000_000n, 'must be microseconds since midnight as a bigint, below 24 hours'],
    [long('time-micros'), 5, 'a plain number is not taken']
  ])('%j refuses %s', (type, given, message) => {
    expect(() => complete(type, given)).toThrow(message)
    expect(() => complete(type, given)).toThrow(expect.objectContaining({ code: 'PAYLOAD_INVALID', field: 'f0' }))
  })

  it.each<[AvroSchema, unknown, unknown]>([
    [long('timestamp-micros'), 1_788_249_600_123_456, 1_788_249_600_123_456n],
    [long('timestamp-micros'), '2026-09-01T10:00:00.123456+02:00', 1_788_249_600_123_456n],
    [long('local-timestamp-millis'), '2026-09-01T08:00:00.123', ms],
    [int('date'), '2026-11-26', 20_783],
    [int('date'), 20_783, 20_783]
  ])('%j takes %s in JSON', (type, given, stored) => {
    expect(fromJson(type, given)).toEqual(stored)
  })

  it.each<[AvroSchema, unknown, string]>([
    [long('timestamp-micros'), '2026-02-30T08:00:00Z', 'text such as "2026-09-01T08:00:00Z", or microseconds since'],
    [long('timestamp-micros'), '2026-09-01', 'as a whole number, from the year 1 to 9999'],
    [long('timestamp-micros'), 1.5, 'as a whole number'],
    [long('timestamp-micros'), 1e20, 'as a whole number'],
    [int('date'), 20261126, 'days since 1970-01-01 as a whole number']
  ])('%j refuses %s in JSON', (type, given, message) => {
    expect(() => fromJson(type, given)).toThrow(message)
  })
})

describe('a number of JSON that is in the wrong unit', () => {
  const now = 1_795_704_050_651
  it.each<[AvroSchema, number, string]>([
    [
      long('timestamp-micros'),
      now,
      'thing.done version 1: `f0` looks like milliseconds but counts microseconds since 1970-01-01 UTC: multiply it by 1,000, or give text such as "2026-09-01T08:00:00Z"; a time in early 1970 is taken as text only'
    ],
    [long('timestamp-micros'), Math.floor(now / 1_000), '`f0` looks like seconds but counts microseconds'],
    [long('timestamp-millis'), Math.floor(now / 1_000), 'multiply it by 1,000, or give text'],
    [long('timestamp-nanos'), now * 1_000, '`f0` looks like microseconds but counts nanoseconds'],
    [long('timestamp-nanos'), now, '`f0` looks like milliseconds but counts nanoseconds'],
    [long('timestamp-nanos'), Math.floor(now / 1_000), 'multiply it by 1,000,000,000'],
    [
      long('local-timestamp-micros'),
      now,
      'in local time: multiply it by 1,000, or give text such as "2026-09-01T08:00:00"'
    ],
    [long('local-timestamp-millis'), Math.floor(now / 1_000), '`f0` looks like seconds but counts milliseconds'],
    [['null', long('timestamp-micros')], now, '`f0` looks like milliseconds'],
    [[int('date'), long('timestamp-micros')], now, '`f0` looks like milliseconds'],
    [{ type: 'array', items: long('timestamp-micros') }, now, '`f0[0]` looks like milliseconds']
  ])('%j refuses %s', (type, given, message) => {
    const value = typeof type === 'object' && 'items' in type ? [given] : given
    expect(() => fromJson(type, value)).toThrow(message)
    expect(() => fromJson(type, value)).not.toThrow(String(given))
  })

  it('is another type of the union where one takes it', () => {
    expect(fromJson([long('timestamp-micros'), 'int'], 1_795_704_050)).toBe(1_795_704_050)
  })

  it('is every number of early 1970, and all other times and every text are taken', () => {
    for (const [kind, nanos] of [
      ['millis', 1_000_000n],
      ['micros', 1_000n],
      ['nanos', 1n]
    ] as const) {
      const most = 253_402_300_800n * (1_000_000_000n / nanos) - 1n
      const value = fc.oneof(
        fc.bigInt({ min: 0n, max: 5_000_000_000_000n }),
        fc.bigInt({ min: -62_135_596_800n * 1_000n, max: kind === 'nanos' ? 2n ** 63n - 1n : most })
      )
      fc.assert(
        fc.property(value, units => {
          const type = long(`timestamp-${kind}`)
          const inNanos = units * nanos
          const ms = inNanos / 1_000_000n - (inNanos % 1_000_000n < 0n ? 1n : 0n)
          const text = new Date(Number(ms)).toISOString()
          if (/^\d{4}/.test(text)) {
            const rest = String(inNanos - ms * 1_000_000n).padStart(6, '0')
            expect(fromJson(type, text.replace('Z', `${rest}Z`))).toBe(units)
          }
          const number = new ExactNumber(String(units))
          // Early: until the seconds of 2100 are as many ms.
          if (inNanos < 0n || inNanos >= 4_102_444_800_000_000n) expect(fromJson(type, number)).toBe(units)
        })
      )
    }
  })
})

describe('a payload with several wrong fields', () => {
  const version = versionOf(int('date'), long('timestamp-micros'), 'string', { type: 'array', items: 'int' })

  it('is refused with all of them', () => {
    const given = { f0: 20261126, f1: Date.now(), f3: [1, 'x', 2, 1.5], more: 1 }
    expect(() => completePayload(version, given)).toThrow(
      expect.objectContaining({
        field: 'more',
        message: [
          'thing.done version 1: `more` is no field of the schema',
          '`f0` must be text such as "2026-09-01", a Date at midnight UTC, or days since 1970-01-01 as a number, from the year 1 to 9999',
          '`f1` must be a Date, or microseconds since 1970-01-01 UTC as a bigint, from the year 1 to 9999; a plain number is not taken',
          '`f2` is missing',
          '`f3[1]` must be a whole number of 32 bits',
          '`f3[3]` must be a whole number of 32 bits'
        ].join('; ')
      })
    )
  })

  it('is refused without looking at a million of them', () => {
    let looks = 0
    const items = new Proxy(new Array(1_000_000).fill('x'), {
      get(target, name) {
        looks += 1
        return Reflect.get(target, name)
      }
    })
    const work = () => completePayload(version, { f0: 1, f1: 1n, f2: '', f3: items })
    expect(work).toThrow(/`f3\[19\]` must be a whole number of 32 bits; and more$/)
    expect(looks).toBeLessThan(200)
  })

  it('shows no value', () => {
    const secret = 'canary-4711'
    const work = () => completePayload(version, { f0: secret, f1: secret, f2: 7, f3: [secret] })
    expect(work).not.toThrow(secret)
    expect(work).toThrow('`f1`')
  })
})

describe('a payload that nests', () => {
  const node = { type: 'record', name: 'Node', fields: [{ name: 'next', type: ['null', 'Node'], default: null }] }
  const version = catalogueOf({ 'thing.done': [node as never] }).version('thing.done')
  const nested = (levels: number): object => {
    let value: object = {}
    for (let level = 1; level < levels; level += 1) value = { next: value }
    return value
  }

  it('may have a hundred levels, and no more', () => {
    expect(() => completePayload(version, nested(100))).not.toThrow()
    for (const levels of [101, 5_000, 1_000_000])
      expect(() => completePayload(version, nested(levels))).toThrow('must not nest deeper than 100 levels')
    const endless: { next?: object } = {}
    endless.next = endless
    expect(() => completePayload(version, endless)).toThrow('must not nest deeper than 100 levels')
    // What failed leaves nothing.
    expect(() => completePayload(version, nested(100))).not.toThrow()
  })
})
