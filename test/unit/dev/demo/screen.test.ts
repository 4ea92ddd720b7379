import { describe, expect, test } from 'vitest'
import { Pace, Stall } from '../../../../dev/demo/day/pace.ts'
import { type Progress, progressBlock, progressLine, Screen } from '../../../../dev/demo/show/screen.ts'
import { signsFor } from '../../../../dev/demo/show/words.ts'

const progress: Progress = {
  events: 20_000,
  published: 12_400,
  rate: 3_105.4,
  stored: 11_200,
  documents: 240,
  mails: 890,
  webhooks: 310,
  pending: 0,
  lag: { sink: 1_200, indexer: 0, notifier: 310 }
}
const unicode = signsFor({ LANG: 'en_GB.UTF-8' })
const ascii = signsFor({})

test('the progress as a block', () => {
  expect(progressBlock(progress)).toEqual([
    '  published  12,400  of 20,000  3,105 a second',
    '  sink       11,200  rows       lag 1,200',
    '  indexer       240  lessons    up to date',
    '  notifier      890  mails      lag 310',
    '                310  webhooks'
  ])
})

test('the progress as one line, also where there is only ASCII', () => {
  expect(progressLine(progress, unicode)).toBe(
    'published 12,400 of 20,000 (3,105/s) · stored 11,200 · lag: sink 1,200, indexer 0, notifier 310 · lessons indexed 240 · mails 890, webhooks 310'
  )
  expect(progressLine(progress, ascii)).toMatch(/^[\x20-\x7e]+$/)
})

test.each([
  [{ LANG: 'C.UTF-8' }, '✓'],
  [{ LC_ALL: 'C', LANG: 'en_US.UTF-8' }, 'ok '],
  [{ LC_CTYPE: 'de_DE.utf8', LANG: 'C' }, '✓'],
  [{}, 'ok ']
])('signs for %o', (env, right) => {
  expect(signsFor(env).right).toBe(right)
})

describe('the screen', () => {
  const lines: string[] = []
  const screen = (redraw: boolean) => {
    lines.length = 0
    let drawn = ''
    const say = (line: string) => {
      lines.push(drawn + line)
      drawn = ''
    }
    const draw = (text: string) => {
      const [line = '', ...more] = (drawn + text).split(/\n$/)
      if (more.length > 0) lines.push(line)
      drawn = more.length > 0 ? '' : line
    }
    return new Screen({ say, draw, redraw, signs: ascii })
  }

  test('draws over the last block, at most once a second', () => {
    const on = screen(true)
    on.show(progress, 0)
    on.show(progress, 999)
    on.show(progress, 1_000)
    expect(lines).toHaveLength(2)
    expect(lines[0]).not.toContain('\x1b')
    expect(lines[1]?.startsWith('\x1b[5A\x1b[0J  published')).toBe(true)
  })

  test('puts a note above the block, which comes back below it', () => {
    const on = screen(true)
    on.show(progress, 0)
    on.note('killed')
    on.show(progress, 1)
    expect(lines[1]).toBe('\x1b[5A\x1b[0Jkilled')
    expect(lines[2]).toMatch(/^ {2}published/)
  })

  test('writes a line every two seconds where nothing can be drawn over, and the last in any case', () => {
    const on = screen(false)
    for (let now = 0; now <= 4_000; now += 250) on.show(progress, now)
    on.show(progress, 4_001, true)
    expect(lines).toHaveLength(4)
    expect(lines.join()).not.toContain('\x1b')
  })
})

test('the pace is that of the last seconds', () => {
  const pace = new Pace()
  expect(pace.of(0, 0)).toBe(0)
  expect(pace.of(500, 1_000)).toBe(500)
  for (let at = 2_000; at <= 10_000; at += 1_000) pace.of(500 + (at - 1_000) * 2, at)
  expect(pace.of(20_500, 11_000)).toBe(2_000)
  expect(pace.of(20_500, 30_000)).toBeLessThan(200)
})

test('numbers that stay the same are noticed after a while, and only then', () => {
  const stall = new Stall(60_000)
  expect(stall.notices('a', 0)).toBe(false)
  expect(stall.notices('a', 60_000)).toBe(false)
  expect(stall.notices('a', 60_001)).toBe(true)
  expect(stall.notices('b', 60_002)).toBe(false)
  expect(stall.notices('b', 120_002)).toBe(false)
})
