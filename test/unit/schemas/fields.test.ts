import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fieldMeanings } from '../../../schemas/catalogue/index.ts'
import { fieldFaults, stepsOf } from '../../../schemas/fields/index.ts'
import { type AvroRecord, inspectFolder } from '../../../schemas/index.ts'

const record = (name: string, fields: readonly unknown[]) => ({ type: 'record', name, doc: 'It.', fields })
const field = (name: string, type: unknown, rest = {}) => ({ name, type, doc: 'What it holds.', ...rest })
const item = record('Item', [field('sku', 'string'), field('count', 'int')])
const other = record('Other', [field('owner', 'string')])
const versions = [
  record('ThingDone', [
    field('owner_id', { type: 'string', logicalType: 'uuid' }),
    field('name', ['null', 'string'], { default: null }),
    field('size', 'int'),
    field('items', { type: 'array', items: item }),
    field('labels', { type: 'map', values: 'string' }),
    field('either', ['Item', other])
  ]),
  record('ThingDone', [
    field('owner_id', { type: 'string', logicalType: 'uuid' }),
    field('added', 'string', { default: '' })
  ])
] as unknown as readonly AvroRecord[]

const faults = (content: unknown) => fieldFaults(content, 'thing.done', versions)

describe('fields.json', () => {
  it.each([
    [{}],
    [{ subject: [], public: [] }],
    [{ subject: ['owner_id', 'name', 'added', '$aggregate'], public: ['size'] }],
    [{ subject: ['items[].sku', 'labels.sender', 'labels."a.b"'], public: ['items[].count'] }],
    [{ subject: ['either."eventtrail.thing.done.Other".owner'] }]
  ])('%j is taken', content => {
    expect(faults(content)).toEqual([])
  })

  it.each<[unknown, string]>([
    [[], 'must hold an object'],
    [{ subjects: ['owner_id'] }, 'has "subjects", and knows "subject" and "public" alone'],
    [{ subject: 'owner_id' }, '"subject" must be a list of fields'],
    [{ public: [1] }, '"public" must be a list of fields'],
    [{ subject: ['owner'] }, '"owner" is no field of any version'],
    [{ subject: ['owner_id.x'] }, 'is no field of any version'],
    [{ subject: ['items.sku'] }, 'is no field of any version'],
    [{ subject: ['either.owner'] }, 'is no field of any version'],
    [{ subject: ['size'] }, '"size" names a person and must be a string or a UUID'],
    [{ subject: ['items'] }, 'must be a string or a UUID'],
    [{ public: ['items'] }, 'is no single value'],
    [{ subject: ['owner id'] }, 'is no path of a field'],
    [{ subject: ['owner_id', 'owner_id'] }, 'is named twice'],
    [{ subject: ['owner_id'], public: ['owner_id'] }, 'cannot name a person and be public']
  ])('%j is refused', (content, words) => {
    expect(faults(content)).toEqual([expect.stringContaining(words)])
  })

  it('is read with the schemas, and named where it is wrong', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'eventtrail fields-'))
    try {
      await mkdir(join(folder, 'thing.done'))
      await writeFile(join(folder, 'thing.done', '1.avsc'), JSON.stringify(versions[1]))
      const file = join(folder, 'thing.done', 'fields.json')
      await writeFile(file, '{ "subject": ["owner_id"] }')
      expect([...(await inspectFolder(folder)).fields]).toEqual([
        ['thing.done', [{ eventName: 'thing.done', path: 'owner_id', meaning: 'subject' }]]
      ])
      await writeFile(file, '{ "subject": ["owner"] }')
      const { problems } = await inspectFolder(folder)
      expect(problems).toEqual([{ kind: 'SCHEMA_INVALID', file, message: '"owner" is no field of any version' }])
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('of the example is embedded as the files have it', async () => {
    expect((await inspectFolder('schemas/catalogue')).fields).toEqual(fieldMeanings)
  })
})

describe('a path', () => {
  it.each([
    ['a', [{ name: 'a' }]],
    ['a.b', [{ name: 'a' }, { name: 'b' }]],
    ['a[][].b', [{ name: 'a' }, 'each', 'each', { name: 'b' }]],
    ['a."b.\\"c"', [{ name: 'a' }, { name: 'b."c' }]]
  ])('%s', (path, steps) => {
    expect(stepsOf(path)).toEqual(steps)
  })

  it.each(['', '.', 'a.', '.a', 'a[', 'a[]b', '[]', 'a..b', '"a', 'a b', `${'a.'.repeat(16)}a`])('%j is none', path => {
    expect(stepsOf(path)).toBeUndefined()
  })
})
