import type { OutgoingRecord } from '../../kafka/index.ts'
import type { EventVersion, Registered } from '../../schemas/index.ts'
import type { Headers } from '../envelope.ts'
import type { PublishError } from '../errors.ts'
import type { Fifo } from '../fifo.ts'
import type { KafkaReceipt } from '../types.ts'
import type { Item } from './batcher.ts'

/**
 * Where the events of one name go. Closed: the topic and the registry have not been asked yet, and events wait.
 * Open: `registered` is known, and events go to the batcher at once.
 */
export interface Route {
  readonly eventName: string
  readonly topic: string
  readonly version: EventVersion
  readonly waiting: Fifo<Pending>
  registered: Registered | undefined
  opening: boolean
  /** What last kept its events from leaving. */
  lastError: unknown
}

/** One call of `publish` that has no answer yet; it is itself the record that goes to Kafka. */
export interface Pending extends Item, OutgoingRecord {
  readonly route: Route
  readonly id: string
  readonly key: string
  /** Encoded at the call; with the registry's numbers once the route is open. */
  value: Buffer
  /** The numbers of its schema that `value` has. */
  numbers: Registered
  readonly headers: Headers
  readonly bytes: number
  readonly deadline: number
  done: boolean
  readonly resolve: (receipt: KafkaReceipt) => void
  readonly reject: (error: PublishError) => void
}
