import { createHmac, randomBytes } from 'node:crypto'

/** A secret as receivers get it: `whsec_` and 24 to 64 bytes in base64 (Standard Webhooks 1.0). */
const secretShape = /^whsec_([A-Za-z0-9+/]+={0,2})$/

export const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`

/** The key that a secret holds; undefined for a text that is no secret. */
export function keyOfSecret(secret: string): Buffer | undefined {
  const key = Buffer.from(secretShape.exec(secret)?.[1] ?? '', 'base64')
  return key.length >= 24 && key.length <= 64 ? key : undefined
}

/** What is signed. */
export interface SignedMessage {
  /** The same at every attempt: a receiver that has seen it does nothing. */
  readonly id: string
  /** s since 1970, of the attempt: receivers refuse one that is minutes old. */
  readonly timestamp: number
  readonly body: string
}

/**
 * The headers of Standard Webhooks. Signed by each key, so that a receiver may change from one to the other at any time.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function signedHeaders({ id, timestamp, body }: SignedMessage, keys: readonly Buffer[]): Record<string, string> {
  const signatures = keys.map(key => {
    const hmac = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`)
    return `v1,${hmac.digest('base64')}`
  })
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signatures.join(' ') }
}
