import { type Registered, renumberEnvelope } from '../../schemas/index.ts'
import type { Pending } from './types.ts'

/** What a value is encoded with as long as the registry has not answered. */
export const provisional: Registered = { id: 0, version: 0 }

/** Puts the registry's numbers into an event that was encoded without them, or with others. */
export function completeValue(pending: Pending): void {
  const { registered } = pending.route
  if (!registered || registered === pending.numbers) return
  pending.value = renumberEnvelope(pending.value, pending.numbers, registered)
  pending.numbers = registered
}
