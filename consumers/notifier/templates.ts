import type { EnvelopeOf, EventMap, EventName } from '../../schemas/index.ts'
import type { Recipient } from './recipients.ts'

/** What a mail says. */
export interface MailContent {
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** The mail of an event. */
export interface MailRule<Events extends EventMap, Name extends EventName<Events>> {
  /** Id of the recipient in the directory; undefined for an event that needs no mail. */
  readonly to: (envelope: EnvelopeOf<Events, Name>) => string | undefined
  /** {@link mailOf} makes both forms of a mail from paragraphs. */
  readonly content: (envelope: EnvelopeOf<Events, Name>, recipient: Recipient) => MailContent
}

/** Event name → its mail. Only these events are read. */
export type Mails<Events extends EventMap> = { readonly [Name in EventName<Events>]?: MailRule<Events, Name> }

/** A value as HTML text. */
export function escapeHtml(text: string): string {
  return text.replace(
    /[&<>"']/g,
    sign => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[sign] as string
  )
}

// What comes from outside cannot begin a line or a header: one line, no control characters.
const oneLine = (text: string): string => text.replace(/[\p{Cc}\s]+/gu, ' ').trim()

/** Both forms of a mail from the same paragraphs, a line each: nothing in them is taken for HTML. */
export function mailOf(subject: string, paragraphs: readonly string[]): MailContent {
  const lines = paragraphs.map(oneLine)
  return {
    subject: oneLine(subject),
    text: `${lines.join('\n\n')}\n`,
    html: lines.map(line => `<p>${escapeHtml(line)}</p>`).join('\n')
  }
}
