import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { loadCatalogue, SchemaError } from '../../../schemas/index.ts'

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
})

async function folderOf(files: Readonly<Record<string, unknown>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'eventtrail schemas-'))
  folders.push(folder)
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  }
  return folder
}

const field = (name: string, type: unknown, rest: object = {}) => ({ name, type, doc: 'What it holds.', ...rest })
const record = (...fields: unknown[]) => ({ type: 'record', name: 'ThingDone', doc: 'A thing was done.', fields })

async function refusal(files: Readonly<Record<string, unknown>>): Promise<SchemaError> {
  const error: unknown = await loadCatalogue(await folderOf(files)).catch(thrown => thrown)
  if (error instanceof SchemaError) return error
  throw new Error('it was accepted')
}

describe('loadCatalogue', () => {
  it('reads events and versions in order, and passes over what is no schema', async () => {
    const versions = Array.from({ length: 11 }, (_, index) => [
      `thing.done/${index + 1}.avsc`,
      record(field('a', 'int'), ...(index === 0 ? [] : [field(`b${index}`, 'int', { default: index })]))
    ])
    const loaded = await loadCatalogue(
      await folderOf({
        ...Object.fromEntries(versions),
        'thing.begun/1.avsc': record(),
        'thing.begun/README.md': 'words',
        'generated/events.ts': '',
        'index.ts': ''
      })
    )
    expect(loaded.eventNames).toEqual(['thing.begun', 'thing.done'])
    expect(loaded.versions('thing.done').map(({ version, payload }) => [version, payload.fields.at(-1)?.name])).toEqual(
      [[1, 'a'], ...Array.from({ length: 10 }, (_, index) => [index + 2, `b${index + 1}`])]
    )
    expect(loaded.version('thing.done').version).toBe(11)
    expect(() => loaded.version('thing.done', 12)).toThrow('thing.done has no version 12; it has 1 to 11')
    expect(() => loaded.version('thing.done', 0)).toThrow(SchemaError)
    expect(() => loaded.versions('toString')).toThrow(
      'The catalogue has no event "toString". It has thing.begun, thing.done'
    )
  })

  it('reads the example as it is embedded', async () => {
    const loaded = await loadCatalogue('schemas/catalogue')
    expect(loaded.eventNames).toEqual(['badge.awarded', 'lesson.published', 'quiz.submitted'])
    for (const name of loaded.eventNames)
      expect(loaded.versions(name).map(({ envelope }) => JSON.stringify(envelope))).toEqual(
        catalogue.versions(name).map(({ envelope }) => JSON.stringify(envelope))
      )
  })

  const valid = record()
  it.each([
    ['thing-done', { 'thing-done/1.avsc': valid }, 'thing-done', 'is no event name'],
    ['one word', { 'thing/1.avsc': valid }, 'thing', 'is no event name'],
    ['capitals', { 'Thing.Done/1.avsc': valid }, 'Thing.Done', 'is no event name'],
    ['a schema without a folder', { '1.avsc': valid }, '1.avsc', 'in a folder named after its event'],
    ['a version that is no number', { 'a.b/v1.avsc': valid }, 'a.b/v1.avsc', 'named by its version'],
    ['version 0', { 'a.b/0.avsc': valid }, 'a.b/0.avsc', 'named by its version'],
    ['version 01', { 'a.b/01.avsc': valid }, 'a.b/01.avsc', 'named by its version'],
    ['a hole', { 'a.b/1.avsc': valid, 'a.b/3.avsc': valid }, 'a.b/2.avsc', 'versions have no holes'],
    ['no JSON', { 'a.b/1.avsc': '{' }, 'a.b/1.avsc', 'cannot be read as JSON'],
    ['a key twice', { 'a.b/1.avsc': '{"type":"record","type":"record"}' }, 'a.b/1.avsc', 'a key twice, the second'],
    [
      'a field whose name is none',
      { 'a.b/1.avsc': record(field('a-b', 'int')) },
      'a.b/1.avsc',
      'record eventtrail.a.b.ThingDone has a field "a-b": a name has letters, digits and _, and begins with no digit'
    ],
    [
      'a field whose name is something else',
      { 'a.b/1.avsc': record({ name: 7, type: 'int' }) },
      'a.b/1.avsc',
      'field number 1 of record eventtrail.a.b.ThingDone has no name'
    ],
    ['no record', { 'a.b/1.avsc': { type: 'string' } }, 'a.b/1.avsc', 'must hold one Avro record'],
    ['a list', { 'a.b/1.avsc': [valid] }, 'a.b/1.avsc', 'must hold one Avro record'],
    ['no name', { 'a.b/1.avsc': { ...valid, name: undefined } }, 'a.b/1.avsc', 'needs a name'],
    ['a name with dots', { 'a.b/1.avsc': { ...valid, name: 'x.Y' } }, 'a.b/1.avsc', 'needs a name'],
    [
      'the name of the envelope',
      { 'a.b/1.avsc': { ...valid, name: 'EventEnvelope' } },
      'a.b/1.avsc',
      'cannot be named EventEnvelope'
    ],
    [
      'another namespace',
      { 'a.b/1.avsc': { ...valid, namespace: 'com.example' } },
      'a.b/1.avsc',
      'or write eventtrail.a.b'
    ],
    ['no doc', { 'a.b/1.avsc': { ...valid, doc: '' } }, 'a.b/1.avsc', 'needs a `doc` that says what happened'],
    ['a field without a doc', { 'a.b/1.avsc': record({ name: 'x', type: 'int' }) }, 'a.b/1.avsc', '`x` needs a `doc`'],
    [
      'a nested field without a doc',
      {
        'a.b/1.avsc': record(
          field('x', { type: 'array', items: { type: 'record', name: 'N', fields: [{ name: 'y', type: 'int' }] } })
        )
      },
      'a.b/1.avsc',
      '`x[].y` needs a `doc`'
    ],
    [
      'an enum without a default',
      { 'a.b/1.avsc': record(field('x', { type: 'enum', name: 'E', symbols: ['A'] })) },
      'a.b/1.avsc',
      '`x`: the enum needs a `default`'
    ],
    ['an unknown type', { 'a.b/1.avsc': record(field('x', 'text')) }, 'a.b/1.avsc', 'x: type "text" is not defined'],
    ['a type without items', { 'a.b/1.avsc': record(field('x', { type: 'array' })) }, 'a.b/1.avsc', 'x[]: a schema is'],
    [
      'a field twice',
      { 'a.b/1.avsc': record(field('x', 'int'), field('x', 'int')) },
      'a.b/1.avsc',
      'x: the field appears twice'
    ],
    [
      'a name twice',
      { 'a.b/1.avsc': record(field('x', { type: 'fixed', name: 'EventEnvelope', size: 1 })) },
      'a.b/1.avsc',
      'is defined twice'
    ],
    [
      'a union of one type twice',
      { 'a.b/1.avsc': record(field('x', ['int', 'int'])) },
      'a.b/1.avsc',
      'two branches of type int'
    ],
    [
      'a union in a union',
      { 'a.b/1.avsc': record(field('x', ['int', ['null']])) },
      'a.b/1.avsc',
      'cannot directly hold a union'
    ],
    [
      'a default of another type',
      { 'a.b/1.avsc': record(field('x', 'int', { default: '1' })) },
      'a.b/1.avsc',
      'the default of `x` must be a whole number'
    ],
    [
      'a default of another branch',
      { 'a.b/1.avsc': record(field('x', ['null', 'int'], { default: 1 })) },
      'a.b/1.avsc',
      'default'
    ],
    [
      'a default that is no UUID',
      { 'a.b/1.avsc': record(field('x', { type: 'string', logicalType: 'uuid' }, { default: '' })) },
      'a.b/1.avsc',
      'the default of `x` must be a UUID'
    ],
    [
      'a default that is not exact',
      { 'a.b/1.avsc': record(field('x', 'long', { default: 2 ** 60 })) },
      'a.b/1.avsc',
      'the default of `x` must be a whole number of 64 bits'
    ],
    [
      'a default of null for a record',
      { 'a.b/1.avsc': record(field('x', { type: 'record', name: 'N', doc: 'N.', fields: [] }, { default: null })) },
      'a.b/1.avsc',
      'the default of `x` must be an object'
    ],
    [
      'the field __proto__',
      { 'a.b/1.avsc': record(JSON.parse('{"name":"__proto__","type":"int","doc":"x"}')) },
      'a.b/1.avsc',
      '__proto__'
    ]
  ])('refuses %s', async (_, files, file, message) => {
    const error = await refusal(files)
    expect(error).toMatchObject({ code: 'SCHEMA_INVALID', retryable: false })
    expect(error.message).toContain(message)
    expect(error.message).toContain(join(folders[0] ?? '', file))
  })

  it('refuses versions that cannot read each other, naming the file', async () => {
    const error = await refusal({ 'a.b/1.avsc': record(field('x', 'int')), 'a.b/2.avsc': record(field('x', 'long')) })
    expect(error.code).toBe('SCHEMA_INCOMPATIBLE')
    expect(error.message).toMatch(/a\.b\/2\.avsc: version 2 changes `x` from int to long/)
  })

  it('reports everything that is wrong at once', async () => {
    const error = await refusal({
      'a.b/1.avsc': record({ name: 'x', type: 'int' }),
      'c.d/1.avsc': '',
      'c.d/x.avsc': ''
    })
    expect(error.message.split('\n')).toHaveLength(3)
  })

  it('says when there is nothing to read', async () => {
    await expect(loadCatalogue(join(tmpdir(), 'eventtrail-is-not-there'))).rejects.toMatchObject({
      code: 'CATALOGUE_UNREADABLE'
    })
    expect(await refusal({ 'other.ts': '' })).toMatchObject({ code: 'CATALOGUE_UNREADABLE' })
  })
})
