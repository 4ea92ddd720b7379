import {
  checkOptions,
  type FileOrText,
  type Handle,
  type Logger,
  OptionsError,
  type Rules,
  rule,
  SecretUnreadable,
  silentLogger,
  textOf
} from '../../core/index.ts'
import { type Meter, noMeter } from '../../observability/index.ts'
import {
  type ChannelSender,
  DelivererLoop,
  type DelivererStats,
  type Deliveries,
  defaultKeepMs,
  mailChannel,
  webhookChannel
} from './deliveries/index.ts'
import type { Mailer } from './mail/index.ts'
import type { NotifierMetrics } from './metrics.ts'
import { directoryOn, type RecipientDirectory } from './recipients.ts'
import type { Channel } from './subscriptions/index.ts'
import { keysOf, networksOf, SecretBox, type WebhookOptions, WebhookSender } from './webhooks/index.ts'

/** How endpoints are called. */
export interface WebhookDelivery extends WebhookOptions {
  /**
   * Key that the secrets of endpoints are encrypted with: 32 random bytes in base64. After a comma, keys of before, which
   * still open what they have sealed.
   */
  readonly key: FileOrText
}

export interface DelivererOptions {
  /** Where notifications are queued. */
  readonly deliveries: Deliveries
  /** Sends mails; the caller closes it. Default: mails wait for a deliverer that has one. */
  readonly mailer?: Mailer
  /** Default: webhooks wait for a deliverer that has them. */
  readonly webhooks?: WebhookDelivery
  /** Default: the table `recipients`, next to the deliveries. */
  readonly recipients?: RecipientDirectory
  /** Attempts that run at once; half of them at most of one subscription. Default 16. */
  readonly concurrency?: number
  /** ms between two looks for what is due. What this process queues is taken at once. Default 1,000. */
  readonly pollMs?: number
  /**
   * ms for which a delivery is kept once it was delivered, is unwanted or has failed; longer than its event may come again.
   * `Infinity`: nothing is removed. Default: 60 days.
   */
  readonly keepMs?: number
  /** Default: nothing is logged. */
  readonly log?: Logger
  /** Receives the metrics of the notifier, see docs/metrics.md. Default: none. */
  readonly meter?: Meter<NotifierMetrics>
}

/** A part that sends what is queued. */
export interface Deliverer extends Handle {
  stats(): DelivererStats
  /** The error that ended it. */
  readonly failure: Error | undefined
}

const webhookRules: Rules<WebhookDelivery> = {
  key: rule.required(rule.fileOrText),
  allowedNetworks: rule.address((value: readonly string[]) => {
    if (!Array.isArray(value)) throw new Error('expected a list of addresses and networks')
    networksOf(value)
  }),
  allowHttp: rule.yesOrNo,
  timeoutMs: rule.duration(1),
  ca: rule.pem(),
  resolve: rule.function()
}

const rules: Rules<DelivererOptions> = {
  deliveries: rule.required(
    rule.withMethods(['claim', 'record'], 'deliveries, such as `postgresDeliveries(connection)`')
  ),
  mailer: rule.withMethods(['send'], 'a mailer, such as that of `createMailer()`'),
  webhooks: rule.object(webhookRules, 'an object with the `key` of the secrets'),
  recipients: rule.withMethods(['find'], 'a directory, such as `postgresDirectory(connection)`'),
  concurrency: rule.wholeNumber(1),
  pollMs: rule.duration(10),
  keepMs: rule.such(value => typeof value === 'number' && value > 0, 'ms, or Infinity'),
  log: rule.logger,
  meter: rule.meter
}

/**
 * Sends what notifiers have queued, over the channels that it is given. Any number of deliverers share the work. At least
 * once: one that dies between the answer of the receiver and its record sends again, after two minutes, with the same
 * `webhook-id` or `Message-ID`.
 * @throws OptionsError
 */
export function createDeliverer(options: DelivererOptions): Deliverer {
  checkOptions(options, rules)
  const { deliveries, mailer, webhooks, concurrency = 16, pollMs = 1_000, keepMs = defaultKeepMs } = options
  const recipients = options.recipients ?? directoryOn(deliveries.database)
  const senders: Partial<Record<Channel, ChannelSender>> = {
    ...(mailer && { email: mailChannel(mailer, recipients) }),
    ...(webhooks && {
      webhook: webhookChannel(new WebhookSender(webhooks), deliveries.database, secretBox(webhooks.key))
    })
  }
  if (Object.keys(senders).length === 0) throw new OptionsError('mailer', 'given, or `webhooks`')
  const { log = silentLogger, meter = noMeter } = options
  return new DelivererLoop({ deliveries, senders, concurrency, pollMs, keepMs, log, meter })
}

/** @throws OptionsError that repeats nothing of the key */
export function secretBox(key: FileOrText): SecretBox {
  try {
    return new SecretBox(keysOf(textOf(key)))
  } catch (error) {
    const words = (error as Error).message.replace(/^expected /, '')
    throw new OptionsError('webhooks.key', error instanceof SecretUnreadable ? error.message : words)
  }
}
