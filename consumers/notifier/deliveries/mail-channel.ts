import { NotifierError, type NotifierErrorCode } from '../errors.ts'
import { addressShape, type MailContent, type Mailer } from '../mail/index.ts'
import type { RecipientDirectory } from '../recipients.ts'
import { mailsSubscription } from '../subscriptions/index.ts'
import type { ChannelSender, Delivery, Outcome } from './types.ts'

/**
 * The same at every attempt, so that a mail that went out twice is recognised as one.
 * @param subscriptionId of a mail that is no event's own
 */
export const messageIdOf = (eventId: string, subscriptionId?: string): string =>
  subscriptionId === undefined || subscriptionId === mailsSubscription
    ? `<${eventId}@eventtrail>`
    : `<${eventId}.${subscriptionId}@eventtrail>`

const kinds: { readonly [Code in NotifierErrorCode]?: 'refused' | 'again' } = {
  MAIL_REFUSED: 'refused',
  MAIL_DEFERRED: 'again'
}

/** Sends mails. The address is looked up at each attempt: it may have changed since the event. */
export function mailChannel(mailer: Pick<Mailer, 'send'>, recipients: RecipientDirectory): ChannelSender {
  return {
    async attempt({ eventId, subscriptionId, recipient, content }: Delivery, signal): Promise<Outcome> {
      if (recipient === null || content === null) return { kind: 'refused', code: 'CONTENT_MISSING' }
      const to = await recipients.find(recipient)
      if (to === undefined) return { kind: 'refused', code: 'RECIPIENT_UNKNOWN' }
      if (to.wantsMail === false) return { kind: 'unwanted' }
      if (!addressShape.test(to.address)) return { kind: 'refused', code: 'RECIPIENT_INVALID' }
      const said = JSON.parse(content) as MailContent
      try {
        await mailer.send({ to, messageId: messageIdOf(eventId, subscriptionId), ...said }, signal)
        return { kind: 'delivered' }
      } catch (error) {
        if (!(error instanceof NotifierError)) throw error
        return { kind: kinds[error.code] ?? 'unavailable', code: error.code }
      }
    }
  }
}
