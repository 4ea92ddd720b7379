import { expect, it } from 'vitest'
import { catalogue } from '../../../../schemas/catalogue/index.ts'
import { logicalWarnings } from '../../../../schemas/check/logical-warnings.ts'
import { catalogueOf } from '../../../../schemas/index.ts'

const warningsOf = (type: unknown) =>
  logicalWarnings(
    catalogueOf({
      'thing.done': [{ type: 'record', name: 'T', fields: [{ name: 'x', type: type as string }] }]
    }).version('thing.done')
  )
const fixed = (size: number, rest: object) => ({ type: 'fixed', name: 'F', size, ...rest })
const decimal = { logicalType: 'decimal', precision: 2, scale: 5 }

it.each<[unknown, string]>([
  [{ type: 'bytes', ...decimal }, '`x`: the decimal has no effect, and the values are plain bytes: `precision`'],
  [{ type: 'bytes', logicalType: 'decimal' }, '`x`: the decimal has no effect'],
  [fixed(1, { logicalType: 'decimal', precision: 9 }), 'that fits the size'],
  [
    { type: 'int', logicalType: 'timestamp-millis' },
    '`x`: timestamp-millis has no effect on int, and the values are plain int; it belongs on long'
  ],
  [{ type: 'string', logicalType: 'decimal', precision: 2 }, 'it belongs on bytes or fixed'],
  [{ type: 'bytes', logicalType: 'uuid' }, 'it belongs on string'],
  [
    { type: 'long', logicalType: 'timestamp-micro' },
    `"timestamp-micro" is none of Avro's: it has no effect, and the values are plain long`
  ],
  [{ type: 'long', logicalType: 'toString' }, `none of Avro's`],
  [['null', { type: 'int', logicalType: 'time-micros' }], '`x`: time-micros'],
  [{ type: 'array', items: { type: 'int', logicalType: 'time-micros' } }, '`x[]`: time-micros'],
  [{ type: 'map', values: { type: 'int', logicalType: 'time-micros' } }, '`x{}`: time-micros'],
  [
    { type: 'record', name: 'N', fields: [{ name: 'y', type: { type: 'int', logicalType: 'time-micros' } }] },
    '`x.y`: time-micros'
  ]
])('%j: a logical type without effect is named', (type, words) => {
  expect(warningsOf(type)).toEqual([expect.stringContaining(words)])
  expect(warningsOf(type)[0]).toMatch(/^thing\.done: version 1: /)
})

it.each([
  [{ type: 'bytes', logicalType: 'decimal', precision: 5, scale: 5 }],
  [{ type: 'long', logicalType: 'timestamp-nanos' }],
  [{ type: 'bytes', logicalType: 'big-decimal' }],
  [fixed(16, { logicalType: 'uuid' })],
  [fixed(12, { logicalType: 'duration' })],
  ['long']
])('%j has none', type => {
  expect(warningsOf(type)).toEqual([])
})

it('the example has none', () => {
  for (const name of catalogue.eventNames) expect(catalogue.versions(name).flatMap(logicalWarnings)).toEqual([])
})
