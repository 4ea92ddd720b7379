import { expect, test } from 'vitest'
import { type IntegrityLine, runSettings, settingsEnv, summarize, summaryLines } from '../../integrity/report/log.ts'

const fault = (what: string, standstillMs: number, redelivered = 0): IntegrityLine => ({
  type: 'fault',
  file: 'a.test.ts',
  what,
  at: '2026-01-01T00:00:00.000Z',
  standstillMs,
  redelivered
})
const verdict = (...violations: string[]): IntegrityLine => ({
  type: 'check',
  file: 'a.test.ts',
  events: 10,
  unknown: 2,
  failed: 1,
  violations
})

const load: IntegrityLine = { type: 'load', eventsPerSecond: 5_500 }
const idle: IntegrityLine = { type: 'idle', process: 'sink', node: '22.15.0', seconds: 600, processorSeconds: 3 }

test('a summary counts faults by kind, and keeps the longest standstill', () => {
  const summary = summarize([
    fault('kill', 100, 3),
    fault('kill', 900, 4),
    fault('reset', 50),
    verdict(),
    verdict(),
    load,
    idle
  ])
  expect(summary).toEqual({
    faults: 3,
    byKind: {
      kill: { count: 2, longestStandstillMs: 900, redelivered: 7 },
      reset: { count: 1, longestStandstillMs: 50, redelivered: 0 }
    },
    longestStandstillMs: 900,
    redelivered: 7,
    checks: 2,
    eventsPerSecond: 5_500,
    events: 20,
    unknown: 4,
    failed: 2,
    violations: [],
    idle: [{ process: 'sink', node: '22.15.0', seconds: 600, processorSeconds: 3 }],
    byFile: {
      'a.test.ts': { faults: 3, longestStandstillMs: 900, redelivered: 7, checks: 2, events: 20, violations: 0 }
    }
  })
  expect(summaryLines(summary)).toContain('the idle sink took 0.50 % of a core on Node 22.15.0, over 600 s')
  expect(summaryLines(summary).at(-1)).toBe('the checker was clean')
})

test('what each file did is kept apart', () => {
  const other = { ...verdict('lost: x', 'lost: y'), file: 'b.test.ts' } as IntegrityLine
  const { byFile } = summarize([other, fault('kill', 100, 3), verdict()])
  expect(Object.keys(byFile)).toEqual(['a.test.ts', 'b.test.ts'])
  expect(byFile['a.test.ts']).toMatchObject({ faults: 1, checks: 1, violations: 0 })
  expect(byFile['b.test.ts']).toMatchObject({ faults: 0, checks: 1, violations: 2 })
})

test('a violation is named with the file that found it, and nothing is called clean that was not checked', () => {
  expect(summaryLines(summarize([verdict('lost: x')])).slice(-2)).toEqual([
    'the checker found 1 violations:',
    '  a.test.ts: lost: x'
  ])
  expect(summaryLines(summarize([fault('kill', 1)])).at(-1)).toBe('the checker had nothing to look at')
})

test('a run that was interrupted says so', () => {
  const lastOf = (...lines: IntegrityLine[]) => summaryLines(summarize(lines), true).at(-1)
  expect(lastOf(verdict())).toBe('interrupted; until then the checker was clean')
  expect(lastOf(fault('kill', 1))).toBe('interrupted; until then the checker had nothing to look at')
})

test('what a run was asked for reaches the tests', () => {
  const settings = { seed: 42, quick: true, minutes: 20, log: '/tmp/run.ndjson' }
  expect(runSettings(settingsEnv(settings))).toEqual(settings)
  expect(runSettings(settingsEnv({ ...settings, minutes: undefined }))).toEqual({ ...settings, minutes: undefined })
})
