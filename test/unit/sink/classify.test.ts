import fc from 'fast-check'
import { expect, it } from 'vitest'
import { classify } from '../../../sink/classify.ts'
import { SinkError } from '../../../sink/errors.ts'

const database = (code: string, facts: object = {}) => Object.assign(new Error('secret'), { code, ...facts })

// PostgreSQL, Appendix A. Nothing but what is certainly the row's fault may be called data.
it.each([
  ['22P02', {}, 'data'],
  ['22P05', {}, 'data'],
  ['22021', {}, 'data'],
  ['22P03', {}, 'defect'],
  ['22P04', {}, 'defect'],
  ['22003', {}, 'data'],
  ['22008', {}, 'data'],
  ['54000', {}, 'data'],
  ['54001', {}, 'data'],
  ['23502', { table: 'event_envelopes_2026_11' }, 'data'],
  ['23514', { constraint: 'score_is_positive' }, 'data'],
  ['23505', { table: 'event_envelopes_default', constraint: 'event_envelopes_default_pkey' }, 'duplicate'],
  ['23505', { table: 'event_envelopes' }, 'duplicate'],
  ['23505', { table: 'sink_quarantine' }, 'defect'],
  ['23505', {}, 'defect'],
  ['23514', { constraint: 'sink_ledger_adds_up' }, 'defect'],
  ['23514', {}, 'infrastructure'],
  ['23502', { table: 'sink_offsets' }, 'infrastructure'],
  ['42P01', {}, 'infrastructure'],
  ['42501', {}, 'infrastructure'],
  ['08006', {}, 'infrastructure'],
  ['40001', {}, 'infrastructure'],
  ['40P01', {}, 'infrastructure'],
  ['53100', {}, 'infrastructure'],
  ['55P03', {}, 'infrastructure'],
  ['57P01', {}, 'infrastructure'],
  ['57014', {}, 'infrastructure'],
  ['25006', {}, 'infrastructure'],
  ['XX000', {}, 'infrastructure'],
  ['ECONNRESET', {}, 'infrastructure'],
  ['EPIPE', {}, 'infrastructure']
] as const)('%s %j is %s', (code, facts, verdict) => {
  expect(classify(database(code, facts))).toBe(verdict)
})

it('a fault of the program is a defect, an error of ours without an SQLSTATE is not the row’s fault', () => {
  expect([new TypeError(), new RangeError(), new ReferenceError()].map(classify)).toEqual(Array(3).fill('defect'))
  expect(classify(new SinkError('DATABASE_UNREACHABLE', 'away'))).toBe('infrastructure')
})

it('never throws, and blames no row for what it does not know', () => {
  fc.assert(
    fc.property(fc.anything(), thrown => {
      expect(['infrastructure', 'defect', 'data', 'duplicate']).toContain(classify(thrown))
    })
  )
  for (const thrown of [undefined, null, 'text', 7, {}, { code: 7 }, new Error('no code')]) {
    expect(classify(thrown)).toBe('infrastructure')
  }
})
