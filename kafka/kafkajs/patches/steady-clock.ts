import brokerPoolModule from 'kafkajs/src/cluster/brokerPool.js'
import consumerGroupModule from 'kafkajs/src/consumer/consumerGroup.js'
import requestQueueModule from 'kafkajs/src/network/requestQueue/index.js'
import socketRequestModule from 'kafkajs/src/network/requestQueue/socketRequest.js'
import { type Patch, type PrivateClass, patch } from './patch.ts'

/** The times that kafkajs keeps to measure how long something has taken or is still to take. */
const measured: readonly (readonly [of: unknown, property: string])[] = [
  // When a request is late.
  [socketRequestModule, 'createdAt'],
  [socketRequestModule, 'sentAt'],
  // Until when a broker wants no requests.
  [requestQueueModule, 'throttledUntil'],
  // When the next heartbeat is due.
  [consumerGroupModule, 'lastRequest'],
  // When new partitions and leaders are looked for.
  [brokerPoolModule, 'metadataExpireAt']
]

interface Instant {
  /** As kafkajs wrote it: `Date.now()`, or so many ms before or after. */
  readonly wall: number
  /** How far the wall clock was from the monotonic one then. */
  readonly apart: number
}

const apart = (): number => Date.now() - performance.now()

/**
 * Turns a property that holds a time of `Date.now()` into one that keeps its distance from now by the monotonic clock:
 * it reads as the wall clock would have it today.
 */
export function keepSteady(prototype: object, property: string): void {
  const instants = new WeakMap<object, Instant | null | undefined>()
  Object.defineProperty(prototype, property, {
    configurable: true,
    get(this: object) {
      const instant = instants.get(this)
      // Rounded, because the two clocks are not read at once.
      return instant ? Math.round(instant.wall + apart() - instant.apart) : instant
    },
    set(this: object, wall: number | null | undefined) {
      instants.set(this, wall == null ? wall : { wall, apart: apart() })
    }
  })
}

export const measureSteadily: Patch = patch(
  {
    fixes:
      'kafkajs measures with the wall clock. Set back by an hour, it sends no heartbeat for an hour (its group drops it, and it does not notice), finds no request late, and looks for no new partitions.',
    issues: []
  },
  () => {
    for (const [of, property] of measured) keepSteady((of as PrivateClass<object>).prototype, property)
  }
)
