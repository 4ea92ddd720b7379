import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesOfUnscaled, decimalText, unscaledOf, unscaledOfBytes } from '../../../../schemas/avro/decimal.ts'
import { shortestFloat } from '../../../../schemas/avro/float.ts'
import { runs } from '../../../support/properties.ts'

// The definition, slow: the fewest significant digits that read back as the same float32.
function fewestDigits(single: number): number {
  for (let digits = 1; digits < 9; digits += 1) {
    const decimal = Number(single.toPrecision(digits))
    if (Math.fround(decimal) === single) return decimal
  }
  return Number(single.toPrecision(9))
}

const digitsOf = (value: number): number =>
  value
    .toExponential()
    .replace(/e.*/, '')
    .replace(/[^0-9]/g, '').length

describe('shortestFloat', () => {
  it.each([
    [Math.fround(87.3), 87.3],
    [Math.fround(0.1), 0.1],
    [Math.fround(1e-7), 1e-7],
    [Math.fround(3.4028235e38), 3.4028235e38],
    [1e-45, 1e-45],
    [16777215, 16777215],
    [Math.fround(123456.79), 123456.79],
    [0, 0],
    [-0, -0],
    [100, 100]
  ])('%d is %d', (single, text) => {
    expect(shortestFloat(single)).toBe(text)
  })

  it('passes on what is no finite number', () => {
    expect(shortestFloat(Number.NaN)).toBeNaN()
    expect(shortestFloat(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY)
  })

  it('reads back as the same float32 and has as few digits as can be', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), single => {
        const shortest = shortestFloat(single)
        expect(Math.fround(shortest)).toBe(single)
        if (Math.abs(single) >= 2 ** 24 || single !== Math.trunc(single))
          expect(digitsOf(shortest)).toBe(digitsOf(fewestDigits(single)))
      }),
      { numRuns: runs(2_000) }
    )
  })

  it('gives a mark with two decimals back as it was', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000, max: 1_000_000 }), hundredths => {
        const mark = hundredths / 100
        expect(shortestFloat(Math.fround(mark))).toBe(mark)
      })
    )
  })
})

describe('decimals', () => {
  it('round-trip through their bytes', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), unscaled => {
        expect(unscaledOfBytes(bytesOfUnscaled(unscaled))).toBe(unscaled)
        expect(unscaledOfBytes(bytesOfUnscaled(unscaled, 16))).toBe(unscaled)
        expect(unscaledOf(decimalText(unscaled, 7), 31, 7)).toBe(unscaled)
      })
    )
  })

  it.each([
    [0n, '00'],
    [127n, '7f'],
    [128n, '0080'],
    [-128n, '80'],
    [-129n, 'ff7f'],
    [-1n, 'ff']
  ])('%s takes the fewest bytes', (unscaled, hex) => {
    expect(bytesOfUnscaled(unscaled).toString('hex')).toBe(hex)
  })

  it.each([
    ['1.5', '1.50'],
    ['-0.05', '-0.05'],
    ['0', '0.00'],
    ['-0', '0.00'],
    ['007', '7.00']
  ])('%s is written %s', (given, written) => {
    expect(decimalText(unscaledOf(given, 5, 2) ?? (Number.NaN as never), 2)).toBe(written)
  })

  it.each(['1.234', '1234', '', '.5', '1.', '1e3', '+1', '0x1', 'NaN', ' 1'])('%j is refused', text => {
    expect(unscaledOf(text, 5, 2)).toBeUndefined()
  })
})
