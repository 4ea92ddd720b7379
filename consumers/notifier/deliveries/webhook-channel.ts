import type { Database } from '../../../postgres/index.ts'
import { NotifierError } from '../errors.ts'
import { signingKeys } from '../subscriptions/index.ts'
import { type SecretBox, signedHeaders, type WebhookAnswer, type WebhookSender } from '../webhooks/index.ts'
import type { ChannelSender, Delivery, Outcome } from './types.ts'

/** Calls endpoints. Each attempt is signed by itself, with its own time: receivers refuse what is older than minutes. */
export function webhookChannel(sender: WebhookSender, database: Database, box: SecretBox): ChannelSender {
  return {
    async attempt({ eventId, subscriptionId, target, content }: Delivery, signal): Promise<Outcome> {
      if (target === null || content === null) return { kind: 'refused', code: 'CONTENT_MISSING' }
      try {
        const keys = await signingKeys(database, subscriptionId, box)
        const timestamp = Math.floor(Date.now() / 1_000)
        const headers = signedHeaders({ id: eventId, timestamp, body: content }, keys)
        return outcomeOf(await sender.post(target, headers, content, signal))
      } catch (error) {
        if (!(error instanceof NotifierError)) throw error
        // A key that is missing here is no fault of the endpoint.
        return { kind: error.code === 'SECRET_UNREADABLE' ? 'unavailable' : 'again', code: error.code }
      }
    }
  }
}

/** What an answer means: 2xx alone is a success, 410 ends the subscription. */
export function outcomeOf({ status, retryAfterMs }: WebhookAnswer): Outcome {
  if (status >= 200 && status < 300) return { kind: 'delivered', status }
  if (status === 410) return { kind: 'refused', code: 'WEBHOOK_GONE', status }
  return { kind: 'again', code: 'WEBHOOK_STATUS', status, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}
