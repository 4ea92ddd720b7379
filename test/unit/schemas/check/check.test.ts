import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { portabilityWarnings } from '../../../../schemas/check/portability.ts'
import { readerFaults } from '../../../../schemas/check/readers.ts'
import { versionFaults } from '../../../../schemas/check/rules.ts'
import { unknownAttributes } from '../../../../schemas/check/unknown-attributes.ts'
import {
  type AvroRecord,
  catalogueOf,
  completePayload,
  encodeEnvelope,
  envelopeReader,
  loadCatalogue
} from '../../../../schemas/index.ts'
import { inspectFolder } from '../../../../schemas/load.ts'
import { runs } from '../../../support/properties.ts'
import { payloads } from '../../../support/schemas/schema-shapes.ts'

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
})

async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'eventtrail schemas-'))
  folders.push(folder)
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
  return folder
}

const field = (name: string, type: unknown, rest: object = {}) => ({ name, type, doc: 'What it holds.', ...rest })
const record = (...fields: unknown[]) => ({ type: 'record', name: 'ThingDone', doc: 'A thing was done.', fields })
const faultsOf = (type: unknown, initial: unknown) =>
  versionFaults('a.b', record(field('x', type, { default: initial })))
const id = '0190f8a0-0000-7000-8000-000000000001'

describe('what the check accepts', () => {
  it('can be published, read by groups, and left out where it has a default', () => {
    fc.assert(
      fc.property(
        payloads({ attributes: true }).chain(({ schema, value }) => fc.tuple(fc.constant(schema), value)),
        ([schema, value]) => {
          expect(versionFaults('thing.done', schema)).toEqual([])
          const version = catalogueOf({ 'thing.done': [schema] }).version('thing.done')
          expect(readerFaults([version])).toEqual([])
          const needed = schema.fields.filter(({ default: initial }) => initial === undefined).map(({ name }) => name)
          const given = value as Readonly<Record<string, unknown>>
          const short = Object.fromEntries(needed.map(name => [name, given[name]]))
          const read = envelopeReader(version, version.envelope)
          for (const payload of [given, short]) {
            const bytes = encodeEnvelope(version, 1, { id, aggregate_id: id, occurred_at: 0n, payload }, 1)
            expect(read(bytes).payload).toEqual(completePayload(version, payload))
          }
        }
      ),
      { numRuns: runs(300) }
    )
  }, 120_000)

  it('reads a field by its own name where an alias names another that is still there', async () => {
    const first = record(field('old', 'string', { default: '' }))
    const second = record(field('old', 'string', { default: '' }), field('x', 'int', { default: 1, aliases: ['old'] }))
    const third = record(
      field('old', 'string', { default: '' }),
      field('new', 'string', { default: '', aliases: ['old'] })
    )
    const folder = await folderOf({ 'a.b/1.avsc': JSON.stringify(first), 'a.b/2.avsc': JSON.stringify(third) })
    const versions = (await loadCatalogue(folder)).versions('a.b')
    expect(readerFaults(versions)).toEqual([])
    for (const version of versions) {
      const payload = version.version === 1 ? { old: 'o' } : { old: 'o', new: 'n' }
      const bytes = encodeEnvelope(version, 1, { id, aggregate_id: id, occurred_at: 0n, payload }, 1)
      expect(envelopeReader(version, version.envelope)(bytes).payload).toEqual(payload)
    }
    // A text is no int, and by its alias the field would have to be read from it.
    const wrong = await folderOf({ 'a.b/1.avsc': JSON.stringify(first), 'a.b/2.avsc': JSON.stringify(second) })
    expect((await inspectFolder(wrong)).problems.map(({ message }) => message).join()).toContain('`x`')
  })

  it('says which reader cannot be built', () => {
    const versions = catalogueOf({
      'a.b': [record(field('x', 'int')) as AvroRecord, record(field('x', 'string')) as AvroRecord]
    }).versions('a.b')
    const faults = readerFaults(versions)
    expect(faults).toHaveLength(2)
    expect(faults[0]).toContain('a.b: version 2 cannot read events of version 1')
    expect(faults[1]).toContain('a.b: version 1 cannot read events of version 2')
  })

  it('may begin with a byte order mark', async () => {
    const folder = await folderOf({ 'a.b/1.avsc': `\ufeff${JSON.stringify(record(field('x', 'int')))}` })
    expect((await loadCatalogue(folder)).eventNames).toEqual(['a.b'])
  })
})

