import { expect, test } from 'vitest'
import { removesEnds } from '../../../../consumers/indexer/ends.ts'
import type { SearchIndex } from '../../../../consumers/indexer/index.ts'
import { machineClock, silentLogger } from '../../../../core/index.ts'

/** An index that notes what it is asked, and a clock that the test moves. */
function stage(answer: () => Promise<number> = async () => 0) {
  const asked: number[] = []
  const warnings: string[] = []
  let now = 0
  const clock = { ...machineClock, monotonic: () => now, random: () => 0.5 }
  const index = {
    removeEnds(keepMs: number) {
      asked.push(keepMs)
      return answer()
    }
  } as unknown as SearchIndex
  const log = { ...silentLogger, warn: (_: unknown, words?: string) => void warnings.push(words ?? '') }
  return { asked, warnings, parts: { index, log, clock }, at: (ms: number) => (now = ms) }
}

test('an index is asked after a write, about once a minute', () => {
  const { asked, parts, at } = stage()
  const afterWrite = removesEnds({ ...parts, keepMs: 7_000 })
  for (const ms of [0, 29_999, 30_000, 30_001, 89_999, 90_000]) {
    at(ms)
    afterWrite()
  }
  expect(asked).toEqual([7_000, 7_000])
})

test('nothing is asked where ends are kept, or the index removes none', () => {
  const { asked, parts, at } = stage()
  at(1_000_000)
  removesEnds({ ...parts, keepMs: Number.POSITIVE_INFINITY })()
  removesEnds({ ...parts, index: {} as SearchIndex, keepMs: 1 })()
  expect(asked).toEqual([])
})

test('an index that refuses is said once, and asked again', async () => {
  let refuses = true
  const { asked, warnings, parts, at } = stage(async () => {
    if (refuses) throw new Error('permission denied')
    return 3
  })
  const afterWrite = removesEnds({ ...parts, keepMs: 1 })
  const turn = async (ms: number): Promise<void> => {
    at(ms)
    afterWrite()
    await new Promise(resolve => setImmediate(resolve))
  }
  await turn(100_000)
  await turn(200_000)
  expect(warnings).toHaveLength(1)
  refuses = false
  await turn(300_000)
  refuses = true
  await turn(400_000)
  expect([asked.length, warnings.length]).toEqual([4, 2])
})
