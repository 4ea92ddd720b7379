import { type Logger, safeError } from '../../core/index.ts'
import { type GroupConsumer, type KafkaAdmin, keyOf, type TopicPartition, topicsOf } from '../../kafka/index.ts'
import { PartitionWatch } from './partition.ts'
import type { Patience, Report } from './types.ts'

interface Watched {
  readonly place: TopicPartition
  readonly watch: PartitionWatch
  /** Where reading began, as far as it is known. */
  from: number | undefined
  committed: number | undefined
  isPaused: boolean
}

/** The partitions that a member of the group reads. */
export class WatchedPartitions {
  readonly #report: Report
  readonly #mostWaiting: number
  readonly #watched = new Map<string, Watched>()

  constructor(report: Report, mostWaiting: number) {
    this.#report = report
    this.#mostWaiting = mostWaiting
  }

  get size(): number {
    return this.#watched.size
  }

  /** Records that wait for statements. */
  get waiting(): number {
    return this.#sum(({ watch }) => watch.waiting)
  }

  /** Since when the oldest of them waits, ms of the clock of the watch; undefined where none waits. */
  get waitingSince(): number | undefined {
    const since = [...this.#watched.values()].flatMap(({ watch }) => watch.waitingSince ?? [])
    return since.length === 0 ? undefined : Math.min(...since)
  }

  get topics(): string[] {
    return topicsOf([...this.#watched.values()].map(({ place }) => place))
  }

  of(place: TopicPartition): PartitionWatch | undefined {
    return this.#watched.get(keyOf(place))?.watch
  }

  /** Where reading a partition began; 0 where that is not known. */
  fromOf(place: TopicPartition): number {
    return this.#watched.get(keyOf(place))?.from ?? 0
  }

  /** The group has changed. @returns whether there are partitions that were not read before */
  assign(places: readonly TopicPartition[]): boolean {
    const ours = new Set(places.map(keyOf))
    for (const key of this.#watched.keys()) if (!ours.has(key)) this.#watched.delete(key)
    let hasNew = false
    for (const place of places) {
      const known = this.#watched.get(keyOf(place))
      if (known) known.committed = undefined
      else {
        hasNew = true
        const watch = new PartitionWatch(place, this.#report)
        this.#watched.set(keyOf(place), { place, watch, from: undefined, committed: undefined, isPaused: false })
      }
    }
    return hasNew
  }

  /** Asks Kafka where the group is. @throws KafkaError */
  async locate(admin: Pick<KafkaAdmin, 'groupOffsets' | 'logEnds'>, group: string): Promise<void> {
    const committed = await admin.groupOffsets(group)
    for (const { topic, partition, start, end } of await admin.logEnds(this.topics)) {
      const watched = this.#watched.get(keyOf({ topic, partition }))
      const position = committed.get(topic)?.get(partition) ?? start
      // A log that was begun again has less than what was committed.
      if (watched) watched.from = position > end ? start : Math.max(position, start)
    }
  }

  compare(patience: Patience): void {
    for (const { watch } of this.#watched.values()) watch.compare(patience)
  }

  reportOverdue(patience: Patience): void {
    for (const { watch } of this.#watched.values()) watch.reportOverdue(patience)
  }

  /** Pauses a partition where too much waits, unless a statement waits for more of it. */
  isHeldBack(place: TopicPartition, consumer: Pick<GroupConsumer, 'pause'>): boolean {
    const watched = this.#watched.get(keyOf(place))
    if (!watched || this.waiting < this.#mostWaiting || watched.watch.needsMore) return false
    watched.isPaused = true
    consumer.pause(place.topic, place.partition)
    return true
  }

  /** Reads again where a statement begins before what was read, and resumes what was paused. */
  steer(consumer: Pick<GroupConsumer, 'seek' | 'resume'>): void {
    const isFull = this.waiting >= this.#mostWaiting
    for (const watched of this.#watched.values()) {
      const { place, watch } = watched
      if (watch.seekTo !== undefined) consumer.seek(place.topic, place.partition, watch.seekTo)
      if (!watched.isPaused || (isFull && !watch.needsMore)) continue
      watched.isPaused = false
      consumer.resume(place.topic, place.partition)
    }
  }

  /** Commits what was compared. What fails is committed by the next call. */
  async commit(consumer: Pick<GroupConsumer, 'commit'>, log: Logger): Promise<void> {
    const due = [...this.#watched.values()].flatMap(watched => {
      const offset = watched.watch.position
      return offset === undefined || offset === watched.committed ? [] : [{ watched, offset }]
    })
    try {
      await consumer.commit(due.map(({ watched: { place }, offset }) => ({ ...place, offset })))
      for (const { watched, offset } of due) watched.committed = offset
    } catch (error) {
      log.debug({ err: safeError(error) }, 'positions were not committed; the next round does')
    }
  }

  /** Whether a partition was read up to an offset, or cannot be read further now. */
  isRead({ end, ...place }: TopicPartition & { readonly end: number }): boolean {
    const watched = this.#watched.get(keyOf(place))
    if (!watched || watched.isPaused) return true
    const { watch, from = 0 } = watched
    return watch.seekTo === undefined && Math.max(watch.readTo, from) >= end
  }

  #sum(of: (watched: Watched) => number): number {
    let sum = 0
    for (const watched of this.#watched.values()) sum += of(watched)
    return sum
  }
}
