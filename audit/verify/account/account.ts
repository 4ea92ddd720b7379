import type { Entry, EntryOf } from '../../../proof/index.ts'
import type { CheckedEntry } from '../log/index.ts'
import { placeOfSource, type Source } from '../source.ts'
import { BusBook } from './bus.ts'
import { Lane, type LanePlace, type PartitionPlace, Series, seriesKey } from './lane.ts'

type Moved = EntryOf<'reset'>['reset'][number] & { readonly source: Source; readonly group: string }
type Lost = EntryOf<'loss'>['lost'][number] & { readonly source: Source; readonly group: string }

/** What has become of a record in quarantine, by an entry. */
export interface Resolution {
  readonly status: string
  readonly source: Source
  /** How often the database had been restored. */
  readonly epoch: number
}

/** What entries say of rows. */
export class Account {
  readonly bus = new BusBook()
  readonly resets: Moved[] = []
  readonly losses: Lost[] = []
  readonly retentions: { readonly source: Source; readonly entry: EntryOf<'retention'> }[] = []
  /** By the id of the event, 32 hexadecimal digits. */
  readonly redactions = new Map<string, { readonly source: Source; readonly leaf: string }>()
  readonly #lanes = new Map<string, Lane>()
  readonly #partitions = new Map<string, Lane[]>()
  readonly #series = new Map<string, Series>()
  readonly #resolutions = new Map<string, readonly Resolution[]>()
  /** Entries that say that the database was restored. */
  readonly restored: Source[] = []
  #began = Number.POSITIVE_INFINITY

  get lanes(): Iterable<Lane> {
    return this.#lanes.values()
  }

  /** How often the database was restored. */
  get epoch(): number {
    return this.restored.length
  }

  /** When the first entry was recorded, µs since 2000: rows from before are not proved unless they were adopted. */
  get began(): number {
    return this.#began
  }

  series(eventName: string, partition: number): Series | undefined {
    return this.#series.get(seriesKey(eventName, partition))
  }

  /** The lanes of a partition, one for each time that the database was restored. */
  lanesOf(place: PartitionPlace): readonly Lane[] {
    return this.#partitions.get(partitionKey(place)) ?? []
  }

  /** The lanes of a log of a partition, whichever group has read it; 0 for rows that were adopted. */
  *lanesAt(topic: string, partition: number, incarnation: number): Generator<Lane> {
    for (const lane of this.#lanes.values()) {
      if (lane.topic === topic && lane.place.partition === partition && lane.place.incarnation === incarnation)
        yield lane
    }
  }

  /** What entries say of a record in quarantine. */
  resolutionsOf(place: PartitionPlace, offset: number): readonly Resolution[] {
    return this.#resolutions.get(recordKey(place, offset)) ?? []
  }

  take({ entry, source }: CheckedEntry): void {
    this.#began = Math.min(this.#began, source.recorded.first)
    switch (entry.kind) {
      case 'batch':
        this.#batch(entry, source)
        return
      case 'bus':
        this.bus.take(source, placeOfSource(source), entry)
        return
      case 'adopted':
        this.#adopted(entry, source)
        return
      case 'retry':
        this.#retry(entry, source)
        return
      case 'resolution':
        this.#resolve(entry, entry.record, entry.record.first, entry.status, source)
        return
      case 'reset':
        for (const each of entry.reset) {
          this.resets.push({ ...each, source, group: entry.group })
          this.#begin({ ...streamOf(entry, each), epoch: this.epoch }, each.to, source)
        }
        return
      case 'loss':
        for (const each of entry.lost) this.losses.push({ ...each, source, group: entry.group })
        return
      case 'retention':
        this.retentions.push({ source, entry })
        return
      case 'redaction':
        this.redactions.set(entry.event.replaceAll('-', ''), { source, leaf: letters(entry.leaf) })
        return
      case 'restored':
        this.restored.push(source)
        return
      default:
        return
    }
  }

