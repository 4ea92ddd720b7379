import { describe, expect, it } from 'vitest'
import { at, figuresOf, type Sample } from '../../../../dev/bench/measure/samples.ts'
import { growthOf } from '../../../../dev/bench/report/growth.ts'

const sample = (seconds: number, rows: number, more: Partial<Sample> = {}): Sample => ({
  at: seconds * 1_000,
  rows,
  client: 0,
  postgres: 0,
  broker: 0,
  busy: 0,
  total: seconds * 2,
  memory: 0,
  ...more
})

describe('figuresOf', () => {
  it('measures from the first rows to the last, and the second half by itself', () => {
    const samples = [
      sample(0, 0, { client: 5 }),
      sample(1, 100, { client: 6, busy: 1 }),
      sample(2, 500, { client: 7, busy: 2 }),
      sample(3, 1_000, { client: 8, postgres: 4, broker: 1, busy: 4 })
    ]
    const { whole, half, clientFromStart } = figuresOf(samples, 1_000)
    expect(whole.rowsPerSecond).toBe(450)
    expect(half.rowsPerSecond).toBe(500)
    expect(half.client).toBeCloseTo((1 / 500) * 1e6)
    expect(half.postgres).toBeCloseTo((4 / 500) * 1e6)
    expect(half.busy).toBe(1)
    expect(clientFromStart).toBeCloseTo((8 / 1_000) * 1e6)
  })

  it('finds the middle between two samples', () => {
    const samples = [sample(0, 0), sample(1, 200), sample(3, 1_000)]
    expect(figuresOf(samples, 1_000).half.rowsPerSecond).toBeCloseTo(400)
  })

  it('takes a run that was over at its second sample as a whole', () => {
    expect(figuresOf([sample(0, 0), sample(2, 1_000)], 1_000).whole.rowsPerSecond).toBe(500)
  })

  it('refuses samples that do not reach the end', () => {
    expect(() => figuresOf([sample(0, 0), sample(1, 10)], 1_000)).toThrow(RangeError)
  })
})

describe('at', () => {
  it('interpolates everything', () => {
    const middle = at([sample(0, 0, { memory: 10 }), sample(2, 100, { memory: 30 })], 50)
    expect(middle).toMatchObject({ at: 1_000, rows: 50, memory: 20 })
  })
})

describe('growthOf', () => {
  it('cuts a run into steps with the speed and the most memory of each', () => {
    const samples = [
      sample(0, 0),
      sample(1, 10, { memory: 5 }),
      sample(2, 110, { memory: 9 }),
      sample(3, 210, { memory: 7 }),
      sample(5, 300, { memory: 6 })
    ]
    const steps = growthOf(samples, 300, 100)
    expect(steps.map(({ rows }) => rows)).toEqual([100, 200, 300])
    expect(steps[0]?.rowsPerSecond).toBeCloseTo(100)
    expect(steps[1]).toMatchObject({ rowsPerSecond: expect.closeTo(100), memory: 9 })
    expect(steps[2]?.rowsPerSecond).toBeCloseTo(100 / 2.1)
  })

  it('has no steps of a run that stored nothing', () => {
    expect(growthOf([sample(0, 0)], 10, 1)).toEqual([])
  })
})
