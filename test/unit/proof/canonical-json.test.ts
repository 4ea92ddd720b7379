import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson, ProofError } from '../../../proof/index.ts'
import { anyText, runs } from '../../support/properties.ts'
import { reprinted } from '../../support/trail/jsonb-text.ts'

// jsonb has no U+0000.
const text = (maxLength: number) => anyText({ maxLength }).map(each => each.replaceAll('\0', ''))

describe('canonicalJson', () => {
  test('is what jsonb prints, however the text is written', () => {
    const value = fc.letrec(tie => ({
      any: fc.oneof(
        { maxDepth: 4 },
        text(10),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('any'), { maxLength: 4 }),
        fc.dictionary(text(4), tie('any'), { maxKeys: 5, noNullPrototype: true })
      )
    })).any
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 2, '\t'), (each, space) => {
        const canonical = canonicalJson(JSON.stringify(each, undefined, space))
        expect(canonical).toBe(reprinted(each))
        expect(canonicalJson(canonical)).toBe(canonical)
      }),
      { numRuns: runs(2_000) }
    )
  })

  test('keeps digits that a number would lose, and of a key the last value', () => {
    expect(canonicalJson('{"b":1,"aa":12.50,"a":9007199254740993,"b":2e3}')).toBe(
      '{"a": 9007199254740993, "b": 2000, "aa": 12.50}'
    )
    expect(canonicalJson('{"__proto__":{"x":1}}')).toBe('{"__proto__": {"x": 1}}')
  })

  test('takes no key for another one that begins with the same letter as it is written', () => {
    // After this JSON.parse of Node.js 24 reads the key of one quotation mark as one backslash. The first key keeps that
    // from other tests of the process.
    expect(JSON.parse('{"canonical": 1, "\\\\": 2}')).toEqual({ canonical: 1, '\\': 2 })
    expect(canonicalJson('{"canonical": 1, "\\"": 2, "\\\\": 3}')).toBe('{"\\"": 2, "\\\\": 3, "canonical": 1}')
  })

  test.each([
    '',
    '{',
    '"\\ud800"',
    '{"\\udc00":1}',
    '1e131072',
    '10.5e-16383',
    '"\\u0000"',
    '{"\\u0000":1}',
    `${'['.repeat(1_001)}${']'.repeat(1_001)}`,
    '[1,]',
    '{"a":1,}',
    '{1:2}',
    '1 2',
    '+1',
    '.5',
    '01',
    '"\n"',
    '\u00a01',
    '['.repeat(100_000)
  ])('refuses what has no such form, and does not repeat it (%#)', json => {
    const refused = expect.objectContaining({ code: 'JSON_INVALID', message: expect.not.stringContaining('ud800') })
    expect(() => canonicalJson(json)).toThrow(refused)
    expect(() => canonicalJson(json)).toThrow(ProofError)
  })
})
