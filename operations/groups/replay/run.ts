import type { OutgoingRecord, Sender } from '../../../kafka/index.ts'
import { type StoredPlace, type StoredRecord, StoredValues, storedPlaces } from '../../../trail/index.ts'
import type { RunningAction } from '../../actions/index.ts'
import {
  letterHeaders,
  Pace,
  Patience,
  recordsFrom,
  redrivePartition,
  sendInOrder,
  textOf
} from '../../dead-letters/index.ts'
import { OperationsError } from '../../errors.ts'
import type { GroupActionParts } from '../actions.ts'
import { byPlace, type ReplayPlace, type ReplayStep, rangesOf } from './plan.ts'

/** What a replay works with. */
export interface ReplayParts extends Omit<GroupActionParts, 'reason'> {
  readonly sender: Sender
  /** Events a second at most. */
  readonly perSecond: number
  readonly onProgress?: (sent: number) => void
}

/** The part of a replay that is frozen when it is recorded. */
export interface FrozenReplay {
  readonly since: string
  readonly until: string
  readonly steps: readonly ReplayStep[]
  /** Where the redrive topic ended before, by partition. */
  readonly redriveFrom: readonly number[]
}

/** What was sent. */
export interface Sent {
  /** By this run. */
  readonly events: number
  /** Events that cannot be written with a schema that the trail has, or were taken out of the trail meanwhile. */
  readonly unreadable: number
  readonly removed: number
}

const atOnce = 100

/** Sends the events of the trail to the redrive topic of their group: in order for each aggregate, each once. */
export class ReplayRun {
  readonly #parts: ReplayParts
  readonly #topic: string
  readonly #frozen: FrozenReplay
  readonly #action: RunningAction
  readonly #values: StoredValues
  readonly #pace: Pace
  /** By partition of the redrive topic: the last event that this action has sent there, and the offset after it. */
  readonly #last = new Map<number, { readonly place: ReplayPlace; readonly next: number }>()
  readonly #events = { sent: 0, unreadable: 0, removed: 0 }

  constructor(parts: ReplayParts, topic: string, frozen: FrozenReplay, action: RunningAction) {
    this.#parts = parts
    this.#topic = topic
    this.#frozen = frozen
    this.#action = action
    this.#values = new StoredValues(parts.pool, parts.topicPrefix)
    this.#pace = new Pace(parts.perSecond)
  }

  /** @throws OperationsError `ACTION_STOPPED`, `ACTION_LOST`; SendError, KafkaError, PostgresError: it can be continued */
  async send(): Promise<Sent> {
    const { pool, perSecond } = this.#parts
    const ranges = rangesOf(this.#frozen.steps)
    const portion = Math.min(atOnce, perSecond)
    if (ranges.length > 0)
      for await (const places of storedPlaces(pool, ranges, this.#frozen)) {
        const left = places.filter(place => !this.#wasSent(place))
        for (let at = 0; at < left.length; at += portion) await this.#sendPortion(left.slice(at, at + portion))
      }
    const { sent: events, ...others } = this.#events
    return { events, ...others }
  }

  /** Learns from the redrive topic what an earlier run has sent. */
  async findSent(): Promise<void> {
    const { reader, topicPrefix } = this.#parts
    for (const [partition, from] of this.#frozen.redriveFrom.entries())
      for await (const { headers, offset } of recordsFrom(reader, { topic: this.#topic, partition }, from)) {
        if (textOf(headers, letterHeaders.replayAction) !== String(this.#action.id)) continue
        const place = {
          eventName: (textOf(headers, letterHeaders.topic) ?? '').slice(topicPrefix.length),
          partition: Number(textOf(headers, letterHeaders.partition)),
          offset: Number(textOf(headers, letterHeaders.offset))
        }
        this.#last.set(partition, { place, next: offset + 1 })
      }
  }

  /** Whether the group has passed all that was sent, as long as it makes progress. */
  async isPassed(): Promise<boolean> {
    const { admin, group, signal } = this.#parts
    const patience = new Patience(() => admin.groupMembers(group), signal)
    for (;;) {
      const passed = (await admin.groupOffsets(group)).get(this.#topic)
      if ([...this.#last].every(([partition, { next }]) => (passed?.get(partition) ?? 0) >= next)) return true
      if (!(await patience.wait([...(passed ?? [])]))) return false
    }
  }

  #wasSent(place: StoredPlace): boolean {
    const last = this.#last.get(this.#partitionOf(place))
    return last !== undefined && byPlace(place, last.place) <= 0
  }

  #partitionOf = ({ aggregateId }: StoredPlace): number =>
    redrivePartition(Buffer.from(aggregateId), this.#frozen.redriveFrom.length)

  async #sendPortion(places: readonly StoredPlace[]): Promise<void> {
    const { signal, sender, onProgress } = this.#parts
    await this.#pace.take(places.length, signal)
    if (signal.aborted) throw stopped(this.#events.sent)
    await this.#action.requireHeld()
    const stored = await this.#values.of(places.map(({ id }) => id))
    const there = places.flatMap(place => {
      const found = stored.get(place.id)
      if (found) return [{ place, record: this.#recordOf(place, found) }]
      this.#events[stored.has(place.id) ? 'unreadable' : 'removed'] += 1
      return []
    })
    const records = there.map(({ record }) => record)
    const partitions = this.#frozen.redriveFrom.length
    const sent = await sendInOrder(sender, this.#topic, partitions, records, signal)
    for (const [index, { place }] of there.entries()) {
      const at = sent[index]
      if (at) this.#last.set(at.partition, { place, next: at.offset + 1 })
    }
    this.#events.sent += there.length
    onProgress?.(this.#events.sent)
  }

  #recordOf({ eventName, partition, offset, aggregateId }: StoredPlace, stored: StoredRecord): OutgoingRecord {
    const action = String(this.#action.id)
    return {
      key: Buffer.from(aggregateId),
      value: stored.value,
      headers: [
        ...stored.headers,
        [letterHeaders.topic, this.#parts.topicPrefix + eventName],
        [letterHeaders.partition, String(partition)],
        [letterHeaders.offset, String(offset)],
        [letterHeaders.redriveAction, action],
        [letterHeaders.replayAction, action]
      ]
    }
  }
}

const stopped = (sent: number): OperationsError =>
  new OperationsError(
    'ACTION_STOPPED',
    `Stopped after this run had sent ${sent} events: \`eventtrail groups replay --continue\` continues`
  )
