import { expect, test } from 'vitest'
import { mayNestTooDeep, takesNoBytes } from '../../../../schemas/avro/limits.ts'
import { parseSchema } from '../../../../schemas/avro/parse.ts'
import type { AvroSchema } from '../../../../schemas/avro/schema.ts'

const record = (name: string, ...types: AvroSchema[]) => ({
  type: 'record',
  name,
  fields: types.map((type, index) => ({ name: `f${index}`, type }))
})

test.each<[AvroSchema, boolean]>([
  ['string', false],
  [record('A', record('B', 'int'), 'B', { type: 'array', items: 'B' }), false],
  [record('A', ['null', 'A']), true],
  [record('A', record('B', { type: 'map', values: 'A' })), true],
  [record('A', record('B', { type: 'array', items: 'B' }), 'string'), true]
])('%j nests without an end: %j', (schema, endless) => {
  expect(mayNestTooDeep(parseSchema(schema))).toBe(endless)
})

test.each<[AvroSchema, boolean]>([
  ['null', true],
  [{ type: 'fixed', name: 'F', size: 0 }, true],
  [record('A'), true],
  [record('A', 'null', record('B', 'null'), 'B'), true],
  [{ type: 'fixed', name: 'F', size: 1 }, false],
  [record('A', 'null', 'boolean'), false],
  [['null'], false],
  [{ type: 'array', items: 'null' }, false],
  [record('A', ['null', 'A']), false]
])('a value of %j takes no bytes: %j', (schema, none) => {
  expect(takesNoBytes(parseSchema(schema))).toBe(none)
})

test.each([
  [100, false],
  [101, true]
])('a chain of %d records may nest too deep: %j', (length, tooDeep) => {
  const nested = Array.from({ length: length - 1 }).reduce<AvroSchema>(
    (inner, _, index) => record(`N${index}`, inner),
    record('Inner', 'int')
  )
  expect(mayNestTooDeep(parseSchema(nested))).toBe(tooDeep)
})
