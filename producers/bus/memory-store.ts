import type { Envelope } from '../../schemas/index.ts'
import type { EventStore } from './types.ts'

/** A store that forgets with the process: for examples, and for tests of code that publishes. */
export interface MemoryStore extends EventStore {
  /** What was stored, in its order. */
  readonly envelopes: readonly Envelope[]
}

export function memoryStore(): MemoryStore {
  const byId = new Map<string, Envelope>()
  return {
    get envelopes() {
      return [...byId.values()]
    },
    async append(events) {
      for (const { envelope } of events) if (!byId.has(envelope.id)) byId.set(envelope.id, envelope)
    }
  }
}
