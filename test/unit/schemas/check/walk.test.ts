import { expect, it } from 'vitest'
import type { AvroRecord } from '../../../../schemas/avro/index.ts'
import { versionFaults } from '../../../../schemas/check/rules.ts'
import { partsOf } from '../../../../schemas/check/walk.ts'

const record = (name: string, ...fields: object[]) => ({ type: 'record', name, doc: 'A thing was done.', fields })
const field = (name: string, type: unknown) => ({ name, type, doc: 'What it holds.' })

it('gives every schema and every field with its path, and follows no name', () => {
  const price = { type: 'bytes', logicalType: 'decimal', precision: 5 }
  const item = record('Item', field('price', price), field('next', ['null', 'Item']))
  const tags = { type: 'map', values: { type: 'array', items: { type: 'string', own: 1 } } }
  const payload = record('ThingDone', field('items', ['null', { type: 'array', items: item }]), field('tags', tags))
  const seen = [...partsOf(payload)].map(({ kind, path, attributes }) => [kind, path, attributes.type])
  expect(seen).toEqual([
    ['schema', '', 'record'],
    ['field', 'items', ['null', { type: 'array', items: item }]],
    ['schema', 'items', 'array'],
    ['schema', 'items[]', 'record'],
    ['field', 'items[].price', price],
    ['schema', 'items[].price', 'bytes'],
    ['field', 'items[].next', ['null', 'Item']],
    ['field', 'tags', tags],
    ['schema', 'tags', 'map'],
    ['schema', 'tags{}', 'array'],
    ['schema', 'tags{}[]', 'string']
  ])
})

// Otherwise what such a schema holds would go unwarned.
it.each([
  { type: { type: 'int', logicalType: 'time-micros' } },
  { type: ['null', { type: 'int', logicalType: 'time-micros' }] },
  { type: 'array', items: { type: { type: 'int', logicalType: 'time-micros' } } },
  record('N', field('y', { type: { type: 'int', logicalType: 'time-micros' } }))
])('%j: a schema in the `type` of one that is no field is refused', type => {
  const faults = versionFaults('thing.done', record('ThingDone', field('x', type)) as unknown as AvroRecord)
  expect(faults).toEqual([expect.stringMatching(/^x\S*: unknown type /)])
})
