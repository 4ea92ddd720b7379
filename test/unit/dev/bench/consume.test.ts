import { describe, expect, it } from 'vitest'
import {
  type ConsumeResults,
  type ConsumeTurn,
  consumeGoals,
  consumeSummaries
} from '../../../../dev/bench/report/consume.ts'
import { page } from '../../../../dev/bench/report/markdown.ts'

const turn = (name: string, number: number, perSecond: number, megabytes = 150): ConsumeTurn => ({
  ...{ name, turn: number, events: 1_000, seconds: 1_000 / perSecond },
  ...{ processor: 0.008, peakMemory: megabytes * 2 ** 20 }
})

const cases = ['raw', 'group', 'one-5ms', 'some-5ms'].map(name => ({ name, label: `the ${name}` }))
const measured = [
  ...[turn('raw', 1, 100, 400), turn('group', 1, 80), turn('one-5ms', 1, 2), turn('some-5ms', 1, 100)],
  ...[turn('raw', 2, 50, 400), turn('group', 2, 45), turn('one-5ms', 2, 1), turn('some-5ms', 2, 60)]
]
const summaries = consumeSummaries(cases, measured)

describe('consumeSummaries', () => {
  it('compares within a turn', () => {
    const group = summaries.find(({ name }) => name === 'group')
    expect(group?.ratios.raw?.median).toBeCloseTo(0.85)
    expect(group?.ratios.raw?.min).toBeCloseTo(0.8)
    expect(group?.processor).toEqual({ median: 8, min: 8, max: 8 })
    expect(summaries.find(({ name }) => name === 'some-5ms')?.ratios['one-5ms']?.median).toBeCloseTo(55)
  })

  it('leaves out what was not measured, and ratios to it', () => {
    const alone = consumeSummaries(cases, [turn('group', 1, 80)])
    expect(alone.map(({ name, ratios }) => [name, ratios])).toEqual([['group', {}]])
  })
})

describe('consumeGoals', () => {
  const okOf = (turns: readonly ConsumeTurn[]) =>
    consumeGoals({ summaries: consumeSummaries(cases, turns) }).map(({ ok }) => ok)

  it('are reached by the medians, and the memory of the bare loop is not counted', () => {
    expect(okOf(measured)).toEqual([true, true, true])
  })

  it('are not reached where one figure is too bad, or was not measured', () => {
    const others = measured.filter(({ name }) => name !== 'group')
    expect(okOf([...others, turn('group', 1, 69), turn('group', 2, 34)])).toEqual([false, true, true])
    expect(okOf([...measured, turn('one-5ms', 3, 3), turn('some-5ms', 3, 100)])).toEqual([true, true, true])
    expect(okOf([...others, turn('group', 1, 80, 201)])).toEqual([true, true, false])
    expect(okOf(others)).toEqual([false, true, true])
  })
})

describe('the page', () => {
  it('has the goals and a row for each consumer', () => {
    const consume: ConsumeResults = {
      measuredAt: '2026-11-23T08:00:00.000Z',
      machine: { processor: 'a processor', cores: 2, memoryGb: 24 },
      ...{ versions: { Kafka: '4.2.1' }, durability: {}, events: 1_000, turns: 2, summaries }
    }
    const text = page({ consume })
    expect(text).toContain('## Consumer groups')
    for (const { label, name } of cases) expect(text).toContain(`${label} (\`${name}\`)`)
    expect(text).not.toMatch(/undefined|NaN/)
  })
})
