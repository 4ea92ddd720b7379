import type { Documents } from '../../consumers/indexer/index.ts'
import { type Mails, mailOf } from '../../consumers/notifier/index.ts'
import { isObject } from '../../core/index.ts'
import type { Catalogue, EventMap, EventVersion } from '../../schemas/index.ts'
import { compileText, type TextTemplate } from './text-template.ts'

type Json = Readonly<Record<string, unknown>>

/** The documents that a file describes. @throws Error that names the event and the key */
export const documentsOf = (rules: unknown, catalogue: Catalogue): Documents<EventMap> =>
  each(rules, 'documents', catalogue, (rule, version) => {
    const { id, text, data = {} } = keysOf(rule, ['id', 'text'], ['data'])
    const template = templates(version)
    const [idOf, textOf] = [template('id', id), template('text', text)]
    if (!isObject(data)) throw new Error('data: expected an object of texts')
    const fields = Object.entries(data).map(([name, value]) => [name, template(`data.${name}`, value)] as const)
    return envelope => ({
      id: idOf({ envelope }),
      text: textOf({ envelope }),
      data: Object.fromEntries(fields.map(([name, fieldOf]) => [name, fieldOf({ envelope })]))
    })
  })

/** The mails that a file describes. @throws Error that names the event and the key */
export const mailsOf = (rules: unknown, catalogue: Catalogue): Mails<EventMap> =>
  each(rules, 'mails', catalogue, (rule, version) => {
    const { to, subject, paragraphs } = keysOf(rule, ['to', 'subject', 'paragraphs'])
    const recipientOf = templates(version)('to', to)
    const template = templates(version, { withRecipient: true })
    const subjectOf = template('subject', subject)
    if (!Array.isArray(paragraphs)) throw new Error('paragraphs: expected a list of texts')
    const texts = paragraphs.map((paragraph, index) => template(`paragraphs[${index}]`, paragraph))
    return {
      to: envelope => recipientOf({ envelope }) || undefined,
      content: (envelope, { name }) => {
        const values = { envelope, recipient: name === undefined ? {} : { name } }
        return mailOf(
          subjectOf(values),
          texts.map(textOf => textOf(values))
        )
      }
    }
  })

function each<Rule>(
  rules: unknown,
  what: string,
  catalogue: Catalogue,
  compile: (rule: unknown, version: EventVersion) => Rule
): Record<string, Rule> {
  if (!isObject(rules) || Object.keys(rules).length === 0)
    throw new Error(`${what}: expected an object with a rule for at least one event`)
  return Object.fromEntries(
    Object.entries(rules).map(([eventName, rule]) => {
      try {
        return [eventName, compile(rule, catalogue.version(eventName))]
      } catch (error) {
        throw new Error(`${what}, ${eventName}: ${(error as Error).message}`)
      }
    })
  )
}

const templates =
  (version: EventVersion, options = {}) =>
  (key: string, text: unknown): TextTemplate => {
    if (typeof text !== 'string') throw new Error(`${key}: expected a text`)
    try {
      return compileText(text, version, options)
    } catch (error) {
      throw new Error(`${key}: ${(error as Error).message}`)
    }
  }

function keysOf(rule: unknown, required: readonly string[], optional: readonly string[] = []): Json {
  if (!isObject(rule)) throw new Error(`expected an object with ${required.join(', ')}`)
  const missing = required.find(key => rule[key] === undefined)
  if (missing) throw new Error(`${missing} is missing`)
  const unknown = Object.keys(rule).find(key => !required.includes(key) && !optional.includes(key))
  if (unknown) throw new Error(`unknown key ${unknown}; expected ${[...required, ...optional].join(', ')}`)
  return rule
}