describe('what is wrong with a default', () => {
  const decimal = { type: 'bytes', logicalType: 'decimal', precision: 4, scale: 2 }
  const list = { type: 'array', items: 'int' }
  it.each<[unknown, unknown, string]>([
    [['null', 'int'], 1, 'must fit the first type of the union (null), and fits int: put int first'],
    [['null', list], [], 'must fit the first type of the union (null), and fits array of int: put array of int first'],
    [['null', 'int'], 'x', 'must be null'],
    [
      decimal,
      '12.50',
      'each character stands for one byte of the number without its point ("\\u0000" is 0), not digits'
    ],
    [decimal, 12.5, 'must be text in which each character stands for one byte'],
    [decimal, '\u007f\u00ff\u00ff', 'must be a decimal of at most 4 digits, 2 of them after the point'],
    ['bytes', '\u0100', 'and has one above U+00FF'],
    ['bytes', 'words €', 'and has one above U+00FF'],
    [{ type: 'fixed', name: 'F', size: 2 }, 'a', 'each character stands for one byte, 2 of them'],
    ['double', 'NaN', 'must be a finite number'],
    ['long', 2 ** 60, 'within ±(2^53 - 1)'],
    ['long', '1', 'must be a whole number of 64 bits'],
    [{ type: 'long', logicalType: 'timestamp-micros' }, '2026-09-01T08:00:00Z', 'as a whole number, from the year 1'],
    [{ type: 'int', logicalType: 'date' }, '2026-09-01', 'must be days since 1970-01-01 as a whole number'],
    [{ type: 'int', logicalType: 'date' }, 20261126, 'from the year 1 to 9999'],
    [{ type: 'map', values: list }, { a: [1.5] }, '32 bits']
  ])('of type %j is said of %j', (type, initial, message) => {
    const faults = faultsOf(type, initial)
    expect(faults.join('; ')).toContain(message)
    expect(faults[0]).toMatch(/^the default of `x(\{\}\[0\])?` must /)
  })

  it.each<[unknown, unknown]>([
    [decimal, '\u0000'],
    [decimal, '\u00ff'],
    ['bytes', '\u00ff\u0001'],
    [['int', 'null'], 1],
    [[list, 'null'], []],
    [['null', list], null],
    [{ type: 'long', logicalType: 'timestamp-micros' }, 0],
    [{ type: 'int', logicalType: 'date' }, -1],
    [{ type: 'map', values: list }, { a: [1] }]
  ])('of type %j is nothing for %j', (type, initial) => {
    expect(faultsOf(type, initial)).toEqual([])
  })
})

describe('a file of another kind', () => {
  it.each<[string, Readonly<Record<string, string>>, string]>([
    [
      'JSON Schema',
      { 'a.b/1.avsc': '{"$schema":"x","type":"object","properties":{}}' },
      'the file holds a JSON Schema'
    ],
    ['JSON Schema by name', { 'a.b/1.json': '{}' }, '1.json: is no schema of Avro'],
    ['Protobuf', { 'a.b/thing.proto': 'syntax = "proto3";' }, 'thing.proto: is no schema of Avro'],
    [
      'a reference',
      { 'a.b/1.avsc': JSON.stringify(record(field('x', 'com.example.Other'))) },
      'x: type "com.example.Other" is not defined before it is used; a file holds all of its types'
    ],
    ['a doc that is no text', { 'a.b/1.avsc': JSON.stringify({ ...record(), doc: 5 }) }, 'needs a `doc`']
  ])('is named: %s', async (_, files, message) => {
    const { problems } = await inspectFolder(await folderOf(files))
    expect(problems.map(problem => `${problem.file}: ${problem.message}`).join('\n')).toContain(message)
  })
})

describe('an attribute that Avro does not know', () => {
  const warningsOf = (payload: object) => {
    const { versions } = catalogueOf({ 'thing.done': [payload as AvroRecord] })
    return versions('thing.done').flatMap(unknownAttributes)
  }

  it('is named with its place, also within other types', () => {
    const inner = { ...record(field('deep', 'string', { dfault: '' })), name: 'Inner', sealed: true }
    const warnings = warningsOf({
      ...record(
        field('at', 'long', { logicalType: 'timestamp-micros' }),
        field('kind', { type: 'string', logicaltype: 'uuid' }),
        field('list', ['null', { type: 'array', items: inner }], { default: null })
      ),
      title: 'Thing'
    })
    expect(warnings.map(warning => warning.slice(0, warning.indexOf(' that has')))).toEqual([
      'thing.done: version 1: the record has an attribute "title"',
      'thing.done: version 1: `at` has an attribute "logicalType"',
      'thing.done: version 1: `kind` has an attribute "logicaltype"',
      'thing.done: version 1: `list[]` has an attribute "sealed"',
      'thing.done: version 1: `list[].deep` has an attribute "dfault"'
    ])
    expect(warnings[1]).toContain('it belongs into the type')
  })

  it('does not matter where it is marked as private, nor is what Avro knows', () => {
    const types = [
      { type: 'enum', name: 'E', symbols: ['a'], default: 'a', doc: 'd', aliases: ['F'], namespace: 'n' },
      { type: 'fixed', name: 'X', size: 4, logicalType: 'decimal', precision: 4, scale: 2, 'connect.name': 'x' },
      { type: 'map', values: { type: 'string', 'avro.java.string': 'String', 'java-class': 'S' } },
      { type: 'long', logicalType: 'timestamp-micros', 'confluent:version': 1 }
    ]
    const fields = types.map((type, index) => field(`f${index}`, type, { order: 'ignore', aliases: ['g'] }))
    expect(warningsOf(record(...fields))).toEqual([])
  })
})

describe('what other programs cannot read', () => {
  const warningsOf = (...fields: unknown[]) => {
    const { versions } = catalogueOf({ 'thing.done': [record(...fields) as unknown as AvroRecord] })
    return portabilityWarnings(versions('thing.done'))
  }

  it('is named, with its event and version', async () => {
    const symbols = { type: 'enum', name: 'Kind', symbols: ['other', 'constructor'], default: 'other' }
    expect(await warningsOf(field('kind', symbols))).toEqual([
      expect.stringMatching(/^thing\.done: version 1 cannot be read by programs that use avsc: .*constructor/)
    ])
    expect(await warningsOf(field('kind', 'string'))).toEqual([])
  })

  it('is found out in no time where defaults double', async () => {
    let inner: unknown = { type: 'record', name: 'L30', fields: [] }
    for (let level = 29; level > 0; level -= 1) {
      const fields = [field('a', inner, { default: {} }), field('b', `L${level + 1}`, { default: {} })]
      inner = { type: 'record', name: `L${level}`, fields }
    }
    expect(await warningsOf(field('x', inner))).toEqual([])
  })
})
