import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BadRecordError } from '../../../trail/errors.ts'
import { offsetOfRow, readRow, readRowId, rowEnd, timestampText } from '../../../trail/rows/copy-row.ts'
import { anyText } from '../../support/properties.ts'
import { copyRow } from '../../support/trail/plain-rows.ts'

const lastMicros = BigInt(Date.UTC(9999, 11, 31, 23, 59, 59, 999)) * 1000n + 999n
const text = anyText()

const rows = fc.record({
  id: fc.uuid(),
  aggregateId: fc.uuid(),
  occurredAt: fc.bigInt({ min: 0n, max: lastMicros }),
  eventName: text,
  payload: text,
  schemaVersion: fc.integer({ min: 1, max: 32_767 }),
  source: fc.option(text),
  actor: fc.option(text),
  traceparent: fc.option(text),
  partition: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  offset: fc.maxSafeInteger().map(Math.abs)
})

describe('a row for COPY', () => {
  it('reads back as what it was written from, wherever it is', () => {
    fc.assert(
      fc.property(rows, fc.uint8Array({ maxLength: 9 }), (row, before) => {
        const written = copyRow(row)
        const bytes = Buffer.concat([before, written, Buffer.from('behind')])
        const [start, end] = [before.length, before.length + written.length]
        expect(readRow(bytes, start, end)).toEqual(row)
        expect(readRowId(bytes, start)).toBe(row.id)
        expect(rowEnd(bytes, start)).toBe(end)
        expect(offsetOfRow(bytes, end)).toBe(row.offset)
        expect(() => readRow(bytes, start, end + 1)).toThrow(TypeError)
      })
    )
  })

  it('is what PostgreSQL describes, byte by byte', () => {
    const row = copyRow({
      id: '00112233-4455-6677-8899-aabbccddeeff',
      aggregateId: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
      occurredAt: 946_684_800_000_001n,
      eventName: 'a.b',
      payload: '{}',
      schemaVersion: 258,
      source: 'desk',
      actor: null,
      traceparent: 'a',
      partition: 3,
      offset: 2 ** 32
    })
    expect(row.toString('hex')).toBe(
      [
        '000b',
        '00000010 00112233445566778899aabbccddeeff',
        '00000010 ffffffffffffffffffffffffffffffff',
        '00000008 0000000000000001',
        '00000003 612e62',
        '00000003 01 7b7d',
        '00000002 0102',
        '00000004 6465736b',
        'ffffffff',
        '00000001 61',
        '00000004 00000003',
        '00000008 0000000100000000'
      ]
        .join('')
        .replaceAll(' ', '')
    )
  })
})

describe('the time of an event', () => {
  it('keeps its microseconds, from 1970 to 9999', () => {
    expect(timestampText(0n)).toBe('1970-01-01T00:00:00.000000+00')
    expect(timestampText(lastMicros)).toBe('9999-12-31T23:59:59.999999+00')
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: lastMicros }), micros => {
        const [, whole, fraction] = /^(.*\.\d{3})(\d{3})\+00$/.exec(timestampText(micros)) ?? []
        expect(BigInt(Date.parse(`${whole}Z`)) * 1000n + BigInt(fraction ?? '')).toBe(micros)
      })
    )
  })

  it.each([-1n, 253_402_300_800_000_000n, 2n ** 63n - 1n, -(2n ** 63n)])('is refused at %s', micros => {
    expect(() => timestampText(micros)).toThrow(BadRecordError)
    expect(() => timestampText(micros)).not.toThrow(String(micros))
  })
})