  /** After the last entry. */
  finish(): void {
    for (const lane of this.#lanes.values()) lane.sort()
  }

  #batch(entry: EntryOf<'batch'>, source: Source): void {
    for (const { topic, partition, incarnation, ...given } of entry.stretch) {
      const lane = this.#laneOf({ ...streamOf(entry, { topic, partition, incarnation }), epoch: this.epoch })
      lane.stretches.push(source, lane.place, given)
    }
  }

  #adopted(entry: EntryOf<'adopted'>, source: Source): void {
    for (const each of entry.position) this.#begin({ ...streamOf(entry, each), epoch: this.epoch }, each.next, source)
    for (const { event, partition, ...given } of entry.block) {
      // The first incarnation is 1: the offsets of adopted rows may be of several.
      const lane = this.#laneOf({
        ...{ group: '', prefix: '', topic: event, partition },
        ...{ incarnation: 0, epoch: this.epoch }
      })
      const place = { topic: entry.prefix + event, partition, incarnation: 0 }
      const skipped = given.last - given.first + 1 - given.rows
      const none = { duplicates: 0, quarantined: 0, lost: 0, aside: null }
      lane.stretches.push(source, place, { ...given, ...none, skipped })
    }
    for (const each of entry.bus) this.bus.adopt(source, placeOfSource(source), each)
  }

  #retry(entry: EntryOf<'retry'>, source: Source): void {
    const { offset, ...of } = entry.record
    this.#resolve(entry, of, offset, 'stored', source)
    const lane = { ...streamOf(entry, of), epoch: this.epoch }
    const { retries } = this.#seriesOf(lane)
    const { event, leaf } = entry
    retries.set(offset, [...(retries.get(offset) ?? []), { source, lane, offset, event, leaf, seen: false }])
  }

  #resolve(
    entry: EntryOf<'retry' | 'resolution'>,
    { topic, partition, incarnation }: Omit<PartitionPlace, 'group'>,
    offset: number,
    status: string,
    source: Source
  ): void {
    const key = recordKey({ group: entry.group, topic, partition, incarnation }, offset)
    this.#resolutions.set(key, [...(this.#resolutions.get(key) ?? []), { status, source, epoch: this.epoch }])
  }

  #begin(place: LanePlace, at: number, source: Source): void {
    this.#laneOf(place).begin ??= { at, source }
  }

  #laneOf(place: LanePlace): Lane {
    const key = laneKey(place)
    const known = this.#lanes.get(key)
    if (known) return known
    const lane = new Lane(place)
    this.#lanes.set(key, lane)
    this.#seriesOf(place).lanes.push(lane)
    this.#partitions.set(partitionKey(place), [...this.lanesOf(place), lane])
    return lane
  }

  /** The topic of a row is the prefix of its entry and the name of its event. */
  #seriesOf({ topic, prefix, partition }: LanePlace): Series {
    const eventName = topic.startsWith(prefix) ? topic.slice(prefix.length) : topic
    const key = seriesKey(eventName, partition)
    const known = this.#series.get(key)
    if (known) return known
    const series = new Series()
    this.#series.set(key, series)
    return series
  }

  /** All that became rows from quarantine. */
  *retries() {
    for (const { retries } of this.#series.values()) for (const each of retries.values()) yield* each
  }
}

const laneKey = ({ group, prefix, topic, partition, incarnation, epoch }: LanePlace): string =>
  JSON.stringify([group, prefix, topic, partition, incarnation, epoch])

const partitionKey = ({ group, topic, partition, incarnation }: PartitionPlace): string =>
  JSON.stringify([group, topic, partition, incarnation])

const recordKey = ({ group, topic, partition, incarnation }: PartitionPlace, offset: number): string =>
  JSON.stringify([group, topic, partition, incarnation, offset])

const streamOf = (
  { group, prefix }: Extract<Entry, { readonly group: string }>,
  {
    topic,
    partition,
    incarnation
  }: { readonly topic: string; readonly partition: number; readonly incarnation: number }
): Omit<LanePlace, 'epoch'> => ({ group, prefix, topic, partition, incarnation })

/** Base64 as a text of a byte a letter, as leaves are compared. */
export const letters = (base64: string): string => Buffer.from(base64, 'base64').toString('latin1')
