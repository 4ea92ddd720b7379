import { expect, test } from 'vitest'
import { csv, csvField } from '../../../cli/trail/export/formats.ts'
import type { FoundRow } from '../../../trail/index.ts'

test.each<[string | number | null, string]>([
  ['plain', 'plain'],
  [null, ''],
  ['', '""'],
  [7, '7'],
  ['-7.50', '-7.50'],
  ['1e-9', '1e-9'],
  ['a,b', '"a,b"'],
  ['say "so"', '"say ""so"""'],
  ['two\nlines', '"two\nlines"'],
  ['=1+1', "'=1+1"],
  ['+1 555', "'+1 555"],
  ['-2+3', "'-2+3"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\t=1', "'\t=1"],
  ['\r=1', `"'\r=1"`],
  ['＝1', "'＝1"],
  ['=HYPERLINK("x","y")', `"'=HYPERLINK(""x"",""y"")"`]
])('as a field of CSV, %j is %j', (value, field) => {
  expect(csvField(value)).toBe(field)
})

const row: FoundRow = {
  id: 'i',
  aggregate_id: 'a',
  occurred_at: '2026-11-25T14:02:11.402113Z',
  event_name: 'thing.done',
  payload: '{"n": 1.10}',
  schema_version: 1,
  source: null,
  actor: 'a "b"',
  traceparent: null,
  kafka_partition: null,
  kafka_offset: '9007199254740993',
  recorded_at: '2026-11-25T14:02:12.000000Z'
}

test('CSV begins with the names of its columns, of which each line has as many', () => {
  const names = csv.head.trimEnd().split(',')
  expect(names).toEqual(Object.keys(row))
  expect(csv.line(row)).toBe(
    'i,a,2026-11-25T14:02:11.402113Z,thing.done,"{""n"": 1.10}",1,,"a ""b""",,,9007199254740993,2026-11-25T14:02:12.000000Z\r\n'
  )
})
