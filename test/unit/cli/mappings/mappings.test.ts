import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { loadDocuments, loadMails } from '../../../../cli/index.ts'
import { documentsOf } from '../../../../cli/mappings/documents.ts'
import { mailsOf } from '../../../../cli/mappings/rules.ts'
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

  test('a title, texts with weights, and values with their types', () => {
    const rules = {
      'order.placed': {
        id: '{id}',
        title: '{payload.customer}',
        text: [{ text: '{payload.address.town}', weight: 'B' }, 'plain', { text: '{payload.note|none}' }],
        data: {
          cents: { field: 'payload.cents' },
          note: { field: 'payload.note' },
          version: { field: 'schema_version' },
          town: { field: 'payload.address.town' },
          at: { field: 'occurred_at' },
          text: '{payload.cents}'
        }
      }
    }
    expect(documentsOf(rules, catalogue)['order.placed']?.(envelope)).toEqual({
      id: envelope.id,
      title: 'c1',
      text: [{ text: 'Rome', weight: 'B' }, { text: 'plain' }, { text: 'none' }],
      data: { cents: 1_250, note: null, version: 1, town: 'Rome', at: '2026-09-01T08:00:00.000Z', text: '1250' }
    })
    const large = { ...envelope, payload: { ...envelope.payload, cents: 2n ** 60n } }
    expect(documentsOf(rules, catalogue)['order.placed']?.(large)).toMatchObject({
      data: { cents: '1152921504606846976' }
    })
  })

  test('the end of a document', () => {
    const rules = { 'order.placed': { id: '{aggregate_id}', deleted: true } }
    expect(documentsOf(rules, catalogue)['order.placed']?.(envelope)).toEqual({
      id: envelope.aggregate_id,
      deleted: true
    })
  })

  test.each([
    [{ 'order.placed': { id: 'x', text: ['y', '{payload.x}'] } }, ['documents', 'order.placed', 'text', 1]],
    [{ 'order.placed': { id: 'x', text: [{ text: 'y', weight: 'E' }] } }, ['documents', 'order.placed', 'text', 0]],
    [
      { 'order.placed': { id: 'x', text: 'y', data: { a: { field: 'payload.x' } } } },
      ['documents', 'order.placed', 'data', 'a']
    ],
    [{ 'order.placed': { id: 'x', text: 'y', data: { a: 7 } } }, ['documents', 'order.placed', 'data', 'a']],
    [{ 'order.placed': { id: 'x', deleted: false } }, ['documents', 'order.placed']],
    [{ 'order.placed': { id: 'x', text: 'y', titel: 'z' } }, ['documents', 'order.placed', 'titel']]
  ])('the place of a wrong rule is known: %j', (rules, path) => {
    expect(() => documentsOf(rules, catalogue)).toThrow(expect.objectContaining({ path }))
  })

  test.each([
    [{}, 'documents: expected an object with a rule for at least one event'],
    [{ 'order.placed': { id: 'x' } }, 'documents, order.placed: text is missing'],
    [{ 'order.placed': { id: 'x', text: 7 } }, 'documents, order.placed: text: expected a text'],
    [{ 'order.placed': { id: 'x', text: 'y', titel: 'z' } }, 'unknown key titel; expected id, text, title, data'],
    [{ 'order.placed': { id: 'x', text: '{payload.nmae}' } }, 'text: {payload.nmae}: order.placed has no field'],
    [{ 'order.placed': { id: 'x', text: '{payload.lines}' } }, 'this field is no text, number or boolean'],
    [{ 'order.placed': { id: '{recipient.name}', text: 'y' } }, 'expected payload.<field>, or one of id'],
    [{ 'order.moved': { id: 'x', text: 'y' } }, 'documents, order.moved: ']
  ])('a wrong rule is named before anything starts: %j', (rules, words) => {
    expect(() => documentsOf(rules, catalogue)).toThrow(words)
  })
})

