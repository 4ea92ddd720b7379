import { expect, test } from 'vitest'
import { deniedObject, deniedWords, isAboutSettings, sqlStateKind, sqlStateOf } from '../../../core/sqlstate.ts'

test.each([
  ['08006', 'server'],
  ['0A000', 'schema'],
  ['22003', 'values'],
  ['22P04', 'format'],
  ['23505', 'constraint'],
  ['25006', 'read-only'],
  ['25P02', 'session'],
  ['28P01', 'login'],
  ['3D000', 'login'],
  ['40001', 'server'],
  ['42P01', 'schema'],
  ['53100', 'server'],
  ['54000', 'values'],
  ['54011', 'limit'],
  ['57P01', 'server'],
  ['58030', 'machine'],
  ['XX000', 'unknown'],
  ['XX001', 'machine'],
  ['99999', 'unknown'],
  ['', 'unknown'],
  ['constructor', 'unknown']
])('%s is %s', (code, kind) => expect(sqlStateKind(code)).toBe(kind))

test('a SQLSTATE has five characters, one of them a digit', () => {
  expect(sqlStateOf({ code: '57P01' })).toBe('57P01')
  for (const error of [{ code: 'EPIPE' }, { code: 'ECONNRESET' }, { code: 57_014 }, { code: '57p01' }, {}, null, 'x'])
    expect(sqlStateOf(error)).toBeUndefined()
})

test('a refused setting is distinguished from a login and a lock', () => {
  expect(isAboutSettings({ code: '42704' })).toBe(true)
  expect(isAboutSettings({ code: '28P01' })).toBe(false)
  expect(isAboutSettings(new Error('connect ECONNREFUSED'))).toBe(false)
})

test('a missing right names what it is on, and nothing else that Postgres says', () => {
  const denied = (message: string) => Object.assign(new Error(message), { code: '42501' })
  expect(deniedObject(denied('permission denied for table sink_offsets'))).toBe('table sink_offsets')
  expect(deniedObject(denied('permission denied for schema audit'))).toBe('schema audit')
  expect(deniedObject(denied('must be owner of table event_envelopes'))).toBe('table event_envelopes')
  expect(deniedObject(denied('permission denied for materialized view x'))).toBe('materialized view x')
  for (const other of [
    'permission denied to create role',
    'permission denied for table ada@example.org',
    'permission denied for table x: ada',
    'Keine Berechtigung für Tabelle sink_offsets'
  ])
    expect(deniedObject(denied(other))).toBeUndefined()
  expect(deniedObject(Object.assign(new Error('permission denied for table x'), { code: '42P01' }))).toBeUndefined()
  expect(deniedWords(denied('permission denied to create role'))).toBe(
    'Postgres denies the role of this session a right (42501)'
  )
})
