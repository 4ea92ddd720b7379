import type { Events } from '../../schemas/catalogue/index.ts'

/** What a mail says. */
export interface MailContent {
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** Makes the content of a mail out of an event's payload; `name` is how the recipient is addressed. */
export type Template<Payload> = (payload: Payload, name: string) => MailContent

/** A value as HTML text. */
export function escapeHtml(text: string): string {
  return text.replace(
    /[&<>"']/g,
    sign => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[sign] as string
  )
}

// A name comes from outside and stands in a greeting: one line, no control characters.
const oneLine = (text: string): string => text.replace(/[\p{Cc}\s]+/gu, ' ').trim()

/** Both forms of a mail from the same paragraphs: nothing in them is taken for HTML. */
export function mailOf(subject: string, paragraphs: readonly string[]): MailContent {
  return {
    subject: oneLine(subject),
    text: `${paragraphs.join('\n\n')}\n`,
    html: paragraphs.map(paragraph => `<p>${escapeHtml(paragraph)}</p>`).join('\n')
  }
}

const greeting = (name: string): string => (oneLine(name) ? `Dear ${oneLine(name)},` : 'Hello,')

export const badgeAwarded: Template<Events['badge.awarded']['payload']> = ({ reason }, name) =>
  mailOf('You have earned a badge', [
    greeting(name),
    'Congratulations: you have earned a badge.',
    `It is for: ${reason}`
  ])

export const quizSubmitted: Template<Events['quiz.submitted']['payload']> = ({ score_raw }, name) =>
  mailOf('Your quiz was marked', [
    greeting(name),
    'Your quiz has arrived and was marked.',
    `Your score: ${score_raw} points.`
  ])
