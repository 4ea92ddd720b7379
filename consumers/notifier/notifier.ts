import { type LabelsOf, type Meter, noMeter } from '../../observability/index.ts'
import { catalogue, type Events } from '../../schemas/catalogue/index.ts'
import { type Envelope, uuidOf } from '../../schemas/index.ts'
import { createConsumerGroup } from '../group.ts'
import type { GroupMetrics } from '../metrics.ts'
import type { ConsumerGroupOptions } from '../options.ts'
import type { ConsumerGroup } from '../types.ts'
import { NotifierError } from './errors.ts'
import type { Mailer } from './mailer.ts'
import type { NotifierMetrics } from './metrics.ts'
import { addressShape, type Recipient, type RecipientDirectory } from './recipients.ts'
import { rememberingSentLog, type SentLog } from './sent-log.ts'
import { badgeAwarded, quizSubmitted, type Template } from './templates.ts'

export interface NotifierOptions
  extends Omit<ConsumerGroupOptions<Events>, 'handlers' | 'catalogue' | 'group' | 'meter'> {
  /** Default `notifier`. */
  readonly group?: string
  /** Closed by the caller, like the other parts. */
  readonly mailer: Mailer
  readonly recipients: RecipientDirectory
  readonly sent: SentLog
  /** Receives the metrics of the group and of its mails. Default: none. */
  readonly meter?: Meter<GroupMetrics & NotifierMetrics>
}

const channel = 'email'

/**
 * A consumer group that mails students about badges and marked quizzes. An event that comes again is not mailed
 * again, but for one that was sent right before a crash; its `Message-ID` is the same then.
 */
export function createNotifier(options: NotifierOptions): ConsumerGroup {
  const { recipients, group = 'notifier', meter = noMeter, ...rest } = options
  const sent = rememberingSentLog(options.sent)
  const mailer = countingMailer(options.mailer, meter)

  const notify = async <Payload>(
    { id, payload }: Envelope<string, Payload>,
    recipientId: string,
    template: Template<Payload>,
    signal: AbortSignal
  ): Promise<void> => {
    if (await sent.has(id, channel)) return
    const uuid = uuidOf(recipientId)
    const to = checked(uuid ? await recipients.find(uuid) : undefined)
    if (to.wantsMail === false) return meter.add('eventtrail_notifier_mails_total', 1, { result: 'unwanted' })
    await mailer.send({ to, messageId: messageIdOf(id), ...template(payload, to.name ?? '') }, signal)
    await sent.add(id, channel)
  }

  return createConsumerGroup<Events>({
    ...rest,
    meter,
    group,
    catalogue,
    handlers: {
      'badge.awarded': (event, { signal }) => notify(event, event.payload.awarded_to, badgeAwarded, signal),
      'quiz.submitted': (event, { signal }) => notify(event, event.payload.student_id, quizSubmitted, signal)
    }
  })
}

function countingMailer(mailer: Mailer, meter: Meter<NotifierMetrics>): Pick<Mailer, 'send'> {
  const count = (result: LabelsOf<NotifierMetrics, 'eventtrail_notifier_mails_total'>['result']) =>
    meter.add('eventtrail_notifier_mails_total', 1, { result })
  return {
    async send(mail, signal) {
      try {
        await mailer.send(mail, signal)
        count('sent')
      } catch (error) {
        count(error instanceof NotifierError && error.code === 'MAIL_REFUSED' ? 'refused' : 'failed')
        throw error
      }
    }
  }
}

/** Deterministic, so that a mail that went out twice is recognised as one. */
export const messageIdOf = (eventId: string): string => `<${eventId}@eventtrail>`

function checked(recipient: Recipient | undefined): Recipient {
  if (!recipient) throw new NotifierError('RECIPIENT_UNKNOWN', 'The directory does not know the recipient of an event')
  if (addressShape.test(recipient.address)) return recipient
  throw new NotifierError('RECIPIENT_INVALID', 'The directory has no valid address for the recipient of an event')
}
