import { checkOptions, OptionsError, type Rules, rule } from '../../core/index.ts'
import { type Meter, noMeter } from '../../observability/index.ts'
import type { EnvelopeOf, EventMap } from '../../schemas/index.ts'
import { createConsumerGroup } from '../group.ts'
import { handlersFrom } from '../handlers-from.ts'
import type { GroupMetrics } from '../metrics.ts'
import { type ConsumerGroupOptions, ownHandlersRules } from '../options.ts'
import type { ConsumerGroup } from '../types.ts'
import type { Deliveries, NewDelivery } from './deliveries/index.ts'
import { NotifierError } from './errors.ts'
import { type AnyMailRule, addressShape, type Mails, plainMail } from './mail/index.ts'
import type { NotifierMetrics } from './metrics.ts'
import { directoryOn, type Recipient, type RecipientDirectory } from './recipients.ts'
import { mailsSubscription, type Subscription } from './subscriptions/index.ts'
import { webhookBody } from './webhooks/index.ts'

export interface NotifierOptions<Events extends EventMap>
  extends Omit<ConsumerGroupOptions<Events>, 'handlers' | 'group' | 'meter'> {
  /** Default `notifier`. */
  readonly group?: string
  /** Where notifications are queued, once for each event and subscription; a {@link createDeliverer} sends them. */
  readonly deliveries: Deliveries
  /** Who is written to about each event, and what: besides those that have subscribed. Default: no one. */
  readonly mails?: Mails<Events>
  /** Names of the events that subscriptions may name: these are read, besides those of `mails`. Default: all of the catalogue. */
  readonly events?: readonly string[]
  /** Default: the table `recipients`, next to the deliveries. */
  readonly recipients?: RecipientDirectory
  /** Receives the metrics of the group and of its notifications. Default: none. */
  readonly meter?: Meter<GroupMetrics & NotifierMetrics>
}

const rules: Rules<NotifierOptions<EventMap>> = {
  ...ownHandlersRules,
  deliveries: rule.required(
    rule.withMethods(['queue', 'subscriptions'], 'deliveries, such as `postgresDeliveries(connection)`')
  ),
  mails: rule.mappings(),
  events: rule.such(
    value => Array.isArray(value) && value.every(each => typeof each === 'string'),
    'a list of event names'
  ),
  recipients: rule.withMethods(['find'], 'a directory, such as `postgresDirectory(connection)`')
}

/**
 * A consumer group that queues a notification for each event and each of those who are to hear of it: the recipient that
 * its rule in `mails` names, and the subscriptions in Postgres. An event that comes again queues nothing again. Retries of
 * hours happen after the queue, and hold no partition back.
 * @throws OptionsError
 */
export function createNotifier<Events extends EventMap>(options: NotifierOptions<Events>): ConsumerGroup {
  checkOptions<NotifierOptions<EventMap>>(options as unknown as NotifierOptions<EventMap>, rules)
  const { mails = {}, deliveries, group = 'notifier', meter = noMeter, events, recipients, ...rest } = options
  const directory = recipients ?? directoryOn(deliveries.database)
  const mailRules = mails as Readonly<Record<string, AnyMailRule<Events> | undefined>>
  const names = new Set([...(events ?? options.catalogue.eventNames), ...Object.keys(mailRules)])
  if (names.size === 0) throw new OptionsError('mails', 'given, or `events`')

  const mailTo = async (
    envelope: EnvelopeOf<Events>,
    recipientId: string,
    subscriptionId: string
  ): Promise<NewDelivery | undefined> => {
    const to = checked(await directory.find(recipientId))
    if (to.wantsMail === false) {
      meter.add('eventtrail_notifier_deliveries_total', 1, { channel: 'email', result: 'unwanted' })
      return undefined
    }
    const said = mailRules[envelope.event_name]?.content(envelope, to) ?? plainMail(envelope)
    const { id: eventId, event_name: eventName } = envelope
    return { eventId, eventName, subscriptionId, recipient: recipientId, content: JSON.stringify(said) }
  }

  const forSubscription = async (envelope: EnvelopeOf<Events>, { id, channel, target }: Subscription) => {
    if (channel === 'email') return await mailTo(envelope, target ?? '', id)
    const { id: eventId, event_name: eventName } = envelope
    return { eventId, eventName, subscriptionId: id, content: webhookBody(envelope) }
  }

  const notify = async (envelope: EnvelopeOf<Events>, writtenMs: number): Promise<void> => {
    const book = await deliveries.subscriptions()
    const recipientId = book.mails ? mailRules[envelope.event_name]?.to(envelope) : undefined
    const made = await Promise.allSettled([
      ...book.of(envelope, writtenMs).map(each => forSubscription(envelope, each)),
      ...(recipientId === undefined ? [] : [mailTo(envelope, recipientId, mailsSubscription)])
    ])
    // One that has no address keeps the others from nothing.
    await deliveries.queue(made.flatMap(each => (each.status === 'fulfilled' ? (each.value ?? []) : [])))
    const failed = made.find(each => each.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  const handlers = handlersFrom<Events, true>(
    Object.fromEntries([...names].map(name => [name, true])),
    () =>
      (envelope, { timestamp }) =>
        notify(envelope, timestamp)
  )
  return createConsumerGroup<Events>({ ...rest, meter, group, handlers })
}

function checked(recipient: Recipient | undefined): Recipient {
  if (!recipient) throw new NotifierError('RECIPIENT_UNKNOWN', 'The directory does not know the recipient of an event')
  if (addressShape.test(recipient.address)) return recipient
  throw new NotifierError('RECIPIENT_INVALID', 'The directory has no valid address for the recipient of an event')
}
