import { describe, expect, it } from 'vitest'
import { differences } from '../../../../dev/bench/checks.ts'
import type { Measured } from '../../../../dev/bench/contenders/contender.ts'
import { page } from '../../../../dev/bench/report/markdown.ts'
import { spreadText } from '../../../../dev/bench/report/parts.ts'
import {
  bestOf,
  type GrowthResults,
  goalsOf,
  growthGoals,
  latencyGoals,
  type Results,
  summarise
} from '../../../../dev/bench/report/results.ts'
import { plot } from '../../../../dev/bench/report/svg.ts'
import { table } from '../../../../dev/tools/markdown.ts'

const contenders = [
  { name: 'sink-1', label: 'ours, 1', kind: 'ours' },
  { name: 'sink-3', label: 'ours, 3', kind: 'ours' },
  { name: 'copy-2', label: 'COPY <2>', kind: 'limit' },
  { name: 'debezium-upsert-1', label: 'peer, 1', kind: 'peer' },
  { name: 'debezium-upsert-2', label: 'peer, 2', kind: 'peer' },
  { name: 'poison', label: 'ours, bad rows', kind: 'ours' }
] as const

const run = (contender: string, rowsPerSecond: number): Measured => {
  const stretch = { rowsPerSecond, client: 3, postgres: 7, broker: 0.5, busy: 0.9 }
  return {
    contender,
    records: 1_000,
    figures: { whole: stretch, half: stretch, clientFromStart: 4 },
    peakMemory: 200 * 2 ** 20,
    seconds: 1,
    durability: { fsync: 'on' }
  }
}

const measured = [
  ...[
    run('sink-1', 80),
    run('sink-3', 100),
    run('copy-2', 200),
    run('debezium-upsert-1', 30),
    run('debezium-upsert-2', 40)
  ],
  ...[
    run('sink-1', 90),
    run('sink-3', 150),
    run('copy-2', 100),
    run('debezium-upsert-1', 20),
    run('debezium-upsert-2', 50)
  ],
  run('poison', 60),
  run('poison', 60)
]
const references = ['copy-2', 'debezium-upsert-2', 'sink-3']
const summaries = summarise(contenders, measured, references)

describe('summarise', () => {
  it('compares within a turn, not medians with medians', () => {
    const own = summaries.find(({ name }) => name === 'sink-3')
    expect(own?.rowsPerSecond).toEqual({ median: 125, min: 100, max: 150 })
    expect(own?.ratios['copy-2']).toEqual({ median: 1, min: 0.5, max: 1.5 })
    expect(own?.ratios['debezium-upsert-2']).toEqual({ median: 2.75, min: 2.5, max: 3 })
  })

  it('leaves out who was not measured', () => {
    expect(summarise(contenders, [run('sink-1', 1)], references).map(({ name }) => name)).toEqual(['sink-1'])
  })
})

describe('bestOf', () => {
  it('holds the peer at its best against us', () => {
    expect(bestOf(summaries, 'debezium-upsert')?.name).toBe('debezium-upsert-2')
    expect(bestOf(summaries, 'faucet')).toBeUndefined()
  })
})

describe('goals', () => {
  it('are compared with our best', () => {
    const goals = goalsOf({ summaries })
    expect(goals.map(({ ok }) => ok)).toEqual([true, true, true, true, true])
    expect(goals[0]).toMatchObject({ reached: '2.75', wanted: 'at least 2.5' })
    expect(goals.at(-1)).toMatchObject({ what: expect.stringContaining('bad records'), reached: '0.50' })
  })

  it('report a latency and a growth that are not good enough', () => {
    const flat = (median: number) => ({ median, min: median, max: median })
    const latency = (who: 'sink' | 'bare', rate: number, ms: number) => ({
      ...{ who, rate, label: who },
      ...{ p50: flat(1), p90: flat(2), p99: flat(ms), max: flat(ms) }
    })
    const goals = latencyGoals({
      summaries: [latency('sink', 1_000, 29), latency('bare', 1_000, 10), latency('sink', 20_000, 101)]
    })
    expect(goals.map(({ ok }) => ok)).toEqual([true, false])
    const growth = growthGoals({
      cases: [],
      size: [
        { rows: 1, rowsPerSecond: 100, memory: 10 },
        { rows: 2, rowsPerSecond: 95, memory: 13 }
      ]
    })
    expect(growth.map(({ ok }) => ok)).toEqual([true, false, false])
  })
})

