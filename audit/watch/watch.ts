import { pause, safeError, UsageError } from '../../core/index.ts'
import {
  type AdminLine,
  type BatchControl,
  type GroupConsumer,
  KafkaError,
  MemberHealth,
  type RecordBatch
} from '../../kafka/index.ts'
import { type Health, noMeter, Reach } from '../../observability/index.ts'
import { Discovery } from '../../sink/index.ts'
import { SchemaBook } from '../../trail/index.ts'
import type { Findings } from '../verify/index.ts'
import { HeardFindings } from './heard-findings.ts'
import { LogFollower } from './log-follower.ts'
import { WatchedPartitions } from './partitions.ts'
import { RecordReader } from './reader.ts'
import type { Seen } from './seen.ts'
import { Statements } from './statements.ts'
import type { Patience, WatchCounts, WatchOptions } from './types.ts'

/** Lets no sink and no group of handlers into the group of a watch. */
const watchProtocol = 'eventtrail-watch'
/** Batches in hand at once: one that waits for a schema must not hold up the others. */
const concurrency = 16

/**
 * Reads the topics of a sink and the log of its proof, and compares what both say. It has no database.
 *
 * ```
 *   idle -- run() --> joining -- assigned: the log is read from its beginning --> watching -- signal --> stopped
 *                        ^                                                           |
 *                        +------------------- further partitions -------------------+
 * ```
 */
export class ProofWatch {
  readonly #options: Required<Omit<WatchOptions, 'eventNames' | 'maxBatchBytes'>> & WatchOptions
  readonly #findings: Findings
  readonly #consumer: GroupConsumer
  readonly #line: AdminLine
  readonly #health: MemberHealth
  readonly #reader: RecordReader
  readonly #discovery: Discovery
  readonly #partitions: WatchedPartitions
  #statements: Statements | undefined
  #follower: LogFollower
  #isAssigned = false
  #isRunning = false
  #until: number | undefined
  /** Aborted when the consumer has ended. */
  #ended: AbortSignal = new AbortController().signal
  #compared = 0
  #uncompared = 0
  #wake = Promise.withResolvers<void>()

