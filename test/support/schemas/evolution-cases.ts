import type { AvroRecord, AvroSchema } from '../../../schemas/index.ts'

type Fields = AvroRecord['fields']

/** A change of a record's fields from one version to the next, and what is wrong with it. */
export interface EvolutionCase {
  readonly name: string
  readonly older: Fields
  readonly newer: Fields
  /** In our words; undefined when each version can read the other. */
  readonly fault?: string
  /** We refuse it and a registry takes it: the bytes can be read, and mean something else. */
  readonly stricter?: true
}

const f = (type: AvroSchema, rest: object = {}): Fields => [{ name: 'f', type, doc: 'A field.', ...rest }]
const change = (
  name: string,
  older: AvroSchema,
  newer: AvroSchema,
  rest: Partial<EvolutionCase> = {}
): EvolutionCase => ({
  name,
  older: f(older),
  newer: f(newer),
  ...rest
})
const symbols = (list: string[], rest: object = {}): AvroSchema => ({
  type: 'enum',
  name: 'Color',
  symbols: list,
  ...rest
})
const nested = (fields: Fields, name = 'Part'): AvroSchema => ({ type: 'record', name, fields })
const logical = (type: string, logicalType: string, rest: object = {}): AvroSchema => ({ type, logicalType, ...rest })
const neither = "neither it nor version 1 can read the other's events"

