import { expect, test } from 'vitest'
import { eventually } from '../../../support/stack.ts'
import { startDemo } from './demo-process.ts'

// The demo starts servers of its own: it does not use those that the other tests share.
const timeout = 120_000

test('a small day adds up, and says so to people and to machines', { timeout }, async () => {
  const demo = startDemo('--events', '500', '--seed', 'test', '--json')
  await demo.says(/publishing 500 events/)
  const traces = demo.traces()
  expect(await demo.ended, demo.stderr()).toBe(0)

  const figures = JSON.parse(demo.stdout().trim().split('\n').at(-1) ?? '')
  expect(figures).toMatchObject({
    ok: true,
    seed: 'test',
    events: 500,
    published: 500,
    stored: 500,
    distinct: 500,
    versions: { 'quiz.submitted 1': 475, 'badge.awarded 1': 15 },
    ledger: { rows: 500, holes: 0, quarantined: 0, unaccounted: 0 },
    sampled: { compared: 100, different: 0 },
    proof: { rows: 500, findings: 0, event: 'verified', tampered: ['ROWS_CHANGED'], afterwards: 0 },
    documents: 10
  })
  expect(figures.versions['lesson.published 1'] + figures.versions['lesson.published 2']).toBe(10)
  expect(figures.search.hits).toBeGreaterThan(0)
  expect(figures.search.right).toBe(figures.search.hits)
  expect(figures.mails.expected).toBeGreaterThan(0)
  expect(figures.mails).toEqual({
    expected: figures.mails.expected,
    received: figures.mails.expected,
    distinct: figures.mails.expected
  })
  expect(figures.webhooks).toEqual({ expected: 15, received: 15, distinct: 15 })
  expect(figures.search.shown).toMatch(/^\*\w/)
  const letters = figures.deadLetters.expected
  expect(letters).toBeGreaterThan(0)
  expect(figures.deadLetters).toEqual({ expected: letters, found: letters, listed: letters, handled: letters })
  expect(figures.kill.stored).toBeGreaterThanOrEqual(200)
  expect(Object.values(figures.checks)).toEqual(Array.from({ length: 14 }, () => true))

  expect(demo.stderr()).toMatch(/killed the sink \(process \d+, SIGKILL\) with \d+ rows? stored/)
  expect(demo.stderr()).toMatch(/dead-letters list --group notifier: \d+ open, RECIPIENT_UNKNOWN/)
  expect(demo.stderr()).toContain('everything adds up')
  expect(demo.stdout().trim().split('\n')).toHaveLength(1)
  expect(traces.processes.map(({ name }) => name)).toEqual(expect.arrayContaining(['sink', 'indexer', 'notifier']))
  expect(traces.remain()).toBe(false)
})

test('a Ctrl-C in the middle stops everything', { timeout }, async () => {
  const demo = startDemo('--events', '20000', '--rate', '200')
  await demo.says(/published [1-9]/)
  const traces = demo.traces()
  expect(traces.processes.length).toBeGreaterThanOrEqual(6)
  // A terminal, npm and the entry may each pass it on.
  demo.kill('SIGINT')
  demo.kill('SIGINT')
  expect(await demo.ended).toBe(130)
  expect(traces.remain()).toBe(false)
  expect(demo.stderr()).toMatch(/interrupted; everything is stopped\n$/)
})

test('a demo that is killed leaves nothing running', { timeout }, async () => {
  const demo = startDemo('--events', '20000', '--rate', '200')
  await demo.says(/published [1-9]/)
  const traces = demo.traces()
  demo.kill('SIGKILL')
  expect(await demo.ended).toBeNull()
  await eventually(() => !traces.remain(), { what: 'servers, children, watchdog and folder are gone' })
})

test('a number that is none is a mistake of the caller', async () => {
  const demo = startDemo('--events', 'many')
  expect(await demo.ended).toBe(2)
  expect(demo.stderr()).toContain("option '--events <n>' argument 'many' is invalid")
})
