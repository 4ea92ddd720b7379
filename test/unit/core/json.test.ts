import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DuplicateKeyError, parseJson, plainNumber } from '../../../core/json.ts'

describe('parseJson', () => {
  it('gives what JSON.parse gives, however it is written', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2, '\t'), (value, space) => {
        const text = JSON.stringify(value, null, space)
        expect(parseJson(text)).toEqual(JSON.parse(text))
      })
    )
    const deep = `${'{"a":['.repeat(3_000)}${']}'.repeat(3_000)}`
    expect(() => parseJson(deep)).not.toThrow()
    for (const text of ['', '{"a":1,}', '{"a"', '"\\x"', '{"a":"\n"}'])
      expect(() => parseJson(text)).not.toThrow(DuplicateKeyError)
  })

  it('finds a key that is there twice, at any place', () => {
    // Two keys that are equal once they are read, in an object somewhere in another value.
    const key = fc.oneof(fc.string(), fc.constantFrom('__proto__', '1', ':', '"', '\\', '{'))
    const escaped = (text: string) =>
      `"${[...text]
        .flatMap(letter => letter.split(''))
        .map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .join('')}"`
    fc.assert(
      fc.property(fc.jsonValue(), key, fc.jsonValue(), fc.boolean(), (around, twice, value, inArray) => {
        const pair = `{${JSON.stringify(twice)}:${JSON.stringify(value)}, ${escaped(twice)} : null}`
        const text = `[${JSON.stringify(around)}, ${inArray ? `[1,${pair}]` : `{"x":${pair}}`}]`
        expect(() => parseJson(text)).toThrow(`second at position ${text.lastIndexOf(escaped(twice))}`)
      })
    )
    expect(() => parseJson('{"a":{"b":1},"b":2}')).not.toThrow()
    expect(() => parseJson('[{"a":1},{"a":1}]')).not.toThrow()
  })
})

describe('plainNumber', () => {
  it.each([
    ['0', '0'],
    ['-0', '0'],
    ['-0.00', '0.00'],
    ['12.50', '12.50'],
    ['1.50e1', '15.0'],
    ['1.5e-7', '0.00000015'],
    ['-1e21', '-1000000000000000000000'],
    ['0.0e-3', '0.0000'],
    ['0e5', '0'],
    ['0.00E+1', '0.0'],
    ['0e200000', '0'],
    ['-0.00e-1', '0.000'],
    ['9007199254740993', '9007199254740993']
  ])('%s is %s', (text, plain) => {
    expect(plainNumber(text)).toBe(plain)
    expect(plainNumber(plain)).toBe(plain)
  })

  it.each([
    '',
    '1.',
    '.5',
    'NaN',
    '+1',
    '1e131072',
    '1e-16384',
    '10.5e-16383',
    '0e-16384',
    '1e999999999999'
  ])('refuses %j', text => {
    expect(() => plainNumber(text)).toThrow(RangeError)
  })

  it('takes as many digits as numeric', () => {
    expect(plainNumber('-1e131071')).toHaveLength(131_073)
    expect(plainNumber('0.1e131072')).toHaveLength(131_072)
    expect(plainNumber('10e-16383')).toHaveLength(16_385)
  })

  it('leaves the value of a number as it is', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), value => {
        expect(Number(plainNumber(JSON.stringify(value)))).toBe(value === 0 ? 0 : value)
        expect(plainNumber(JSON.stringify(value))).not.toMatch(/e/i)
      })
    )
  })
})
