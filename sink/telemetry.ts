import { CleanUps, type Logger, regularly, safeError } from '../core/index.ts'
import { HeldBackTimes, keyOf, type RebuildCause, type TopicPartition } from '../kafka/index.ts'
import { type GaugeName, type GaugeSample, type LabelsOf, type Meter, noMeter } from '../observability/index.ts'
import type { SinkView } from './health.ts'
import { type LagSources, type PartitionLag, readLag } from './lag.ts'
import type { SinkMetrics } from './metrics.ts'
import type { SinkStats } from './state.ts'
import type { Batch, WriteResult } from './write/index.ts'

export interface TelemetryOptions {
  readonly meter: Meter<SinkMetrics>
  readonly log: Logger
}

const lagEveryMs = 10_000
type PartitionGauge = 'eventtrail_sink_lag' | (GaugeName<SinkMetrics> & `eventtrail_sink_blocked_${string}`)
type PartitionSample = GaugeSample<LabelsOf<SinkMetrics, PartitionGauge>>

/** What the gauges of a sink read. */
export interface GaugeSources extends Omit<SinkView, 'book'> {
  readonly lag: LagSources
  /** Partitions of months that the owner of the tables has to create. */
  readonly months: { readonly missing: number }
}

/** Counts what the sink does, batch by batch, for its `stats` and for the meter. */
export class Telemetry {
  readonly #meter: Meter<SinkMetrics>
  readonly #log: Logger
  readonly #cleanUps = new CleanUps()
  readonly #counts = { rows: 0, batches: 0, duplicates: 0, quarantined: 0, fenced: 0, retries: 0 }
  readonly #heldBack = new HeldBackTimes()
  #sources: GaugeSources | undefined
  #lag: readonly PartitionLag[] = []

  constructor({ meter, log }: TelemetryOptions) {
    this.#meter = meter
    this.#log = log
  }

  get counts(): Omit<SinkStats, 'pending'> {
    return { ...this.#counts }
  }

  /** Offers the gauges to the meter, from now on. @returns what takes them back */
  start(sources: GaugeSources): () => Promise<void> {
    this.#sources = sources
    const { positions, queues, troubles, vitals, topics, months } = sources
    const gauge = (name: GaugeName<SinkMetrics> & `eventtrail_sink_p${string}`, read: () => number) =>
      this.#cleanUps.add(this.#meter.gauge(name, () => [{ value: read(), labels: {} }]))
    gauge('eventtrail_sink_partitions', () => positions.assigned.length)
    gauge('eventtrail_sink_partitions_halted', () => positions.halted)
    gauge('eventtrail_sink_partitions_unread', () => troubles().length)
    gauge('eventtrail_sink_pending_rows', () => queues.pendingRows)
    gauge('eventtrail_sink_progress_age_seconds', () => Math.max(queues.waitingMs, vitals.idleMs) / 1_000)
    this.#cleanUps.add(
      this.#meter.gauge('eventtrail_sink_months_missing', () => [{ value: months.missing, labels: {} }])
    )
    this.#cleanUps.add(this.#meter.gauge('eventtrail_sink_topics', () => topics.readings()))
    const ofPartitions = (name: PartitionGauge, read: (log: PartitionLag) => number | undefined) =>
      this.#cleanUps.add(this.#meter.gauge(name, () => this.#samples(positions.assigned, read)))
    ofPartitions('eventtrail_sink_lag', ({ lag }) => lag)
    ofPartitions('eventtrail_sink_blocked_by_transaction_records', ({ lag, end, highWatermark }) =>
      highWatermark > end ? Math.min(lag, highWatermark - end) : undefined
    )
    ofPartitions('eventtrail_sink_blocked_by_transaction_seconds', log => {
      const ms = this.#heldBack.of(log)
      return ms === undefined ? undefined : ms / 1_000
    })
    // It asks Kafka and Postgres: not done where no one reads it.
    if (this.#meter !== noMeter) this.#cleanUps.add(regularly(lagEveryMs, this.#log, () => this.#lookForLag()))
    return () => this.#cleanUps.run()
  }

  written(batch: Batch, result: WriteResult): void {
    const { rows, duplicates, quarantined, fenced } = result
    this.#counts.batches += 1
    this.#counts.rows += rows
    this.#counts.duplicates += duplicates
    this.#counts.quarantined += quarantined
    this.#counts.fenced += fenced.length
    const meter = this.#meter
    meter.add('eventtrail_sink_batches_total', 1, { trigger: batch.trigger })
    meter.add('eventtrail_sink_rows_total', rows, {})
    meter.add('eventtrail_sink_duplicates_total', duplicates, {})
    meter.add('eventtrail_sink_fenced_total', fenced.length, {})
    if (result.statements > 0) meter.add('eventtrail_sink_statements_total', result.statements, {})
    if (result.refusals > 0) meter.add('eventtrail_sink_statements_refused_total', result.refusals, {})
    for (const [code, count] of result.faults) meter.add('eventtrail_sink_quarantined_total', count, { code })
    if (result.copyMs !== undefined) meter.observe('eventtrail_sink_copy_seconds', result.copyMs / 1_000, {})
    const now = Date.now()
    for (const { lastTimestamp, lost } of result.stored) {
      // Some producers give no time (-1), and one from before 1970 is none.
      if (lastTimestamp !== undefined && lastTimestamp > 0)
        meter.observe('eventtrail_sink_publish_latency_seconds', Math.max(0, now - lastTimestamp) / 1_000, {})
      if (lost === 0) continue
      meter.add('eventtrail_sink_gaps_total', 1, {})
      meter.add('eventtrail_sink_lost_total', lost, {})
    }
  }

  retried(): void {
    this.#counts.retries += 1
    this.#meter.add('eventtrail_sink_retries_total', 1, {})
  }

  assigned(): void {
    this.#meter.add('eventtrail_sink_rebalances_total', 1, {})
    if (this.#meter !== noMeter) void this.#lookForLag()
  }

  rebuilt(cause: RebuildCause): void {
    this.#meter.add('eventtrail_sink_rebuilds_total', 1, { cause })
  }

  abandoned(): void {
    this.#meter.add('eventtrail_sink_sessions_abandoned_total', 1, {})
  }

  /** As it was at the last look, also while Kafka or Postgres is unreachable. */
  #samples(assigned: readonly TopicPartition[], read: (log: PartitionLag) => number | undefined): PartitionSample[] {
    const ours = new Set(assigned.map(keyOf))
    return this.#lag.flatMap(log => {
      const value = ours.has(keyOf(log)) ? read(log) : undefined
      return value === undefined ? [] : [{ value, labels: { topic: log.topic, partition: String(log.partition) } }]
    })
  }

  async #lookForLag(): Promise<void> {
    const sources = this.#sources
    if (!sources) return
    try {
      this.#lag = await readLag(sources.lag, sources.positions.assigned)
      this.#heldBack.saw(this.#lag)
    } catch (error) {
      this.#log.debug({ err: safeError(error) }, 'the lag could not be looked up')
    }
  }
}
