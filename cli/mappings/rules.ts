import { type MailContent, type Mails, mailOf, mailValue, oneLine } from '../../consumers/notifier/index.ts'
import type { Catalogue, EventMap, EventVersion } from '../../schemas/index.ts'
import { compileHtml } from './html-template.ts'
import { each, keysOf, RuleFault, templates } from './rule-parts.ts'
import type { TemplateValues } from './text-template.ts'

type Json = Readonly<Record<string, unknown>>

/** Letters of a value in a subject. */
const mostSubjectLetters = 100

/** The mails that a file describes. @throws RuleFault that names the event and the key */
export const mailsOf = (rules: unknown, catalogue: Catalogue): Mails<EventMap> =>
  each(rules, 'mails', catalogue, (rule, version) => {
    const { to, subject, ...said } = keysOf(rule, ['to', 'subject'], ['paragraphs', 'text', 'html'])
    const recipientOf = templates(version)('to', to)
    const subjectOf = templates(version, { withRecipient: true, write: value => mailValue(value, mostSubjectLetters) })(
      'subject',
      subject
    )
    const contentOf = contents(version, said)
    return {
      to: envelope => recipientOf({ envelope }) || undefined,
      content: (envelope, { name }) => {
        const values = { envelope, recipient: name === undefined ? {} : { name } }
        return contentOf(subjectOf(values), values)
      }
    }
  })

/** Paragraphs, of which both forms are made, or a template for each form. */
function contents(
  version: EventVersion,
  { paragraphs, text, html }: Json
): (subject: string, values: TemplateValues) => MailContent {
  const template = templates(version, { withRecipient: true, write: value => mailValue(value) })
  if ((paragraphs === undefined) === (text === undefined && html === undefined))
    throw new Error('expected either paragraphs, or text and html')
  if (paragraphs === undefined) {
    const textOf = template('text', linesOf('text', text))
    const htmlOf = templates(version, { withRecipient: true }, compileHtml)('html', linesOf('html', html))
    return (subject, values) => ({ subject: oneLine(subject), text: textOf(values), html: htmlOf(values) })
  }
  if (!Array.isArray(paragraphs)) throw new RuleFault(['paragraphs'], 'paragraphs: expected a list of texts')
  const texts = paragraphs.map((paragraph, index) => template(`paragraphs[${index}]`, paragraph))
  return (subject, values) =>
    mailOf(
      subject,
      texts.map(textOf => textOf(values))
    )
}

/** A template of several lines is a list of them, or one text. */
const linesOf = (key: string, given: unknown): unknown => {
  if (!Array.isArray(given)) return given
  if (given.some(line => typeof line !== 'string'))
    throw new RuleFault([key], `${key}: expected a text, or a list of texts`)
  return given.join('\n')
}
