import avsc from 'avsc'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AvroSchema, avroType, SchemaError } from '../../../../schemas/index.ts'
import { anyText } from '../../../support/properties.ts'

const roundTrip = (schema: AvroSchema, value: unknown): unknown => {
  const type = avroType(schema)
  return type.fromBuffer(type.toBuffer(value))
}

describe('a long', () => {
  it('keeps all 64 bits', () => {
    const type = avroType('long')
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), value => {
        expect(type.fromBuffer(type.toBuffer(value))).toBe(value)
      })
    )
    for (const value of [0n, -1n, 2n ** 52n, -(2n ** 52n), 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)])
      expect(type.fromBuffer(type.toBuffer(value))).toBe(value)
  })

  it('has the bytes that avsc itself writes', () => {
    const plain = avsc.Type.forSchema('long')
    const type = avroType('long')
    fc.assert(
      fc.property(
        fc.maxSafeInteger().filter(value => Math.abs(value) < 2 ** 52),
        value => {
          expect(type.toBuffer(BigInt(value)).equals(plain.toBuffer(value))).toBe(true)
        }
      )
    )
  })

  it.each(['timestamp-micros', 'timestamp-millis', 'time-micros', 'nonsense'])('is a bigint as %s too', logicalType => {
    expect(roundTrip({ type: 'long', logicalType }, 1_700_000_000_123_456n)).toBe(1_700_000_000_123_456n)
  })

  it('of more than 64 bits is refused', () => {
    const bytes = Buffer.from('ffffffffffffffffff7f', 'hex')
    expect(() => avroType('long').fromBuffer(bytes)).toThrow('more than 64 bits')
  })
})

describe('an int', () => {
  it('of more than 32 bits is refused', () => {
    expect(() => avroType('int').fromBuffer(avroType('long').toBuffer(2n ** 31n))).toThrow('more than 32 bits')
    expect(roundTrip('int', -(2 ** 31))).toBe(-(2 ** 31))
  })
})

describe('a float', () => {
  it('reads as the shortest decimal', () => {
    expect(roundTrip('float', 87.3)).toBe(87.3)
    expect(roundTrip('double', 87.30000305175781)).toBe(87.30000305175781)
  })
})

describe('a string', () => {
  it('holds any text, U+FFFD too', () => {
    fc.assert(
      fc.property(anyText(), text => {
        expect(roundTrip('string', text)).toBe(text)
      })
    )
    expect(roundTrip('string', 'a\ufffdb')).toBe('a\ufffdb')
  })

  it.each(['ff', 'c328', 'eda080', 'f0288cbc', 'c0af', 'e282'])('of the bytes %s is refused, not repaired', hex => {
    const text = Buffer.from(hex, 'hex')
    const bytes = Buffer.concat([Buffer.from([text.length * 2]), text])
    expect(() => avroType('string').fromBuffer(bytes)).toThrow('not valid UTF-8')
    expect(() =>
      avroType({ type: 'map', values: 'int' }).fromBuffer(Buffer.concat([Buffer.from([2]), bytes, Buffer.from([0, 0])]))
    ).toThrow('not valid UTF-8')
  })

  it('that claims more bytes than there are is refused', () => {
    expect(() => avroType('string').fromBuffer(Buffer.from('feffffff0f61', 'hex'))).toThrow('cut short')
    expect(() => avroType('string').fromBuffer(Buffer.from('01', 'hex'))).toThrow('cut short')
  })
})

describe('arrays and maps', () => {
  it('that claim more items than there are bytes are refused at once', () => {
    const count = avroType('long').toBuffer(2n ** 40n)
    for (const schema of [
      { type: 'array', items: 'long' },
      { type: 'array', items: 'null' },
      { type: 'map', values: 'int' }
    ])
      expect(() => avroType(schema).fromBuffer(count)).toThrow(/claims more items|cut short/)
  })

  it('are read in blocks with and without sizes', () => {
    const long = avroType('long')
    const block = Buffer.concat([
      long.toBuffer(-2n),
      long.toBuffer(2n),
      Buffer.from([2, 4]),
      long.toBuffer(1n),
      Buffer.from([6, 0])
    ])
    expect(avroType({ type: 'array', items: 'int' }).fromBuffer(block)).toEqual([1, 2, 3])
  })

  it('keep every key, whatever its name', () => {
    const value = JSON.parse('{"__proto__": 1, "constructor": 2, "": 3}') as unknown
    expect(JSON.stringify(roundTrip({ type: 'map', values: 'int' }, value))).toBe(JSON.stringify(value))
  })

  it('may hold items without bytes', () => {
    expect(roundTrip({ type: 'array', items: 'null' }, [null, null])).toEqual([null, null])
  })
})

describe('a decimal', () => {
  const price = { type: 'bytes', logicalType: 'decimal', precision: 20, scale: 3 }

  it('is exact text with all digits of its scale', () => {
    expect(roundTrip(price, '12345678901234567.891')).toBe('12345678901234567.891')
    expect(roundTrip({ ...price, type: 'fixed', name: 'Price', size: 9 }, '-0.5')).toBe('-0.500')
  })

  it('without valid digits counts as plain bytes', () => {
    expect(roundTrip({ type: 'bytes', logicalType: 'decimal' }, Buffer.from('ab'))).toEqual(Buffer.from('ab'))
  })
})

describe('a union', () => {
  it('holds plain values where they show the branch', () => {
    for (const value of [null, 'text', 7, 8n, true, [1], { a: 1 }, Buffer.from('b')])
      expect(
        roundTrip(
          [
            'null',
            'string',
            'int',
            'long',
            'boolean',
            { type: 'array', items: 'int' },
            { type: 'map', values: 'int' },
            'bytes'
          ],
          value
        )
      ).toEqual(value)
  })

  it('holds uuids, timestamps and decimals plainly too', () => {
    const uuid = '0190f0a0-0000-7000-8000-000000000000'
    expect(roundTrip(['null', { type: 'string', logicalType: 'uuid' }], uuid)).toBe(uuid)
    expect(roundTrip(['null', { type: 'long', logicalType: 'timestamp-micros' }], 5n)).toBe(5n)
    expect(roundTrip(['null', { type: 'bytes', logicalType: 'decimal', precision: 4, scale: 1 }], '1.5')).toBe('1.5')
  })

  it.each([
    [['float', 'double'], { double: 1.1 }],
    [['int', 'float'], { int: 1 }],
    [['string', { type: 'enum', name: 'E', symbols: ['A'] }], { E: 'A' }],
    [['string', { type: 'bytes', logicalType: 'decimal', precision: 4, scale: 1 }], { bytes: '1.5' }]
  ])('%j names the branch', (schema, value) => {
    expect(roundTrip(schema as AvroSchema, value)).toEqual(value)
  })
})

describe('a schema', () => {
  it('may hold itself', () => {
    const tree = {
      type: 'record',
      name: 'Tree',
      fields: [
        { name: 'value', type: 'long' },
        { name: 'branches', type: { type: 'array', items: 'Tree' } },
        { name: 'next', type: ['null', 'Tree'], default: null }
      ]
    }
    const value = {
      value: 1n,
      branches: [{ value: 2n, branches: [], next: null }],
      next: { value: 3n, branches: [], next: null }
    }
    expect(roundTrip(tree, value)).toEqual(value)
  })

  it('that is none says so', () => {
    expect(() => avroType('nonsense')).toThrow(SchemaError)
    expect(() => avroType({ type: 'record', name: 'A' })).toThrow('record A has no list of fields')
  })
})
