import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { page } from '../../../dev/bench/report/markdown.ts'
import type { Results } from '../../../dev/bench/report/results.ts'

const file = (name: string) => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8')

describe('the page of the benchmark', () => {
  it('is made of the numbers in the file next to it', () => {
    expect(file('benchmarks.md')).toBe(page(JSON.parse(file('benchmarks.json')) as Results))
  })

  it('has every figure that the README quotes', () => {
    const [, quoted = ''] = file('../README.md').split('## How fast')
    const [section = ''] = quoted.split('\n## ')
    const figures = [...section.matchAll(/\d+,\d{3}|\d+\.\d+/g)].map(([figure]) => figure)
    expect(figures.length).toBeGreaterThan(6)
    expect(figures.filter(figure => !file('benchmarks.md').includes(figure))).toEqual([])
  })
})
