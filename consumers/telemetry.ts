import type { Logger } from '../core/index.ts'
import { CleanUps, safeError } from '../core/index.ts'
import type { AdminLine, LogEnds, RebuildCause } from '../kafka/index.ts'
import { HeldBackTimes } from '../kafka/index.ts'
import { type GaugeName, type GaugeSample, type LabelsOf, type Meter, noMeter } from '../observability/index.ts'
import type { GroupMetrics } from './metrics.ts'
import type { Outcome } from './pipeline/index.ts'
import type { GroupStats } from './types.ts'

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface TelemetryOptions {
  readonly meter: Meter<GroupMetrics>
  readonly log: Logger
  readonly line: AdminLine
  readonly groupId: string
  /** How many aggregates are parked in the partitions of this member. */
  readonly parked: () => number
}

/** What of a member is looked at from outside. */
export interface MemberView {
  readonly partitions: readonly TopicPartition[]
  readonly progressAgeMs: number
  readonly known: { readonly missing: readonly string[] }
  readonly troubles: readonly TopicPartition[]
  stats(): Omit<GroupStats, 'handled' | 'retried' | 'deadLettered' | 'parked'>
}

const lagEveryMs = 10_000
type PartitionGauge = 'eventtrail_group_lag' | (GaugeName<GroupMetrics> & `eventtrail_group_blocked_${string}`)
type PlainGauge = Exclude<GaugeName<GroupMetrics>, PartitionGauge>
type PartitionSample = GaugeSample<LabelsOf<GroupMetrics, PartitionGauge>>
type LagReading = LogEnds & { readonly lag: number }

/** Counts what a member does, for its `stats()` and for the meter. */
export class Telemetry {
  readonly #options: TelemetryOptions
  readonly #meter: Meter<GroupMetrics>
  readonly #labels: { readonly group: string }
  readonly #cleanUps = new CleanUps()
  readonly #counts = { handled: 0, retried: 0, deadLettered: 0 }
  #member: MemberView | undefined
  readonly #heldBack = new HeldBackTimes()
  #lag: readonly LagReading[] = []

  constructor(options: TelemetryOptions) {
    this.#options = options
    this.#meter = options.meter
    this.#labels = Object.freeze({ group: options.groupId })
    this.#meter.begin?.(this.#labels)
  }

  get counts(): Pick<GroupStats, 'handled' | 'retried' | 'deadLettered'> {
    return { ...this.#counts }
  }

  /** Begins to report the gauges. @returns what ends it */
  start(member: MemberView): () => Promise<void> {
    this.#member = member
    const gauge = (name: PlainGauge, read: () => number) =>
      this.#cleanUps.add(this.#meter.gauge(name, () => [{ value: read(), labels: this.#labels }]))
    gauge('eventtrail_group_partitions', () => member.partitions.length)
    gauge('eventtrail_group_partitions_unread', () => member.troubles.length)
    gauge('eventtrail_group_topics_missing', () => member.known.missing.length)
    gauge('eventtrail_group_queued', () => member.stats().queued)
    gauge('eventtrail_group_running', () => member.stats().running)
    gauge('eventtrail_group_uncommitted', () => member.stats().uncommitted)
    gauge('eventtrail_group_parked_aggregates', this.#options.parked)
    gauge('eventtrail_group_oldest_running_seconds', () => member.stats().longestRunningMs / 1_000)
    gauge('eventtrail_group_hanging', () => member.stats().hanging)
    gauge('eventtrail_group_topics_stopped', () => member.stats().stoppedTopics)
    gauge('eventtrail_group_partitions_paused', () => member.stats().paused)
    gauge('eventtrail_group_held_bytes', () => member.stats().bytesHeld)
    gauge('eventtrail_group_progress_age_seconds', () => member.progressAgeMs / 1_000)
    const ofPartitions = (name: PartitionGauge, read: (log: LagReading) => number | undefined) =>
      this.#cleanUps.add(this.#meter.gauge(name, () => this.#readOurs(member, read)))
    ofPartitions('eventtrail_group_lag', ({ lag }) => lag)
    ofPartitions('eventtrail_group_blocked_by_transaction_records', ({ lag, end, highWatermark }) =>
      highWatermark > end ? Math.min(lag, highWatermark - end) : undefined
    )
    ofPartitions('eventtrail_group_blocked_by_transaction_seconds', log => {
      const ms = this.#heldBack.of(log)
      return ms === undefined ? undefined : ms / 1_000
    })
    // It asks Kafka, so it is not done without a reader.
    if (this.#meter !== noMeter) {
      const timer = setInterval(() => void this.#lookForLag(), lagEveryMs)
      this.#cleanUps.add(() => clearInterval(timer))
    }
    return () => this.#cleanUps.run()
  }

  /** A call of a handler has ended, after so many ms. */
  called(ms: number): void {
    this.#meter.observe('eventtrail_group_handler_seconds', ms / 1_000, this.#labels)
  }

  ended(outcome: Outcome): void {
    if (outcome === 'handled') {
      this.#counts.handled += 1
      this.#meter.add('eventtrail_group_handled_total', 1, this.#labels)
    } else if (outcome === 'dead-lettered' || outcome === 'parked') {
      this.#counts.deadLettered += 1
      this.#meter.add('eventtrail_group_dead_lettered_total', 1, this.#labels)
    }
  }

  retried(): void {
    this.#counts.retried += 1
    this.#meter.add('eventtrail_group_retried_total', 1, this.#labels)
  }

  assigned(): void {
    this.#meter.add('eventtrail_group_rebalances_total', 1, this.#labels)
    if (this.#meter !== noMeter) void this.#lookForLag()
  }

  lost(offsets: number): void {
    this.#meter.add('eventtrail_group_lost_total', offsets, this.#labels)
  }

  rebuilt(cause: RebuildCause): void {
    this.#meter.add('eventtrail_group_rebuilds_total', 1, { ...this.#labels, cause })
  }

  /** As it was at the last look: while Kafka is away, no better answer is known. */
  #readOurs(member: MemberView, read: (log: LagReading) => number | undefined): PartitionSample[] {
    const ours = new Set(member.partitions.map(({ topic, partition }) => `${topic}/${partition}`))
    return this.#lag.flatMap(log => {
      const { topic, partition } = log
      const value = ours.has(`${topic}/${partition}`) ? read(log) : undefined
      return value === undefined ? [] : [{ value, labels: { ...this.#labels, topic, partition: String(partition) } }]
    })
  }

  async #lookForLag(): Promise<void> {
    const { line, groupId, log } = this.#options
    const topics = new Set(this.#member?.partitions.map(({ topic }) => topic))
    try {
      // What is committed first: what is added in between must not look like a log that ends before it.
      const committed = await line.ask(admin => admin.groupOffsets(groupId))
      const ends = await line.ask(admin => admin.logEnds([...topics]))
      this.#lag = ends.map(log => {
        const next = committed.get(log.topic)?.get(log.partition) ?? log.start
        return { ...log, lag: Math.max(0, log.highWatermark - Math.max(next, log.start)) }
      })
      this.#heldBack.saw(ends)
    } catch (error) {
      log.debug({ err: safeError(error) }, 'the lag could not be looked up')
    }
  }
}
