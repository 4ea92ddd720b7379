import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RunningOffsets } from '../../../consumers/progress/running-offsets.ts'

test('it has what was added and not deleted', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9 })), offsets => {
      const [running, expected] = [new RunningOffsets(), new Set<number>()]
      for (const offset of offsets) {
        // What runs is not started again.
        if (expected.delete(offset)) running.delete(offset)
        else {
          running.add(offset)
          expected.add(offset)
        }
        for (let each = 0; each < 10; each += 1) expect(running.has(each)).toBe(expected.has(each))
      }
      running.delete(10)
      expect([...expected].every(offset => running.has(offset))).toBe(true)
    })
  )
})
