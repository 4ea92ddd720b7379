import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OffsetWindow } from '../../../consumers/progress/offset-window.ts'
import { runs } from '../../support/properties.ts'

test('whatever is added and finished, with gaps or without: it knows each offset and drops what is done', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ gap: fc.constantFrom(1, 1, 1, 2, 7), isFinished: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ finish: fc.nat({ max: 5_000 }) }) }
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 3_000, size: 'max' }), steps => {
      const window = new OffsetWindow()
      const expected = new Map<number, boolean>()
      let last = 10
      for (const each of steps) {
        if ('gap' in each) {
          last += each.gap
          window.add(last, each.isFinished)
          expected.set(last, each.isFinished)
        } else {
          // Near what is in it, below and above it too.
          const offset = (window.first ?? last) - 3 + (each.finish % (window.size + 8))
          expect(window.finish(offset)).toBe(expected.has(offset))
          if (expected.has(offset)) expected.set(offset, true)
          window.dropFinished()
          for (const [known, isFinished] of expected) {
            if (!isFinished) break
            expected.delete(known)
          }
        }
        expect(window.size).toBe(expected.size)
        expect(window.first).toBe(expected.keys().next().value)
      }
      expect([...window.entries()]).toEqual([...expected])
    }),
    { numRuns: runs(30) }
  )
})
