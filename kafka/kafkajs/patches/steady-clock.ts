import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** The times that kafkajs keeps to measure how long something has taken or is still to take. */
const measured: readonly (readonly [module: string, property: string])[] = [
  // When a request is late.
  ['kafkajs/src/network/requestQueue/socketRequest', 'createdAt'],
  ['kafkajs/src/network/requestQueue/socketRequest', 'sentAt'],
  // Until when a broker wants no requests.
  ['kafkajs/src/network/requestQueue', 'throttledUntil'],
  // When the next heartbeat is due.
  ['kafkajs/src/consumer/consumerGroup', 'lastRequest'],
  // When new partitions and leaders are looked for.
  ['kafkajs/src/cluster/brokerPool', 'metadataExpireAt']
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
 * it is told as the wall clock would have it today.
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

let kept = false

/**
 * kafkajs measures with the wall clock. Set back by an hour, it sends no heartbeat for an hour (its group drops it, and
 * it does not notice), finds no request late, and looks for no new partitions.
 */
export function measureSteadily(): void {
  if (kept) return
  kept = true
  for (const [module, property] of measured) {
    const { prototype } = require(module) as { prototype: object }
    keepSteady(prototype, property)
  }
}