  constructor(options: WatchOptions) {
    this.#options = { meter: noMeter, withinMs: 600_000, everyMs: 10_000, mostWaiting: 1_000_000, ...options }
    const { client, registry, log, topicPrefix, stores, trust, meter } = this.#options
    this.#findings = new HeardFindings(finding => {
      meter.add('eventtrail_proof_watch_findings_total', 1, { code: finding.code })
      options.onFinding(finding)
    })
    const report = {
      finding: (...found: Parameters<Findings['report']>) => this.#findings.report(...found),
      uncompared: (...what: Parameters<WatchOptions['onUncompared']>) => {
        this.#uncompared += 1
        meter.add('eventtrail_proof_watch_uncompared_total', 1, {})
        options.onUncompared(...what)
      },
      compared: (records: number) => {
        this.#compared += records
        meter.add('eventtrail_proof_watch_compared_total', records, {})
      }
    }
    this.#partitions = new WatchedPartitions(report, this.#options.mostWaiting)
    this.#line = client.adminLine()
    this.#health = new MemberHealth(this.#line, [new Reach({ name: 'the registry', probe: () => registry.ping() })])
    this.#discovery = new Discovery({
      ...{ registry, group: options.sinkGroup, topicPrefix },
      eventNames: options.eventNames
    })
    this.#reader = new RecordReader({ book: new SchemaBook({ registry }), prefix: topicPrefix, log })
    this.#follower = new LogFollower(stores, trust, this.#findings)
    this.#consumer = this.#member()
    this.#gauges()
  }

  /** What keeps it from watching. */
  health(): Health {
    const life = { state: this.#isRunning ? 'running' : 'new', failure: undefined } as const
    const { vitals, troubles } = this.#consumer
    return this.#health.read(life, { vitals, troubles }, () => {
      const { trouble } = this.#follower
      return trouble === undefined ? [] : [`the log cannot be followed: ${trouble}`]
    })
  }

  counts(): WatchCounts {
    return {
      ...{ compared: this.#compared, uncompared: this.#uncompared, waiting: this.#partitions.waiting },
      findings: [...this.#findings.counts.values()].reduce((sum, count) => sum + count, 0),
      partitions: this.#partitions.size,
      entries: this.#follower.size
    }
  }

  /**
   * Watches until the signal aborts.
   * @throws an error of Kafka or the registry that no retry fixes; AuditError `STORE_REFUSED`
   */
  async run(signal: AbortSignal): Promise<void> {
    await this.#running(async () => {
      while (!signal.aborted) {
        await this.#round(true)
        await pause(this.#options.everyMs, AbortSignal.any([signal, this.#ended]))
        await this.#requireRunning()
      }
    })
  }

  /**
   * Compares up to the ends that the log of the proof and those of the partitions have now.
   * @returns false where the signal aborted it, or the log cannot be followed
   * @throws as {@link run}
   */
  async once(signal: AbortSignal): Promise<boolean> {
    if ((await this.#topics()).length === 0)
      throw new UsageError('The registry has no event whose topic begins with this prefix: there is nothing to compare')
    let isWhole = false
    await this.#running(async () => {
      while (!signal.aborted && !this.#isAssigned) await this.#change(signal)
      if (!(await this.#round(true)) || signal.aborted) return
      const ends = await this.#line.ask(admin => admin.logEnds(this.#partitions.topics))
      while (!signal.aborted && !ends.every(end => end.start === end.end || this.#partitions.isRead(end))) {
        await this.#change(signal)
        await this.#round(false)
      }
      if (signal.aborted) return
      this.#until = Date.now()
      await this.#round(false)
      isWhole = true
    })
    return isWhole
  }

  async #running(work: () => Promise<void>): Promise<void> {
    const ended = new AbortController()
    this.#ended = ended.signal
    this.#isRunning = true
    void this.#consumer.closed.then(() => {
      ended.abort()
      this.#changed()
    })
    this.#consumer.start()
    try {
      await work()
    } finally {
      this.#isRunning = false
      await this.#consumer.stop()
      this.#health.close()
      await this.#line.close()
    }
  }

  async #requireRunning(): Promise<void> {
    if (!this.#ended.aborted) return
    const error = await this.#consumer.closed
    if (error) throw error
  }

  /** Resolves at the next batch or assignment, or after a moment. */
  async #change(signal: AbortSignal): Promise<void> {
    const timer = new AbortController()
    await Promise.race([this.#wake.promise, pause(1_000, AbortSignal.any([signal, timer.signal]))])
    timer.abort()
    await this.#requireRunning()
  }

  #changed(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }

  /** Reads what the log has got, compares, and commits. @returns whether the log could be followed */
  async #round(reads: boolean): Promise<boolean> {
    let isFollowed = true
    if (reads && this.#isAssigned) {
      try {
        this.#statements ??= await this.#beginLog()
        const [statements, now] = [this.#statements, performance.now()]
        isFollowed = await this.#follower.follow(checked => statements.take(checked, now))
      } catch (error) {
        if (!(error instanceof KafkaError && error.retryable)) throw error
        this.#options.log.warn({ err: safeError(error) }, 'positions cannot be read now; trying again')
        isFollowed = false
      }
    }
    const patience = this.#patience()
    this.#partitions.compare(patience)
    // A log that could not be read says nothing of what is late.
    if (isFollowed && this.#statements) this.#partitions.reportOverdue(patience)
    this.#partitions.steer(this.#consumer)
    await this.#partitions.commit(this.#consumer, this.#options.log)
    return isFollowed
  }

  #patience(): Patience {
    const { withinMs } = this.#options
    const began = this.#statements?.began ?? Number.POSITIVE_INFINITY
    const until = this.#until
    return { now: performance.now(), withinMs, began, ...(until !== undefined && { until }) }
  }

  async #beginLog(): Promise<Statements> {
    const { group, sinkGroup, topicPrefix, stores, trust } = this.#options
    await this.#line.ask(admin => this.#partitions.locate(admin, group))
    this.#follower = new LogFollower(stores, trust, this.#findings)
    return new Statements({
      ...{ group: sinkGroup, prefix: topicPrefix },
      partition: place => this.#partitions.of(place),
      from: place => this.#partitions.fromOf(place)
    })
  }

  #member(): GroupConsumer {
    const { client, group, log, maxBatchBytes } = this.#options
    return client.groupConsumer({
      ...{ group, log, concurrency, protocol: watchProtocol },
      topics: () => this.#topics(),
      onBatch: (batch, control) => this.#take(batch, control),
      onAssigned: assignment => this.#assigned(assignment),
      onPassed: ({ fetchedOffset, lastOffset, ...place }) => {
        const watch = this.#partitions.of(place)
        const from = watch?.begin(fetchedOffset, lastOffset)
        if (typeof from === 'number') watch?.take(nothing(from, lastOffset), performance.now(), lastOffset + 1)
        this.#changed()
      },
      onOutOfRange: place => this.#partitions.of(place)?.outOfRange(),
      onReach: this.#health.kafka.heard,
      ...(maxBatchBytes !== undefined && { maxBatchBytes })
    })
  }

  async #topics(): Promise<string[]> {
    const known = await this.#discovery.topics()
    if (this.#options.eventNames) return known
    return [...new Set([...known, ...(this.#statements?.topics ?? [])])]
  }

  #assigned(assignment: ReadonlyMap<string, readonly number[]>): void {
    const places = [...assignment].flatMap(([topic, numbers]) => numbers.map(partition => ({ topic, partition })))
    // What the log has said of new ones was passed over.
    if (this.#partitions.assign(places)) this.#statements = undefined
    this.#isAssigned = true
    this.#options.log.info({ partitions: places.length }, 'partitions assigned')
    this.#changed()
  }

  async #take(batch: RecordBatch, control: BatchControl): Promise<void> {
    const watch = this.#partitions.of(batch)
    if (!watch || this.#partitions.isHeldBack(batch, this.#consumer)) return
    const from = watch.begin(batch.fetchedOffset, batch.lastOffset)
    if (from === 'elsewhere') return control.seek(watch.seekTo as number)
    const take = (seen: Seen): void => {
      // A rewind has come in between.
      if (watch.seekTo === undefined) watch.take(seen, performance.now(), batch.highWatermark)
    }
    if (from !== 'old' && !(await this.#reader.read(batch, from, control, take))) return
    if (watch.seekTo === undefined) control.resolve(batch.lastOffset)
    else control.seek(watch.seekTo)
    if (this.#statements) watch.compare(this.#patience())
    this.#changed()
  }

  #gauges(): void {
    const { meter } = this.#options
    meter.gauge('eventtrail_proof_watch_waiting_records', () => [{ value: this.#partitions.waiting, labels: {} }])
    meter.gauge('eventtrail_proof_watch_waiting_seconds', () => {
      const since = this.#partitions.waitingSince
      return [{ value: since === undefined ? 0 : (performance.now() - since) / 1_000, labels: {} }]
    })
  }
}

const nothing = (first: number, last: number): Seen => ({
  ...{ first, last, offsets: new Float64Array(0), times: new Float64Array(0) },
  ...{ leaves: Buffer.alloc(0), ids: Buffer.alloc(0), doubts: new Map(), bad: [] }
})