/** Every kind of change, used against our rules, against avsc and against a real registry. */
export const changes: readonly EvolutionCase[] = [
  { name: 'nothing', older: f('int'), newer: f('int') },
  { name: 'a doc is edited', older: f('int'), newer: f('int', { doc: 'Better words.' }) },
  { name: 'a default is added', older: f('int'), newer: f('int', { default: 1 }) },
  { name: 'a default is changed', older: f('int', { default: 2 }), newer: f('int', { default: 1 }) },
  {
    name: 'fields change places',
    older: [...f('int'), { name: 'g', type: 'int' }],
    newer: [{ name: 'g', type: 'int' }, ...f('int')]
  },
  { name: 'a field with a default is added', older: [], newer: f('string', { default: '' }) },
  { name: 'a field with a default is removed', older: f('string', { default: '' }), newer: [] },
  {
    name: 'a field without a default is added',
    older: [],
    newer: f('string'),
    fault: 'version 2 adds `f` without a default: it cannot read events of version 1'
  },
  {
    name: 'a field without a default is removed',
    older: f('string'),
    newer: [],
    fault: 'version 2 removes `f`, which has no default: readers of version 1 cannot read it'
  },
  {
    name: 'a field is renamed with an alias',
    older: f('string'),
    newer: [{ name: 'g', type: 'string', aliases: ['f'] } as Fields[number]],
    fault: 'version 2 removes `f`, which has no default: readers of version 1 cannot read it'
  },
  change('int becomes long', 'int', 'long', {
    fault: 'version 2 changes `f` from int to long: readers of version 1 cannot read it'
  }),
  change('long becomes int', 'long', 'int', {
    fault: 'version 2 changes `f` from long to int: it cannot read events of version 1'
  }),
  change('float becomes double', 'float', 'double', {
    fault: 'version 2 changes `f` from float to double: readers of version 1 cannot read it'
  }),
  change('string becomes int', 'string', 'int', { fault: `version 2 changes \`f\` from string to int: ${neither}` }),
  change('string becomes bytes', 'string', 'bytes', {
    fault: `version 2 changes \`f\` from string to bytes: ${neither}`,
    stricter: true
  }),
  change('a type becomes nullable', 'int', ['null', 'int'], {
    fault: 'version 2 changes `f` from int to null | int: readers of version 1 cannot read it'
  }),
  change('a type is no longer nullable', ['null', 'int'], 'int', {
    fault: 'version 2 changes `f` from null | int to int: it cannot read events of version 1'
  }),
  change('a union of one takes the place of its type', 'int', ['int']),
  change('branches change places', ['null', 'int'], ['int', 'null']),
  change('a branch is added', ['null', 'int'], ['null', 'int', 'string'], {
    fault: 'version 2 adds string to the types of `f`: readers of version 1 cannot read it'
  }),
  change('a branch is removed', ['null', 'int', 'string'], ['null', 'int'], {
    fault: 'version 2 takes string out of the types of `f`: it cannot read events of version 1'
  }),
  change('a branch widens', ['null', 'int'], ['null', 'long'], {
    fault: 'version 2 adds long to the types of `f`: readers of version 1 cannot read it'
  }),
  change(
    'items change',
    { type: 'array', items: 'int' },
    { type: 'array', items: 'string' },
    { fault: `version 2 changes \`f[]\` from int to string: ${neither}` }
  ),
  change(
    'values of a map change',
    { type: 'map', values: 'int' },
    { type: 'map', values: 'string' },
    { fault: `version 2 changes \`f[]\` from int to string: ${neither}` }
  ),
  change(
    'an array becomes a map',
    { type: 'array', items: 'int' },
    { type: 'map', values: 'int' },
    { fault: `version 2 changes \`f\` from array of int to map of int: ${neither}` }
  ),
  change(
    'a symbol is added where there is a default',
    symbols(['RED'], { default: 'RED' }),
    symbols(['RED', 'BLUE'], { default: 'RED' })
  ),
  change(
    'a symbol is removed where there is a default',
    symbols(['RED', 'BLUE'], { default: 'RED' }),
    symbols(['RED'], { default: 'RED' })
  ),
  change('a symbol is added without a default', symbols(['RED']), symbols(['RED', 'BLUE']), {
    fault: 'version 2 adds BLUE to the enum `f`, which had no default: readers of version 1 cannot read it'
  }),
  change('a symbol is removed without a default', symbols(['RED', 'BLUE']), symbols(['RED']), {
    fault: 'version 2 removes BLUE from the enum `f`, and gives it no default: it cannot read events of version 1'
  }),
  change('symbols change places', symbols(['RED', 'BLUE']), symbols(['BLUE', 'RED'])),
  change(
    'an enum is renamed',
    symbols(['RED']),
    { type: 'enum', name: 'Colour', symbols: ['RED'] },
    { fault: `version 2 changes \`f\` from enum Color (RED) to enum Colour (RED): ${neither}` }
  ),
  change(
    'a fixed grows',
    { type: 'fixed', name: 'Hash', size: 4 },
    { type: 'fixed', name: 'Hash', size: 8 },
    { fault: `version 2 changes \`f\` from fixed Hash of 4 bytes to fixed Hash of 8 bytes: ${neither}` }
  ),
  change('a nested record gets a field with a default', nested([]), nested([{ name: 'a', type: 'int', default: 0 }])),
  change('a nested record gets a field without a default', nested([]), nested([{ name: 'a', type: 'int' }]), {
    fault: 'version 2 adds `f.a` without a default: it cannot read events of version 1'
  }),
  change('a nested record is renamed', nested([]), nested([], 'Piece'), {
    fault: `version 2 changes \`f\` from record Part to record Piece: ${neither}`
  }),
  change(
    'a record in a union changes inside',
    ['null', nested([{ name: 'a', type: 'int' }])],
    ['null', nested([{ name: 'a', type: 'string' }])],
    { fault: `version 2 changes \`f.a\` from int to string: ${neither}` }
  ),
  change('milliseconds become microseconds', logical('long', 'timestamp-millis'), logical('long', 'timestamp-micros'), {
    fault: `version 2 changes \`f\` from timestamp-millis to timestamp-micros: ${neither}`,
    stricter: true
  }),
  change('a string becomes a uuid', 'string', logical('string', 'uuid')),
  change(
    "a decimal's scale changes",
    logical('bytes', 'decimal', { precision: 6, scale: 2 }),
    logical('bytes', 'decimal', { precision: 6, scale: 3 }),
    { fault: `version 2 changes \`f\` from decimal(6, 2) to decimal(6, 3): ${neither}`, stricter: true }
  )
]
