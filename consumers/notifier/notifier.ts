import { checkOptions, type Rules, rule } from '../../core/index.ts'
import { type LabelsOf, type Meter, noMeter } from '../../observability/index.ts'
import type { EnvelopeOf, EventMap } from '../../schemas/index.ts'
import { createConsumerGroup } from '../group.ts'
import { handlersFrom } from '../handlers-from.ts'
import type { GroupMetrics } from '../metrics.ts'
import { type ConsumerGroupOptions, ownHandlersRules } from '../options.ts'
import type { ConsumerGroup } from '../types.ts'
import { NotifierError } from './errors.ts'
import type { Mailer } from './mailer.ts'
import type { NotifierMetrics } from './metrics.ts'
import { addressShape, type Recipient, type RecipientDirectory } from './recipients.ts'
import { rememberingSentLog, type SentLog } from './sent-log.ts'
import type { MailContent, Mails } from './templates.ts'

export interface NotifierOptions<Events extends EventMap>
  extends Omit<ConsumerGroupOptions<Events>, 'handlers' | 'group' | 'meter'> {
  /** Default `notifier`. */
  readonly group?: string
  /** Who is written to about each event, and what. */
  readonly mails: Mails<Events>
  /** Closed by the caller, like the other parts. */
  readonly mailer: Mailer
  readonly recipients: RecipientDirectory
  readonly sent: SentLog
  /** Receives the metrics of the group and of its mails. Default: none. */
  readonly meter?: Meter<GroupMetrics & NotifierMetrics>
}

const channel = 'email'

const rules: Rules<NotifierOptions<EventMap>> = {
  ...ownHandlersRules,
  mails: rule.required(rule.mappings()),
  mailer: rule.required(rule.withMethods(['send'], 'a mailer, such as that of `createMailer()`')),
  recipients: rule.required(rule.withMethods(['find'], 'a directory, such as `postgresDirectory(connection)`')),
  sent: rule.required(rule.withMethods(['has', 'add'], 'a log of what was sent, such as `postgresSentLog(connection)`'))
}

/** A rule, whatever its event is. */
interface AnyRule<Events extends EventMap> {
  readonly to: (envelope: EnvelopeOf<Events>) => string | undefined
  readonly content: (envelope: EnvelopeOf<Events>, recipient: Recipient) => MailContent
}

/**
 * A consumer group that sends a mail for each event that has a rule in `mails`. An event that comes again is not mailed
 * again, except one that was sent right before a crash; its `Message-ID` is the same then.
 * @throws OptionsError
 */
export function createNotifier<Events extends EventMap>(options: NotifierOptions<Events>): ConsumerGroup {
  checkOptions<NotifierOptions<EventMap>>(options as unknown as NotifierOptions<EventMap>, rules)
  const { mails, mailer, recipients, sent: sentLog, group = 'notifier', meter = noMeter, ...rest } = options
  const sent = rememberingSentLog(sentLog)
  const counting = countingMailer(mailer, meter)

  const notify = async (envelope: EnvelopeOf<Events>, rule: AnyRule<Events>, signal: AbortSignal): Promise<void> => {
    const { id } = envelope
    if (await sent.has(id, channel)) return
    const recipientId = rule.to(envelope)
    if (recipientId === undefined) return
    const to = checked(await recipients.find(recipientId))
    if (to.wantsMail === false) return meter.add('eventtrail_notifier_mails_total', 1, { result: 'unwanted' })
    await counting.send({ to, messageId: messageIdOf(id), ...rule.content(envelope, to) }, signal)
    await sent.add(id, channel)
  }

  const handlers = handlersFrom<Events, AnyRule<Events>>(
    mails as Readonly<Record<string, AnyRule<Events>>>,
    rule =>
      (envelope, { signal }) =>
        notify(envelope, rule, signal)
  )
  return createConsumerGroup<Events>({ ...rest, meter, group, handlers })
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
