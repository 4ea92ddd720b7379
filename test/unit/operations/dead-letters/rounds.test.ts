import { expect, test } from 'vitest'
import { standingOf } from '../../../../operations/dead-letters/redrive/rounds.ts'

const version = [0, 1, 1] as const
const row = {
  version,
  id: 'now',
  topic: 'a.b',
  partition: 0,
  key: 'YQ==',
  since: '2026-11-27T04:00:00Z',
  lastOffset: 9
}
const standing = (redrive: object | undefined, { before = 'now', isPassed = true } = {}) =>
  standingOf({ row, redrive: redrive && { version, parked: 'now', ...redrive } }, before, { action: 7, isPassed })

test.each([
  ['more events', undefined, {}],
  ['more events', { through: 8 }, {}],
  ['not released yet', { through: 9 }, {}],
  ['failed again', { through: 8, broken: { action: '7', from: 3, end: 5 } }, {}],
  ['more events', { broken: { action: '6', from: 3, end: 5 } }, {}],
  ['more events', { parked: 'then', through: 9, broken: { action: '7', from: 3 } }, {}],
  ['parked again', { through: 8 }, { before: 'then' }],
  ['not handled yet', { through: 8 }, { isPassed: false }],
  ['failed again', { broken: { action: '7', from: 3 } }, { isPassed: false }]
])('%s: %j %j', (expected, redrive, facts) => {
  expect(standing(redrive, facts)).toBe(expected)
})

test('an aggregate without a row is released', () => {
  expect(standingOf(undefined, 'now', { action: 7, isPassed: true })).toBe('released')
})
