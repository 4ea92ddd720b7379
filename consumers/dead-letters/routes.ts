import type { KafkaRecord } from '../../kafka/index.ts'
import { type Redriven, redrivenFrom } from './redrive.ts'

/** Which event a record is of, and what it must keep its order with. */
export interface Route {
  /** Empty where the group has no handler for it. */
  readonly eventName: string
  readonly lane: string
  /** What its headers say, where it is a redriven one. */
  readonly redriven?: Redriven
}

/** The topics of a group. */
export class Routes {
  /** Topic → event name. */
  readonly events: ReadonlyMap<string, string>
  /** Has dead letters that the group must handle again. */
  readonly redrive: string
  /** Whether Kafka lets this group read that topic. */
  withRedrive = true

  constructor(events: ReadonlyMap<string, string>, redrive: string) {
    this.events = events
    this.redrive = redrive
  }

  get all(): readonly string[] {
    return this.withRedrive ? [...this.events.keys(), this.redrive] : [...this.events.keys()]
  }

  has(topic: string): boolean {
    return topic === this.redrive || this.events.has(topic)
  }

  /** A redriven dead letter is of the event, and in the lane, that it was of before it failed. */
  of({ topic, partition }: { readonly topic: string; readonly partition: number }, record: KafkaRecord): Route {
    if (topic !== this.redrive)
      return { eventName: this.events.get(topic) ?? '', lane: laneOf(topic, partition, record.key) }
    const redriven = redrivenFrom(record)
    const { topic: first = topic, partition: at = partition } = redriven.origin ?? {}
    return { eventName: this.events.get(first) ?? '', lane: laneOf(first, at, record.key), redriven }
  }
}

/** One for each aggregate of a topic; what has no key is in one lane for each partition. */
const laneOf = (topic: string, partition: number, key: Buffer | null): string =>
  key ? `${topic} ${key.toString('latin1')}` : `${topic}/${partition}`
