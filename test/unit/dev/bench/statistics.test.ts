import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { percentile, spreadOf } from '../../../../dev/bench/report/statistics.ts'

describe('spreadOf', () => {
  it('gives the median, the least and the most, whatever the order', () => {
    expect(spreadOf([5, 1, 9])).toEqual({ median: 5, min: 1, max: 9 })
    expect(spreadOf([4, 1, 9, 6])).toEqual({ median: 5, min: 1, max: 9 })
    expect(spreadOf([7])).toEqual({ median: 7, min: 7, max: 7 })
  })

  it('knows nothing of nothing, and passes over what is no number', () => {
    expect(spreadOf([])).toBeUndefined()
    expect(spreadOf([Number.NaN, 3])).toEqual({ median: 3, min: 3, max: 3 })
  })
})

describe('percentile', () => {
  it('interpolates between neighbours', () => {
    expect(percentile([0, 10], 0.5)).toBe(5)
    expect(percentile([1, 2, 3, 4, 5], 0.9)).toBeCloseTo(4.6)
    expect(percentile(Float64Array.of(1, 2), 1)).toBe(2)
  })

  it('never leaves the range of the values, and grows with the share', () => {
    const values = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1 })
    const share = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(values, share, share, (all, one, other) => {
        const sorted = all.toSorted((a, b) => a - b)
        const [low, high] = [Math.min(one, other), Math.max(one, other)].map(each => percentile(sorted, each))
        expect(low).toBeGreaterThanOrEqual(sorted[0] as number)
        expect(high).toBeLessThanOrEqual(sorted.at(-1) as number)
        expect(low).toBeLessThanOrEqual((high as number) + 1e-6)
      })
    )
  })
})
