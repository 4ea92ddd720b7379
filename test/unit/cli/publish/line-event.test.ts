import { describe, expect, it } from 'vitest'
import { BadLine, parseLine } from '../../../../cli/publish/line-event.ts'
import { ExactNumber } from '../../../../schemas/index.ts'

const parse = (line: unknown) => parseLine(Buffer.from(typeof line === 'string' ? line : JSON.stringify(line)))
const good = { aggregate_id: 'a', payload: {} }

describe('a line', () => {
  it('becomes the arguments of publish', () => {
    expect(
      parse({
        ...good,
        ...{ payload: { title: 'x' }, id: 'i', actor: 'w', source: 's', traceparent: 't' },
        occurred_at: 1_700_000_000_000_001
      })
    ).toEqual({
      aggregateId: 'a',
      payload: { title: 'x' },
      options: { id: 'i', actor: 'w', source: 's', traceparent: 't', occurredAt: 1_700_000_000_000_001n }
    })
    expect(parse(`${JSON.stringify(good)}\r`).options).toEqual({})
  })

  it.each([
    ['2026-09-01T08:00:00Z', 1_788_249_600_000_000n],
    ['2026-09-01T10:00:00+02:00', 1_788_249_600_000_000n],
    ['2026-09-01T08:00:00.5Z', 1_788_249_600_500_000n],
    ['2026-09-01T08:00:00.000001Z', 1_788_249_600_000_001n],
    ['2026-09-01T08:00:00.123456Z', 1_788_249_600_123_456n],
    ['1969-12-31T23:59:59.999999Z', -1n],
    ['1970-01-21T18:48:24.050651Z', 1_795_704_050_651n],
    ['2026-09-01', 1_788_220_800_000_000n],
    [-5, -5n]
  ])('has the time %s', (occurred_at, microseconds) => {
    expect(parse({ ...good, occurred_at }).options.occurredAt).toBe(microseconds)
  })

  it('keeps all digits of numbers', () => {
    const { payload } = parse(
      '{"aggregate_id":"a","payload":{"n":9007199254740993,"f":0.1234567890123456789,"g":1e20,"s":"9007199254740993"}}'
    )
    expect(payload).toEqual({
      n: new ExactNumber('9007199254740993'),
      f: new ExactNumber('0.1234567890123456789'),
      g: 1e20,
      s: '9007199254740993'
    })
  })

  it.each([
    ['nonsense secret', /is not JSON/],
    ['{"aggregate_id":"secret"', /is not JSON/],
    ['{"aggregate_id":"a","payload":{"a":"secret","a":"dup key"}}', /a key twice, the second at position 44$/],
    ['{"aggregate_id":"a","aggregate_id":"a","payload":{}}', /a key twice/],
    ['{"aggregate_id":"a","payload":{"a":{"b":[{"c":1.50,"\\u0063":1}]}}}', /a key twice/],
    ['{"aggregate_id":"a","payload":{"__proto__":1,"__proto__":2}}', /a key twice/],
    ['[]', /not a JSON object/],
    ['null', /not a JSON object/],
    [{ payload: {} }, /no `aggregate_id`/],
    [{ aggregate_id: 'secret' }, /no `payload`/],
    [{ aggregate_id: 'a', payload: ['secret'] }, /no `payload`/],
    [{ ...good, occured_at: 'secret' }, /unknown key "occured_at"/],
    [{ ...good, occurred_at: 'secret' }, /`occurred_at`/],
    [{ ...good, occurred_at: '2026-09-01T08:00:00.1234567Z' }, /`occurred_at`/],
    [{ ...good, occurred_at: '2026-13-01T08:00:00Z' }, /`occurred_at`/],
    [{ ...good, occurred_at: '2026-02-30T08:00:00Z' }, /`occurred_at`/],
    [{ ...good, occurred_at: '2026-02-30' }, /`occurred_at`/],
    [{ ...good, occurred_at: 2 ** 60 }, /`occurred_at`/],
    [{ ...good, occurred_at: '2026-09-01T08:00:00' }, /`occurred_at`/],
    [{ ...good, occurred_at: 1.5 }, /`occurred_at`/],
    [{ ...good, occurred_at: 1_795_704_050_651 }, /`occurred_at` that looks like milliseconds but counts microseconds/],
    [{ ...good, occurred_at: 1_795_704_050 }, /`occurred_at` that looks like seconds .* multiply it by 1,000,000,/],
    [{ ...good, id: 7 }, /`id`/],
    [{ ...good, actor: {} }, /has an `actor`/],
    [{ ...good, source: 7 }, /has a `source`/],
    [{ ...good, traceparent: null }, /has a `traceparent`/]
  ])('%j is refused without repeating it', (line, reason) => {
    expect(() => parse(line)).toThrow(BadLine)
    expect(() => parse(line)).toThrow(reason)
    expect(() => parse(line)).not.toThrow(/secret/)
  })

  it('is refused when its bytes are not UTF-8', () => {
    expect(() => parseLine(Buffer.from('7b226122ff7d', 'hex'))).toThrow(/not UTF-8/)
  })
})