describe('differences', () => {
  const right = {
    ...{ rows: 97, distinct: 97, duplicates: 1, undecodable: 1, refused: 1, otherQuarantined: 0, covered: 100 },
    ...{ ledgerRows: 97, ledgerDuplicates: 1, ledgerQuarantined: 2, skipped: 0, lost: 0, holes: 0 }
  }
  const loaded = { records: 100, expected: { rows: 97, duplicates: 1, undecodable: 1, refused: 1 } }

  it('finds none where all adds up', () => {
    expect(differences(right, loaded)).toEqual([])
  })

  it.each(Object.keys(right))('notices when %s is off by one', name => {
    const wrong = { ...right, [name]: right[name as keyof typeof right] + 1 }
    expect(differences(wrong, loaded)).toEqual([expect.stringContaining(`${name}:`)])
  })
})

describe('the page', () => {
  const circumstances = {
    measuredAt: '2026-11-23T08:00:00.000Z',
    machine: { processor: 'a processor', cores: 2, memoryGb: 24 },
    versions: { Postgres: '18.4' },
    durability: { fsync: 'on' }
  }
  const growth: GrowthResults = {
    ...circumstances,
    ...{ rows: 1_000, turns: 2, lanes: 3, shapes: [] },
    cases: summarise(
      [
        { name: 'names-3', label: 'few', kind: 'ours' },
        { name: 'names-200', label: 'many', kind: 'ours' }
      ],
      [run('names-3', 100), run('names-200', 80)],
      ['names-3']
    ),
    size: [{ rows: 1_000, rowsPerSecond: 5, memory: 2 ** 20 }],
    catchUp: { rows: 1_000, seconds: 2, peakMemory: 2 ** 20 }
  }
  const results: Results = {
    sink: {
      ...circumstances,
      ...{ rows: 1_000, turns: 2, summaries },
      shapes: [
        {
          name: 'plain',
          about: 'three names',
          expected: { rows: 1_000, duplicates: 0, quarantined: 0 },
          valueBytes: 250
        },
        { name: 'poison', about: 'bad ones', expected: { rows: 990, duplicates: 0, quarantined: 10 }, valueBytes: 250 }
      ]
    },
    growth
  }

  it('has whole tables, whatever was measured', () => {
    for (const part of [results, { growth }, {}, { sink: results.sink as NonNullable<Results['sink']> }]) {
      const text = page(part)
      for (const block of text.split('\n\n').filter(each => each.startsWith('|'))) {
        const widths = new Set(block.split('\n').map(line => line.split(' | ').length))
        expect(widths.size).toBe(1)
      }
      expect(text).not.toMatch(/undefined|NaN/)
    }
  })

  it('says under which settings all were measured', () => {
    expect(page(results)).toContain('`fsync=on`')
    expect(page(results)).toContain('2 cores (a processor)')
  })
})

describe('tables', () => {
  it('show the spread only where there is one', () => {
    const format = (value: number) => value.toFixed(0)
    expect(spreadText({ median: 2, min: 1, max: 3 }, format)).toBe('2 (1–3)')
    expect(spreadText({ median: 2.1, min: 2, max: 2.2 }, format)).toBe('2')
  })

  it('align numbers right', () => {
    expect(table(['', 'n'], [['a', '1']])).toBe('|  | n |\n| --- | --: |\n| a | 1 |')
  })
})

describe('plot', () => {
  it('draws all contenders, escaped, within its height', () => {
    const svg = plot(summaries)
    expect(svg).toContain('COPY &lt;2&gt;')
    expect(svg).not.toMatch(/NaN|undefined/)
    const height = Number(/viewBox="0 0 \d+ (\d+)"/.exec(svg)?.[1])
    for (const [, y] of svg.matchAll(/<rect [^>]*y="([\d.]+)"/g)) expect(Number(y)).toBeLessThan(height)
  })
})