describe('mails', () => {
  test('text and HTML of their own, each value as its place needs it', () => {
    const rule = {
      to: '{payload.customer}',
      subject: 'To {payload.address.town}',
      text: ['Dear {recipient.name|customer},', '', '{payload.address.town}'],
      html: [
        '<p>Dear {recipient.name|customer}</p>',
        '<a href="https://a.example/{payload.customer}">{payload.address.town}</a>'
      ]
    }
    const town = '<Rome>\r\nBcc: x'
    const sent = { ...envelope, payload: { ...envelope.payload, customer: 'c/1', address: { town } } }
    const mail = mailsOf({ 'order.placed': rule }, catalogue)['order.placed']
    expect(mail?.content(sent, { address: 'a@b.example', name: 'A & B' })).toEqual({
      subject: 'To <Rome> Bcc: x',
      text: 'Dear A & B,\n\n<Rome> Bcc: x',
      html: '<p>Dear A &amp; B</p>\n<a href="https://a.example/c%2F1">&lt;Rome&gt; Bcc: x</a>'
    })
  })

  test('no value becomes a link in a mail, nor is it longer than is said', () => {
    const note = `win.example ${'a'.repeat(2_000)}`
    const sent = { ...envelope, payload: { ...envelope.payload, note } }
    const name = 'https://win.example'
    const recipient = { address: 'a@b.example', name }
    const rule = { to: '{payload.customer}', subject: '{payload.note}' }
    const said = { text: ['{payload.note}', 'https://a.example'], html: '<p>{payload.note}</p>' }
    const paragraphs = ['Dear {recipient.name}, see https://a.example', '{payload.note}']
    const mailOf = (more: object) => mailsOf({ 'order.placed': { ...rule, ...more } }, catalogue)['order.placed']
    const shown = `win.\u200bexample ${'a'.repeat(987)}…`
    expect(mailOf(said)?.content(sent, recipient)).toEqual({
      subject: `win.\u200bexample ${'a'.repeat(87)}…`,
      text: `${shown}\nhttps://a.example`,
      html: `<p>${shown}</p>`
    })
    expect(mailOf({ paragraphs })?.content(sent, recipient).text).toBe(
      `Dear https:\u200b/\u200b/win.\u200bexample, see https://a.example\n\n${shown}\n`
    )
  })

  test.each([
    [{}, 'expected either paragraphs, or text and html'],
    [{ paragraphs: [], text: 'a', html: 'b' }, 'expected either paragraphs, or text and html'],
    [{ text: 'a' }, 'html: expected a text'],
    [{ text: 'a', html: [7] }, 'html: expected a text, or a list of texts'],
    [{ text: 'a', html: '<p style="{payload.note}">' }, 'html: {payload.note}: it is allowed in the attributes href']
  ])('a mail that is not whole is named: %j', (said, words) => {
    const rule = { to: '{payload.customer}', subject: 'x', ...said }
    expect(() => mailsOf({ 'order.placed': rule }, catalogue)).toThrow(words)
  })

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

  test('a wrong rule is an error with the file and the place in it', async () => {
    const file = join(folder, 'wrong.json')
    writeFileSync(file, JSON.stringify({ documents: { 'order.placed': { id: 'x', text: ['{payload.x}'] } } }))
    await expect(loadDocuments({ mappings: file }, catalogue)).rejects.toMatchObject({
      code: 'MAPPING_INVALID',
      misconfigured: true,
      file,
      path: '/documents/order.placed/text/0',
      message: `the mappings of ${file} cannot be used: documents, order.placed: text[0]: {payload.x}: order.placed has no field of this name`
    })
  })

  test('the example fits the example events', async () => {
    expect(Object.keys(await loadDocuments({ example: true }, example))).toEqual(['lesson.published'])
    expect(Object.keys(await loadMails({ example: true }, example))).toEqual(['badge.awarded', 'quiz.submitted'])
  })
})
