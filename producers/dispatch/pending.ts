import { decodeEnvelope } from '../../schemas/index.ts'
import { encode } from '../envelope.ts'
import type { Pending } from './types.ts'

/** What a value is encoded with as long as the registry has not answered. */
export const provisional = { id: 0, version: 0 } as const

/** Puts the registry's numbers into an event that was encoded without them. */
export function completeValue(pending: Pending): void {
  const { route, value } = pending
  if (!route.registered) return
  const envelope = decodeEnvelope(route.version.type, value)
  pending.value = encode(route.version, envelope, envelope.payload, route.registered)
}
