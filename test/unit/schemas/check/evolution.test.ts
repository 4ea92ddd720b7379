import avsc from 'avsc'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AvroRecord, type AvroSchema, avroType, checkEvolution, compileReader } from '../../../../schemas/index.ts'
import { runs } from '../../../support/properties.ts'
import { changes } from '../../../support/schemas/evolution-cases.ts'

const record = (...fields: AvroRecord['fields']): AvroRecord => ({ type: 'record', name: 'Thing', fields })
const of = (type: AvroSchema, rest: object = {}) => ({ name: 'f', type, ...rest })
const messages = (...versions: AvroRecord[]) => checkEvolution(versions).map(problem => problem.message)

describe('checkEvolution', () => {
  it.each(changes)('$name: $fault', ({ older, newer, fault }) => {
    const found = messages(record(...older), record(...newer))
    if (fault) expect(found).toEqual([fault])
    else expect(found).toEqual([])
  })

  it('compares every version with every other', () => {
    const plain = record(of('string'))
    const added = record(of('string'), { name: 'g', type: 'int', default: 0 })
    // The third fits the second and not the first.
    const third = record(of('string'), { name: 'g', type: 'int' })
    expect(checkEvolution([plain, added, third])).toEqual([
      {
        older: 1,
        newer: 3,
        field: 'g',
        message: 'version 3 adds `g` without a default: it cannot read events of version 1'
      }
    ])
    expect(checkEvolution([plain, added, added])).toEqual([])
    expect(checkEvolution([plain])).toEqual([])
    expect(checkEvolution([])).toEqual([])
  })

  it('reports a change that several pairs show only once', () => {
    const one = record(of('string'))
    const two = record(of('int'))
    expect(messages(one, one, two)).toEqual([
      "version 3 changes `f` from string to int: neither it nor version 2 can read the other's events"
    ])
  })

  it('says the same as avsc and our readers about any two records', () => {
    fc.assert(
      fc.property(anyRecord, anyRecord, (one, other) => {
        expect(canReadAll(one, other)).toBe(canRead(one, other))
        expect(checkEvolution([one, other]).length === 0).toBe(canRead(one, other) && canRead(other, one))
      }),
      { numRuns: runs(2_000) }
    )
  })
})

function canRead(reader: AvroRecord, writer: AvroRecord): boolean {
  try {
    avsc.Type.forSchema(reader as avsc.Schema).createResolver(avsc.Type.forSchema(writer as avsc.Schema))
    return true
  } catch {
    return false
  }
}

function canReadAll(reader: AvroRecord, writer: AvroRecord): boolean {
  try {
    return compileReader(avroType(writer).node, avroType(reader).node).unread.length === 0
  } catch {
    return false
  }
}

// Types without a name that two branches could share, and without bytes, which Avro lets replace string.
const plainType = fc.constantFrom<AvroSchema>(
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'string',
  { type: 'array', items: 'int' },
  { type: 'array', items: 'double' },
  { type: 'map', values: 'string' },
  { type: 'map', values: ['null', 'string'] }
)
const kindOf = (type: AvroSchema) => (typeof type === 'string' ? type : (type as { type: string }).type)
const unionType = fc.uniqueArray(plainType, { minLength: 1, maxLength: 3, selector: kindOf })
const enumType = fc
  .record({ symbols: fc.subarray(['A', 'B', 'C'], { minLength: 1 }), withDefault: fc.boolean() })
  .map(({ symbols, withDefault }) => ({
    type: 'enum',
    name: 'E',
    symbols,
    ...(withDefault && { default: symbols[0] })
  }))
const fixedType = fc.constantFrom(2, 3).map(size => ({ type: 'fixed', name: 'F', size }))
const nestedType = fc.subarray(['x', 'y'], { minLength: 0 }).map(names => ({
  type: 'record',
  name: 'R',
  fields: names.map(name => ({ name, type: 'int', ...(name === 'x' && { default: 1 }) }))
}))
const fieldType: fc.Arbitrary<AvroSchema> = fc.oneof(plainType, unionType, enumType, fixedType, nestedType)
const anyRecord: fc.Arbitrary<AvroRecord> = fc
  .record({ f: fieldType, extra: fc.constantFrom('none', 'plain', 'default') })
  .map(({ f, extra }) =>
    record(
      { name: 'f', type: f },
      ...(extra === 'none' ? [] : [{ name: 'g', type: 'int', ...(extra === 'default' && { default: 0 }) }])
    )
  )
