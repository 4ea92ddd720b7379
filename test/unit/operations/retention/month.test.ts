import { expect, test } from 'vitest'
import { monthNamed, settlingDays, tooYoung } from '../../../../operations/retention/month.ts'

const november = monthNamed('2026-11')
if (!november) throw new Error('not read')

test.each(['2026-1', '2026-13', '2026-00', '1969-12', '2026-11-01', ' 2026-11', ''])('%j is no month', name => {
  expect(monthNamed(name)).toBeUndefined()
})

test('a month has the bounds of its partition and of its hours', () => {
  expect(november).toMatchObject({ name: '2026-11', table: 'event_envelopes_2026_11' })
  expect(november.start.toISOString()).toBe('2026-11-01T00:00:00.000Z')
  expect(november.end.toISOString()).toBe('2026-12-01T00:00:00.000Z')
  expect(monthNamed('2026-12')).toMatchObject({ from: november.to, start: november.end })
})

test('a month is old enough some days after its end, to the millisecond', () => {
  expect(tooYoung(november, new Date('2026-10-31T23:59:59.999Z'))).toContain('has not begun')
  expect(tooYoung(november, november.start)).toContain('current month')
  expect(tooYoung(november, new Date(november.end.getTime() - 1))).toContain('current month')
  expect(tooYoung(november, november.end)).toContain('from 2026-12-08 on')
  const settled = november.end.getTime() + settlingDays * 86_400_000
  expect(tooYoung(november, new Date(settled - 1))).toContain('ended less than 7 days ago')
  expect(tooYoung(november, new Date(settled))).toBeUndefined()
})
