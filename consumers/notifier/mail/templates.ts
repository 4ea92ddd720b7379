import type { Envelope, EnvelopeOf, EventMap, EventName } from '../../../schemas/index.ts'
import type { Recipient } from '../recipients.ts'
import { mailValue, oneLine } from './values.ts'

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

/** A rule, whatever its event is. */
export interface AnyMailRule<Events extends EventMap> {
  readonly to: (envelope: EnvelopeOf<Events>) => string | undefined
  readonly content: (envelope: EnvelopeOf<Events>, recipient: Recipient) => MailContent
}

/** A value as HTML text. */
export function escapeHtml(text: string): string {
  return text.replace(
    /[&<>"']/g,
    sign => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[sign] as string
  )
}

/**
 * Both forms of a mail from the same paragraphs, a line each: nothing in them is taken for HTML. Hand a value that someone
 * else has chosen to {@link mailValue} first.
 */
export function mailOf(subject: string, paragraphs: readonly string[]): MailContent {
  const lines = paragraphs.map(oneLine)
  return {
    subject: oneLine(subject),
    text: `${lines.join('\n\n')}\n`,
    html: lines.map(line => `<p>${escapeHtml(line)}</p>`).join('\n')
  }
}

/** What is said of an event that has no mail of its own, to someone who has subscribed: which one it is, and no more. */
export function plainMail({ event_name, id, aggregate_id, occurred_at }: Envelope): MailContent {
  const occurred = new Date(Number(occurred_at / 1_000n)).toISOString()
  return mailOf(event_name, [
    `${event_name} of ${mailValue(aggregate_id)}`,
    `It occurred at ${occurred}. Its id is ${id}.`
  ])
}
