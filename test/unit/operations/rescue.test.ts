import { expect, test } from 'vitest'
import { rescueFindings } from '../../../operations/doctor/rescue.ts'

const own = { mayRescue: false }
const granted = { mayRescue: true }

test('sinks with several logins are warned of, unless each may end the sessions of the others', () => {
  expect(rescueFindings([])).toEqual([])
  expect(rescueFindings([own])).toMatchObject([{ level: 'ok' }])
  expect(rescueFindings([granted, granted])).toMatchObject([{ level: 'ok' }])
  expect(rescueFindings([granted, own])).toMatchObject([
    { check: 'rescue', level: 'warning', words: expect.stringContaining('pg_monitor and pg_signal_backend') }
  ])
})
