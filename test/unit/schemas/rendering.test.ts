import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseExactJson, parseSchema, renderJson, storedTime } from '../../../schemas/index.ts'
import { runs } from '../../support/properties.ts'

const logical = (type: string, logicalType: string, rest = {}) => ({ type, logicalType, ...rest })
const rendered = (schema: unknown, json: string) =>
  renderJson(parseSchema(schema as Parameters<typeof parseSchema>[0]), parseExactJson(json))

test.each<[unknown, string, string]>([
  [logical('int', 'date'), '20785', '"2026-11-28"'],
  [logical('int', 'date'), '-1', '"1969-12-31"'],
  [logical('int', 'time-millis'), '3723004', '"01:02:03.004"'],
  [logical('long', 'time-micros'), '3723000005', '"01:02:03.000005"'],
  [logical('long', 'timestamp-millis'), '1764000000123', '"2025-11-24T16:00:00.123Z"'],
  [logical('long', 'timestamp-micros'), '1764000000123456', '"2025-11-24T16:00:00.123456Z"'],
  [logical('long', 'timestamp-micros'), '-1', '"1969-12-31T23:59:59.999999Z"'],
  [logical('long', 'timestamp-nanos'), '1764000000123456789', '"2025-11-24T16:00:00.123456789Z"'],
  [logical('long', 'local-timestamp-millis'), '1764000000123', '"2025-11-24T16:00:00.123"'],
  [logical('bytes', 'decimal', { precision: 30, scale: 2 }), '1234567890123456789012.50', '1234567890123456789012.50'],
  ['long', '9007199254740993', '9007199254740993'],
  ['double', '73.5', '73.5'],
  [['null', logical('int', 'date')], 'null', 'null'],
  [['null', logical('int', 'date')], '20785', '"2026-11-28"'],
  // What does not fit stays as it is stored.
  [logical('int', 'date'), '9999999', '9999999'],
  [logical('int', 'date'), '"soon"', '"soon"'],
  [[logical('int', 'date'), 'long'], '20785', '20785'],
  [
    { type: 'array', items: { type: 'map', values: logical('int', 'date') } },
    '[{"a": 0, "b": 20785}, 7]',
    '[{"a":"1970-01-01","b":"2026-11-28"},7]'
  ],
  [
    ['null', logical('int', 'date'), logical('int', 'time-millis')]
      .slice(0, 2)
      .concat([{ type: 'enum', name: 'E', symbols: ['A'] }] as never),
    '"A"',
    '"A"'
  ],
  [
    { type: 'record', name: 'R', fields: [{ name: 'd', type: logical('int', 'date') }] },
    '{"d": 0, "more": 12345678901234567890}',
    '{"d":"1970-01-01","more":12345678901234567890}'
  ],
  [
    [
      { type: 'record', name: 'A', fields: [{ name: 'd', type: logical('int', 'date') }] },
      { type: 'record', name: 'B', fields: [{ name: 'd', type: 'int' }] }
    ],
    '{"A": {"d": 0}}',
    '{"A":{"d":"1970-01-01"}}'
  ]
])('%j renders %s as %s', (schema, json, text) => {
  expect(rendered(schema, json)).toBe(text)
})

test('a time that is rendered is asked for as it is stored', () => {
  const types = ['timestamp-millis', 'timestamp-micros', 'timestamp-nanos', 'local-timestamp-micros']
  fc.assert(
    fc.property(fc.constantFrom(...types), fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), (type, units) => {
      const node = parseSchema(logical('long', type))
      const text: unknown = JSON.parse(renderJson(node, parseExactJson(String(units))))
      fc.pre(typeof text === 'string')
      expect(storedTime(node, String(text))).toBe(String(units))
    }),
    { numRuns: runs(500) }
  )
  expect(storedTime(parseSchema(logical('int', 'date')), '2026-11-28')).toBe('20785')
  expect(storedTime(parseSchema('int'), '2026-11-28')).toBeUndefined()
  expect(storedTime(parseSchema(logical('int', 'date')), '20785')).toBeUndefined()
})
