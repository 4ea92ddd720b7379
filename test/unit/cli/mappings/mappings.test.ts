import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { loadDocuments, loadMails } from '../../../../cli/index.ts'
import { documentsOf, mailsOf } from '../../../../cli/mappings/rules.ts'
import { catalogue as example } from '../../../../schemas/catalogue/index.ts'
import { catalogueOf } from '../../../../schemas/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'mappings-'))
afterAll(() => rmSync(folder, { recursive: true }))

const text = { type: 'string', default: '', doc: 'Text.' }
const catalogue = catalogueOf({
  'order.placed': [
    {
      type: 'record',
      name: 'OrderPlaced',
      fields: [
        { name: 'customer', ...text },
        { name: 'note', type: ['null', 'string'], default: null },
        { name: 'cents', type: 'long' },
        { name: 'address', type: { type: 'record', name: 'Address', fields: [{ name: 'town', ...text }] } },
        { name: 'lines', type: { type: 'array', items: 'string' } }
      ]
    }
  ]
})
const envelope = {
  id: '01934567-89ab-7def-8000-000000000001',
  aggregate_id: '01934567-89ab-7def-8000-000000000002',
  occurred_at: 1_788_249_600_000_000n,
  event_name: 'order.placed' as const,
  schema_version: 1,
  payload: { customer: 'c1', note: null, cents: 1_250n, address: { town: 'Rome' }, lines: ['a'] }
}

describe('documents', () => {
  test('texts with placeholders become functions of an envelope', () => {
    const rules = {
      'order.placed': {
        id: '{aggregate_id}',
        text: 'Order of {payload.cents} cents for {payload.address.town}: {payload.note|no note} {as it is}',
        data: { at: '{occurred_at}' }
      }
    }
    expect(documentsOf(rules, catalogue)['order.placed']?.(envelope)).toEqual({
      id: envelope.aggregate_id,
      text: 'Order of 1250 cents for Rome: no note {as it is}',
      data: { at: '2026-09-01T08:00:00.000Z' }
    })
  })

  test.each([
    [{}, 'documents: expected an object with a rule for at least one event'],
    [{ 'order.placed': { id: 'x' } }, 'documents, order.placed: text is missing'],
    [{ 'order.placed': { id: 'x', text: 7 } }, 'documents, order.placed: text: expected a text'],
    [{ 'order.placed': { id: 'x', text: 'y', titel: 'z' } }, 'unknown key titel; expected id, text, data'],
    [{ 'order.placed': { id: 'x', text: '{payload.nmae}' } }, 'text: {payload.nmae}: order.placed has no field'],
    [{ 'order.placed': { id: 'x', text: '{payload.lines}' } }, 'this field is no text, number or boolean'],
    [{ 'order.placed': { id: '{recipient.name}', text: 'y' } }, 'expected payload.<field>, or one of id'],
    [{ 'order.moved': { id: 'x', text: 'y' } }, 'documents, order.moved: ']
  ])('a wrong rule is named before anything starts: %j', (rules, words) => {
    expect(() => documentsOf(rules, catalogue)).toThrow(words)
  })
})

describe('mails', () => {
  const rules = (paragraph: string) => ({
    'order.placed': { to: '{payload.customer}', subject: 'Your order', paragraphs: [paragraph] }
  })

  test('the name of the recipient can be used, and has a substitute', () => {
    const rule = mailsOf(rules('Dear {recipient.name|customer},'), catalogue)['order.placed']
    expect(rule?.to(envelope)).toBe('c1')
    expect(rule?.content(envelope, { address: 'a@b', name: 'Ada' }).text).toBe('Dear Ada,\n')
    expect(rule?.content(envelope, { address: 'a@b' }).text).toBe('Dear customer,\n')
  })

  test('an event without a recipient is about no one', () => {
    const rule = mailsOf(rules('x'), catalogue)['order.placed']
    expect(rule?.to({ ...envelope, payload: { ...envelope.payload, customer: '' } })).toBeUndefined()
  })

  test('a wrong rule is named', () => {
    expect(() => mailsOf(rules('{payload.x}'), catalogue)).toThrow('mails, order.placed: paragraphs[0]: {payload.x}: ')
  })
})

describe('files', () => {
  test('a module has its own functions', async () => {
    const file = join(folder, 'mappings.mjs')
    writeFileSync(file, "export const documents = { 'order.placed': ({ id }) => ({ id, text: 'x' }) }")
    const documents = await loadDocuments({ mappings: file }, catalogue)
    expect(documents['order.placed']?.(envelope)).toEqual({ id: envelope.id, text: 'x' })
    await expect(loadMails({ mappings: file }, catalogue)).rejects.toThrow('it has no mails')
  })

  test('no file and no example: the message says how to begin', async () => {
    await expect(loadDocuments({}, catalogue)).rejects.toThrow('name it with --mappings <file>')
  })

  test.each(['absent.json', 'absent.mjs'])('a file that is not there is named: %s', async name => {
    await expect(loadMails({ mappings: join(folder, name) }, catalogue)).rejects.toThrow(`${name} cannot be used`)
  })

  test('the example fits the example events', async () => {
    expect(Object.keys(await loadDocuments({ example: true }, example))).toEqual(['lesson.published'])
    expect(Object.keys(await loadMails({ example: true }, example))).toEqual(['badge.awarded', 'quiz.submitted'])
  })
})
