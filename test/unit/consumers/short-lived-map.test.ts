import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ShortLivedMap } from '../../../consumers/progress/short-lived-map.ts'

test('it is a Map, whatever comes and goes', () => {
  const change = fc.record({
    key: fc.integer({ min: 0, max: 40 }),
    kept: fc.boolean(),
    times: fc.constantFrom(1, 1_500)
  })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), changes => {
      const [map, expected] = [new ShortLivedMap<number, number>(), new Map<number, number>()]
      for (const [value, { key, kept, times }] of changes.entries()) {
        // Enough of them to have it begin again.
        for (let time = 0; time < times; time += 1) {
          map.set(key, value)
          expected.set(key, value)
          if (!kept) expect(map.delete(key)).toBe(expected.delete(key))
        }
        expect([...map]).toEqual([...expected])
        expect([...map.values()]).toEqual([...expected.values()])
        expect([map.size, map.get(key)]).toEqual([expected.size, expected.get(key)])
      }
      expect(map.delete(41)).toBe(false)
    }),
    { numRuns: 30 }
  )
})
