import { isDeepStrictEqual } from 'node:util'
import type { Envelope } from '../../schemas/index.ts'
import { BusError } from './errors.ts'
import type { EventStore } from './types.ts'

/** A store that forgets with the process: for examples, and for tests of code that publishes. */
export interface MemoryStore extends EventStore {
  /** What was stored, in its order. */
  readonly envelopes: readonly Envelope[]
}

/** A store in memory. As in the trail, an id with other content than the stored one is refused (`STORE_FAILED`). */
export function memoryStore(): MemoryStore {
  const byId = new Map<string, Envelope>()
  return {
    get envelopes() {
      return [...byId.values()]
    },
    async append(events) {
      const added = new Map<string, Envelope>()
      for (const { envelope } of events) {
        const stored = byId.get(envelope.id) ?? added.get(envelope.id)
        if (stored === undefined) added.set(envelope.id, envelope)
        else if (!isDeepStrictEqual(stored, envelope)) throw otherContent(envelope)
      }
      for (const [id, envelope] of added) byId.set(id, envelope)
    }
  }
}

const otherContent = ({ event_name: eventName, id }: Envelope): BusError =>
  new BusError('STORE_FAILED', 'The store has an event with this id and other content', {
    eventName,
    id,
    outcome: 'failed',
    retryable: false
  })
