import type { Envelope } from '../../../schemas/index.ts'
import { type Condition, conditionOf, holds } from './conditions.ts'

/** How a notification goes out. */
export type Channel = 'email' | 'webhook'
export const channels: readonly Channel[] = ['email', 'webhook']

/** The subscription of the mails whose rules name their recipient. It is made by the migration. */
export const mailsSubscription = '00000000-0000-4000-8000-000000000001'

/** A row of the table `subscriptions`. */
export interface Subscription {
  readonly id: string
  readonly name: string
  readonly eventNames: readonly string[]
  /** As they were given; all of them hold. */
  readonly conditions: readonly string[]
  readonly channel: Channel
  /** The URL of a webhook, the id of a recipient; null where the mail of the event names the recipient. */
  readonly target: string | null
  /** ms since 1970: events that were written to Kafka before are not for it. */
  readonly sinceMs: number
  readonly enabled: boolean
  /** Why it was switched off; null where that was done by hand. */
  readonly disabledCode: string | null
  readonly failingSince: Date | null
}

/** Those that are switched on, by the names of their events. */
export class SubscriptionBook {
  readonly #byEvent = new Map<
    string,
    { readonly subscription: Subscription; readonly conditions: readonly Condition[] }[]
  >()
  /** Whether mails whose rules name the recipient are sent. */
  readonly mails: boolean

  constructor(subscriptions: readonly Subscription[]) {
    const enabled = subscriptions.filter(each => each.enabled)
    this.mails = enabled.some(({ id }) => id === mailsSubscription)
    for (const subscription of enabled) {
      const conditions = subscription.conditions.map(conditionOf)
      for (const eventName of subscription.eventNames) {
        const others = this.#byEvent.get(eventName) ?? []
        this.#byEvent.set(eventName, [...others, { subscription, conditions }])
      }
    }
  }

  /**
   * Whom an event is for.
   * @param writtenMs when it was written to Kafka, ms since 1970
   */
  of(envelope: Envelope, writtenMs: number): readonly Subscription[] {
    const candidates = this.#byEvent.get(envelope.event_name) ?? []
    return candidates
      .filter(
        ({ subscription, conditions }) =>
          writtenMs >= subscription.sinceMs && conditions.every(each => holds(each, envelope))
      )
      .map(({ subscription }) => subscription)
  }
}
