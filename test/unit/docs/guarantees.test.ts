import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { guarantees } from '../../integrity/report/guarantees.ts'
import { guaranteesPage } from '../../integrity/report/guarantees-page.ts'
import { type IntegrityFigures, type IntegrityLine, summarize } from '../../integrity/report/log.ts'

const path = (name: string) => join(cloneRoot, name)

function recorded(): IntegrityFigures | undefined {
  const file = path('docs/integrity.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as IntegrityFigures) : undefined
}

const lines: IntegrityLine[] = [
  {
    ...{ type: 'fault', file: 'no-loss.test.ts', what: 'sink killed', at: '2026-01-01T00:00:00.000Z' },
    ...{ standstillMs: 1_234, redelivered: 5_678 }
  },
  { type: 'check', file: 'no-loss.test.ts', events: 12_345, unknown: 7, failed: 8, violations: [] },
  { type: 'idle', process: 'indexer', node: '22.15.0', seconds: 600, processorSeconds: 3 }
]
const run = { at: '2026-01-01T10:20:30.000Z', seed: 42, node: '24.1.0', minutes: 61.5 }

describe('the page of the guarantees', () => {
  it('is made of the words and the numbers in the files next to it', () => {
    const page = guaranteesPage(recorded())
    if (process.env.UPDATE_DOCS) writeFileSync(path('docs/guarantees.md'), page)
    expect(readFileSync(path('docs/guarantees.md'), 'utf8')).toBe(page)
  })

  it('names every file of the integrity suite, and none that is not there', () => {
    const named = [...new Set(guarantees.flatMap(({ proofs }) => proofs))]
    const suite = readdirSync(path('test/integrity'), { recursive: true, encoding: 'utf8' }).filter(name =>
      name.endsWith('.test.ts')
    )
    expect(named.filter(proof => proof.startsWith('integrity/')).sort()).toEqual(
      suite.map(name => `integrity/${name.replace('.test.ts', '')}`).sort()
    )
    expect(named.filter(proof => !existsSync(path(`test/${proof}.test.ts`)))).toEqual([])
  })

  it('has the numbers of a run next to their promise', () => {
    const page = guaranteesPage({ ...run, ...summarize(lines) })
    expect(page).toContain('2026-01-01 10:20 UTC, 61.5 minutes, Node 24.1.0, seed 42')
    expect(page).toContain('**12,345 events** were checked in 1 checks, 7 of unknown outcome and 8 failed')
    expect(page).toContain('| sink killed | 1 | 1.2 s | 5,678 |')
    expect(page).toContain('| no-loss | 1 | 1.2 s | 5,678 | 12,345 | clean |')
    expect(page).toContain('| indexer | 22.15.0 | 600 s | 0.50 % |')
    expect(page).not.toContain('No full run')
  })

  it('calls nothing clean that was not', () => {
    const bad: IntegrityLine = {
      ...{ type: 'check', file: 'no-loss.test.ts', events: 1, unknown: 0, failed: 0, violations: ['lost: x'] }
    }
    expect(guaranteesPage({ ...run, ...summarize([bad]) })).toContain('| no-loss | 0 |  |  | 1 | **1 violations** |')
  })

  it('says so while there are no numbers', () => {
    const page = guaranteesPage()
    expect(page).toContain('No full run has been recorded yet')
    expect(page).not.toContain('integrity.json')
  })
})
