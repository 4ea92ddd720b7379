import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CopyBuffer } from '../../../trail/rows/copy-buffer.ts'
import { anyText, runs } from '../../support/properties.ts'
import { digitsText } from '../../support/trail/jsonb-text.ts'

/** What is written after other bytes, in a buffer that is too small for it. */
function written(write: (out: CopyBuffer) => void): string {
  const out = new CopyBuffer(2)
  out.ascii('><')
  write(out)
  return out.bytes.toString('utf8', 2, out.at)
}

// Decimals as people write them, the bits of any double, and both sides of every bound that the code has.
const decimals = fc
  .tuple(fc.maxSafeInteger(), fc.integer({ min: 0, max: 20 }))
  .map(([digits, places]) => Number(`${digits}e-${places}`))
const bounds = fc.constantFrom(1e-7, 1e-6, 1e-5, 0.1, 1, 1e9, 1e14, 1e15, 1e16, 2 ** 53, 1e20, 1e21, 1e22)
const neighbours = fc.tuple(bounds, fc.integer({ min: -4, max: 4 })).map(([bound, steps]) => {
  const bits = new BigInt64Array(new Float64Array([bound]).buffer)
  bits[0] = (bits[0] as bigint) + BigInt(steps)
  return new Float64Array(bits.buffer)[0] as number
})
const doubles = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), decimals, neighbours)

test('numbers are written with the digits of JavaScript and without exponents, and -0 as 0', {
  timeout: 60_000
}, () => {
  fc.assert(
    fc.property(doubles, value => {
      expect(written(out => out.number(value))).toBe(digitsText(value))
      expect(written(out => out.number(-value))).toBe(digitsText(-value))
    }),
    {
      numRuns: runs(20_000),
      examples: [[0], [-0], [87.3], [0.1 + 0.2], [Number.MIN_VALUE], [Number.MAX_VALUE], [5e-324]]
    }
  )
})

test('whole numbers of 53 bits are written with all their digits', () => {
  const powers = fc.integer({ min: 0, max: 15 }).chain(power => fc.constantFrom(10 ** power, 10 ** power - 1))
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeInteger(), fc.integer(), powers), value => {
      expect(written(out => out.integer(value))).toBe(String(value))
    }),
    { examples: [[0], [Number.MAX_SAFE_INTEGER], [Number.MIN_SAFE_INTEGER]] }
  )
})

test('strings are escaped as JSON.stringify does it, and nothing around them is read', () => {
  const pieces = fc.array(fc.constantFrom('"', '\\', '\u0000', '\u001f', '\n', '\u007f', '\u2028', 'é', '😀', 'plain'))
  const text = fc.oneof(
    anyText(),
    pieces.map(each => each.join(''))
  )
  fc.assert(
    fc.property(text, value => {
      const bytes = Buffer.from(`\xe9"${value}"\xe9`, 'utf8')
      expect(written(out => out.jsonString(bytes, 3, bytes.length - 3))).toBe(JSON.stringify(value))
    })
  )
})
