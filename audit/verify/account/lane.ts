import type { Source } from '../source.ts'
import type { Stretch } from './stretch.ts'
import { StretchList } from './stretch-list.ts'

/** A log of a partition, as a group reads it. */
export interface PartitionPlace {
  readonly group: string
  /** With its prefix. */
  readonly topic: string
  readonly partition: number
  readonly incarnation: number
}

export const isSamePartition = (one: PartitionPlace, other: PartitionPlace): boolean =>
  one.group === other.group &&
  one.topic === other.topic &&
  one.partition === other.partition &&
  one.incarnation === other.incarnation

/** Where offsets follow each other: in a log of a partition, between two restores of the database. */
export interface LanePlace extends PartitionPlace {
  readonly prefix: string
  /** How often the database had been restored. */
  readonly epoch: number
}

/** What is known of the offsets of a partition, in their order once {@link sort} was called. */
export class Lane {
  readonly place: LanePlace
  readonly stretches: StretchList
  /** Where the first stretch begins, by a reset or by a position of before the proof. */
  begin: { readonly at: number; readonly source: Source } | undefined

  constructor(place: LanePlace) {
    this.place = place
    this.stretches = new StretchList(place)
  }

  /** The topic of its offsets, with its prefix. Adopted rows are found by the name of their event: their blocks have it. */
  get topic(): string | undefined {
    if (this.place.incarnation > 0) return this.place.topic
    const [first] = this.stretches.all()
    return first?.where.topic
  }

  /** The offset after the last one. */
  get end(): number | undefined {
    return this.stretches.end
  }

  sort(): void {
    this.stretches.sort()
  }

  find(offset: number): Stretch | undefined {
    return this.stretches.find(offset)
  }
}

/** A record of quarantine that became a row. */
export interface Retry {
  readonly source: Source
  readonly lane: LanePlace
  readonly offset: number
  readonly event: string
  /** Base64. */
  readonly leaf: string
  seen: boolean
}

/** What is known of the rows of an event name and a partition. */
export class Series {
  readonly lanes: Lane[] = []
  readonly retries = new Map<number, Retry[]>()

  /** The only lane there is, where nothing else has to be looked at. */
  get single(): Lane | undefined {
    return this.lanes.length === 1 && this.retries.size === 0 ? this.lanes[0] : undefined
  }

  /** Whether rows of before the proof were adopted. */
  get isAdopted(): boolean {
    return this.lanes.some(({ place }) => place.incarnation === 0)
  }

  retriesAt(offset: number): readonly Retry[] {
    return this.retries.get(offset) ?? []
  }
}

export const seriesKey = (eventName: string, partition: number): string => `${partition} ${eventName}`
