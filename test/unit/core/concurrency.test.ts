import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mapConcurrently } from '../../../core/concurrency.ts'

test('keeps the order and the limit, whatever takes how long', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(4), { maxLength: 20 }), fc.integer({ min: 1, max: 5 }), async (turns, limit) => {
      let running = 0
      let most = 0
      const results = await mapConcurrently(turns, limit, async turn => {
        running += 1
        most = Math.max(most, running)
        for (let i = 0; i < turn; i += 1) await Promise.resolve()
        running -= 1
        return turn * 2
      })
      expect(results).toEqual(turns.map(turn => turn * 2))
      expect(most).toBeLessThanOrEqual(limit)
    })
  )
})

test('rejects with the first failure', async () => {
  await expect(
    mapConcurrently([1, 2, 3], 2, async item => {
      if (item === 2) throw new Error('two')
    })
  ).rejects.toThrow('two')
})
