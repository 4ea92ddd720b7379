import { expect, test } from 'vitest'
import { LookBudget } from '../../../sink/intake/look-budget.ts'

test('gives a burst, and so many a second from then on', () => {
  const budget = new LookBudget(5, 2, 0)
  expect(budget.take(3, 0)).toBe(3)
  expect(budget.take(3, 0)).toBe(2)
  expect(budget.take(3, 400)).toBe(0)
  expect(budget.take(3, 1_000)).toBe(2)
  expect(budget.take(100, 60_000)).toBe(5)
})
