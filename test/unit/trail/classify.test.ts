import fc from 'fast-check'
import { expect, it } from 'vitest'
import { PostgresError } from '../../../postgres/errors.ts'
import { classify } from '../../../trail/classify.ts'

const database = (code: string, facts: object = {}) => Object.assign(new Error('secret'), { code, ...facts })

// PostgreSQL, Appendix A. Nothing but what is certainly the row's fault may be called so.
it.each([
  ['22P02', {}, 'row'],
  ['22P05', {}, 'row'],
  ['22021', {}, 'row'],
  ['22P03', {}, 'unknown'],
  ['22P04', {}, 'unknown'],
  ['22003', {}, 'row'],
  ['22008', {}, 'row'],
  ['54000', {}, 'row'],
  ['54001', {}, 'row'],
  ['23502', { table: 'event_envelopes_2026_11' }, 'row'],
  ['23514', { constraint: 'score_is_positive' }, 'row'],
  ['23505', { table: 'event_envelopes_default', constraint: 'event_envelopes_default_pkey' }, 'duplicate'],
  ['23505', { table: 'event_envelopes' }, 'duplicate'],
  ['23505', { table: 'event_envelopes_2026_11', constraint: 'event_envelopes_2026_11_pkey' }, 'duplicate'],
  ['23505', { table: 'event_envelopes_2026_11', constraint: 'one_title' }, 'row'],
  ['23505', { table: 'sink_offsets', constraint: 'one_title' }, 'defect'],
  ['23505', { table: 'sink_quarantine' }, 'defect'],
  ['23505', {}, 'defect'],
  ['23514', { constraint: 'sink_ledger_adds_up' }, 'defect'],
  ['23514', {}, 'unknown'],
  ['23502', { table: 'sink_offsets' }, 'unknown'],
  ['23503', { table: 'event_envelopes_2026_11' }, 'row'],
  ['23503', { table: 'sink_gaps' }, 'unknown'],
  ['42P01', {}, 'server'],
  ['42501', {}, 'server'],
  ['08006', {}, 'server'],
  ['40001', {}, 'server'],
  ['40P01', {}, 'server'],
  ['53100', {}, 'server'],
  ['55P03', {}, 'server'],
  ['57P01', {}, 'server'],
  ['57014', {}, 'server'],
  ['25006', {}, 'server'],
  ['XX000', {}, 'unknown'],
  ['XX001', {}, 'server'],
  ['XX002', {}, 'server'],
  ['P0001', {}, 'unknown'],
  ['58030', {}, 'server'],
  ['54000', { table: 'event_envelopes' }, 'row'],
  ['ECONNRESET', {}, 'server'],
  ['EPIPE', {}, 'server']
] as const)('%s %j is %s', (code, facts, verdict) => {
  expect(classify(database(code, facts))).toBe(verdict)
})

it('a fault of the program may be brought about by a record, an error of this package without an SQLSTATE is not the row’s fault', () => {
  expect([new TypeError(), new RangeError(), new ReferenceError()].map(classify)).toEqual(Array(3).fill('unknown'))
  expect(classify(Object.assign(new Error('too long'), { code: 'ERR_STRING_TOO_LONG' }))).toBe('unknown')
  expect(classify(new PostgresError('POSTGRES_UNAVAILABLE', 'away'))).toBe('server')
})

it('never throws, and blames no row for what it does not know', () => {
  fc.assert(
    fc.property(fc.anything(), thrown => {
      expect(['server', 'defect', 'row', 'duplicate', 'unknown']).toContain(classify(thrown))
    })
  )
  for (const thrown of [undefined, null, 'text', 7, {}, { code: 7 }, new Error('no code')]) {
    expect(classify(thrown)).toBe('server')
  }
})
