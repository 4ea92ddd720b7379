import type { OutgoingRecord } from '../../kafka/index.ts'
import { decodeEnvelope } from '../../schemas/index.ts'
import { encode, type Headers } from '../envelope.ts'
import type { PublishError } from '../errors.ts'
import type { KafkaReceipt } from '../types.ts'
import type { Item } from './batcher.ts'
import type { Route } from './routes.ts'

/** One call of `publish` that has no answer yet; it is itself the record that goes to Kafka. */
export interface Pending extends Item, OutgoingRecord {
  readonly route: Route
  readonly id: string
  readonly key: string
  /** Encoded at the call; with the registry's numbers once the route is open. */
  value: Buffer
  readonly headers: Headers
  readonly bytes: number
  readonly deadline: number
  done: boolean
  readonly resolve: (receipt: KafkaReceipt) => void
  readonly reject: (error: PublishError) => void
}

/** What a value is encoded with as long as the registry has not answered. */
export const provisional = { id: 0, version: 0 } as const

/** Puts the registry's numbers into an event that was encoded without them. */
export function completeValue(pending: Pending): void {
  const { route, value } = pending
  if (!route.registered) return
  const envelope = decodeEnvelope(route.version.type, value)
  pending.value = encode(route.version, envelope, envelope.payload, route.registered)
}
