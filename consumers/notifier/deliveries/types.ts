import type { NotifierErrorCode } from '../errors.ts'
import type { Channel } from '../subscriptions/index.ts'

/** What someone has to hear about an event. */
export interface NewDelivery {
  readonly eventId: string
  readonly eventName: string
  readonly subscriptionId: string
  /** The body of a webhook; subject, text and html of a mail as JSON. */
  readonly content: string
  /** Id of the recipient of a mail. */
  readonly recipient?: string
}

/** One that a worker has taken, to attempt it once. */
export interface Delivery {
  readonly id: string
  /** Names the attempt: another worker that takes it after this one's time has another. */
  readonly lease: string
  readonly eventId: string
  readonly subscriptionId: string
  readonly channel: Channel
  /** The URL of a webhook. */
  readonly target: string | null
  readonly recipient: string | null
  readonly content: string | null
  /** This one included, since it was queued or last sent again by hand. */
  readonly attempts: number
}

/** What an attempt came to. */
export type Outcome =
  /** Taken by the receiver. */
  | { readonly kind: 'delivered'; readonly status?: number }
  /** To be tried again as the table has it. */
  | Failure<'again'>
  /** The server on the way is away, which says nothing of the delivery: tried again without limit. */
  | Failure<'unavailable'>
  /** No attempt can succeed. */
  | Failure<'refused'>
  /** The recipient wants no mails. */
  | { readonly kind: 'unwanted' }

interface Failure<Kind> {
  readonly kind: Kind
  readonly code: NotifierErrorCode
  readonly status?: number
  /** ms that the receiver asked to be left alone. */
  readonly retryAfterMs?: number
}

/** Sends what a worker has taken. */
export interface ChannelSender {
  /** Never rejects but where the process is at fault, or its database away. */
  attempt(delivery: Delivery, signal: AbortSignal): Promise<Outcome>
}
