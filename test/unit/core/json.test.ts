import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DuplicateKeyError, parseJson } from '../../../core/json.ts'

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
