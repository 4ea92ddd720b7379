import { setImmediate } from 'node:timers/promises'
import { safeError } from '../../core/index.ts'
import type {
  BatchControl,
  GroupConsumer,
  KafkaClient,
  PartitionTrouble,
  PassedOffsets,
  ReadPortion,
  RebuildCause,
  RecordBatch,
  TopicLook,
  Vitals
} from '../../kafka/index.ts'
import { AggregateLanes, type Message, type Outcome, type Slot } from '../pipeline/index.ts'
import { type AssignedPartition, CurrentAssignment } from '../progress/index.ts'
import type { TopicPartition } from '../telemetry.ts'
import type { GroupStats } from '../types.ts'
import { Backpressure, fetchLimits } from './backpressure.ts'
import { type FetchedMessage, holdEach, messagesIn } from './fetched-message.ts'
import { KnownTopics } from './known-topics.ts'
import { Lease } from './lease.ts'
import { LogChanges, type LogChangesOptions } from './log-changes.ts'
import { OffsetCommits } from './offset-commits.ts'

export interface ReaderOptions extends LogChangesOptions {
  readonly client: KafkaClient
  /** Topic → event name. */
  readonly topics: ReadonlyMap<string, string>
  readonly concurrency: number
  readonly maxUncommitted: number
  readonly sessionTimeoutMs: number
  readonly topicRefreshMs: number
  readonly maxBatchBytes: number
  /** Takes a message to its end; never rejects. */
  readonly deliver: (message: Message, slot: Slot) => Promise<Outcome>
  readonly onError: (error: unknown) => void
  /** This member was given its partitions. */
  readonly onAssigned: () => void
  /** Kafka answered, or could not be reached. */
  readonly onReach: (reached: boolean, why?: string) => void
  readonly onRebuilt: (cause: RebuildCause) => void
  /** Aborts when nothing new is to begin. */
  readonly stopping: AbortSignal
}

/**
 * Reads a group's partitions, runs their messages in lanes and knows what may be committed.
 *
 * idle → (start) → reading → (halt) → halted: what runs ends, nothing begins → (leave) → out of the group
 */
export class Reader {
  readonly #options: ReaderOptions
  readonly #consumer: GroupConsumer
  readonly #assignment: CurrentAssignment
  readonly #scheduler: AggregateLanes<FetchedMessage>
  readonly #started = new Map<Message, number>()
  /** When a message was last finished, or the first one taken after a time without any. */
  #progressAt = performance.now()
  readonly #changes: LogChanges
  readonly #knownTopics: KnownTopics
  readonly #backpressure: Backpressure
  readonly #lease: Lease
  readonly #commits: OffsetCommits

  constructor(options: ReaderOptions) {
    const { client, groupId, topics, concurrency, sessionTimeoutMs, topicRefreshMs, maxBatchBytes } = options
    const { stopping, log, onError, onReach, onRebuilt } = options
    this.#options = options
    this.#assignment = new CurrentAssignment(stopping)
    this.#changes = new LogChanges(options)
    this.#knownTopics = new KnownTopics(log)
    this.#scheduler = new AggregateLanes({
      concurrency,
      work: (message, slot) => this.#work(message, slot),
      onError
    })
    this.#consumer = client.groupConsumer({
      group: groupId,
      topics: async () => [...topics.keys()],
      onBatch: (batch, control) => this.#take(batch, control),
      onAssigned: assigned => this.#assigned(assigned),
      onPassed: passed => this.#pass(passed),
      onOutOfRange: source => {
        const { generation } = this.#assignment
        const next = this.#assignment.get(source.topic, source.partition)?.tracker.next
        return this.#changes.outOfRange(source, next, () => generation === this.#assignment.generation)
      },
      onTopicsVanished: vanished => log.warn({ topics: vanished }, 'topics of this group are gone'),
      onLook: look => {
        this.#lookForReplaced(look)
        this.#knownTopics.looked(look)
      },
      onReach,
      onRebuilt,
      log,
      sessionTimeoutMs,
      topicRefreshMs,
      maxBatchBytes,
      fetchLimits: () => fetchLimits
    })
    this.#backpressure = new Backpressure({ ...options, consumer: this.#consumer })
    this.#lease = new Lease(this.#consumer, this.#assignment)
    this.#commits = new OffsetCommits(this.#consumer, this.#assignment, log)
  }

  /** Which topics of the group Kafka has. */
  get known(): KnownTopics {
    return this.#knownTopics
  }

  /**
   * A topic that was deleted and made again is another log: where it has grown past the position by now, the fetches
   * would continue in it as if nothing had happened, and what is before would reach no handler.
   */
  #lookForReplaced({ ids }: TopicLook): void {
    const replaced = this.#changes.replaced(ids)
    if (replaced.length === 0) return
    const sources = this.#assignment.all.filter(({ topic }) => replaced.includes(topic))
    for (const source of sources) {
      this.#backpressure.resume(source)
      this.#assignment.renew(source)
      this.#consumer.seek(source.topic, source.partition, 0)
    }
    // What was committed meanwhile counts offsets of the old log.
    void this.#consumer
      .commit(sources.map(({ topic, partition }) => ({ topic, partition, offset: 0 })))
      .catch(error => this.#options.log.debug({ err: safeError(error) }, 'the starts of topics were not committed'))
  }

  /** Resolves when it does not read any more: with the error when that was not asked for. */
  get closed(): Promise<Error | undefined> {
    return this.#consumer.closed
  }

  /** The signs by which one sees whether it lives. */
  get vitals(): Vitals {
    return this.#consumer.vitals
  }

  /** Partitions that Kafka does not let this member read. */
  get troubles(): readonly PartitionTrouble[] {
    return this.#consumer.troubles
  }

  /** The partitions that this member reads. */
  get partitions(): readonly TopicPartition[] {
    return this.#assignment.all
  }

  /** ms since a message was finished, or since Kafka was found to have nothing new. */
  get progressAgeMs(): number {
    return this.#scheduler.running + this.#scheduler.queued > 0
      ? performance.now() - this.#progressAt
      : this.vitals.idleMs
  }

  start(): void {
    this.#consumer.start()
  }

  /** Begins nothing and takes nothing from here on. */
  halt(): void {
    this.#scheduler.stop()
    for (const { topic, partition } of this.#assignment.all) this.#consumer.pause(topic, partition)
  }

  /** Resolves when nothing runs. */
  idle(): Promise<void> {
    return this.#scheduler.idle()
  }

  leave(): Promise<void> {
    return this.#consumer.stop()
  }

  stats(): Omit<GroupStats, 'handled' | 'retried' | 'deadLettered'> {
    const sources = this.#assignment.all
    const [oldest] = this.#started.values()
    return {
      running: this.#scheduler.running,
      queued: this.#scheduler.queued,
      uncommitted: sources.reduce((sum, { tracker }) => sum + tracker.size, 0),
      partitions: sources.length,
      assignments: this.#assignment.generation,
      longestRunningMs: oldest === undefined ? 0 : Math.round(performance.now() - oldest)
    }
  }

  /** Commits what is finished with everything before it; what fails is committed by the next call. */
  commit(): Promise<void> {
    return this.#commits.commit()
  }

  #assigned(assigned: ReadonlyMap<string, readonly number[]>): void {
    const before = this.#assignment.all
    // What was not started comes again: to this member or to another one.
    this.#scheduler.remove(({ shared }) => {
      this.#backpressure.held.release(shared)
      return true
    })
    this.#assignment.replace(assigned)
    for (const source of before) this.#backpressure.resume(source)
    this.#options.onAssigned()
    const partitions = this.partitions.length
    this.#options.log.info({ partitions, topics: [...assigned.keys()] }, 'partitions assigned')
  }

  #pass({ topic, partition, firstOffset, lastOffset }: PassedOffsets): void {
    const tracker = this.#assignment.get(topic, partition)?.tracker
    if (tracker?.locate(firstOffset) === 'expected') tracker.pass(lastOffset, firstOffset)
  }

  async #take(batch: RecordBatch, control: BatchControl): Promise<void> {
    const { topic, partition } = batch
    const eventName = this.#options.topics.get(topic)
    let source = this.#assignment.get(topic, partition)
    if (!source || eventName === undefined) return
    if (this.#options.stopping.aborted) return this.#consumer.pause(topic, partition)
    this.#backpressure.balance(source)
    if (source.paused) return
    let portion = batch.raw.read()
    const place = source.tracker.locate(messagesIn(portion)[0]?.record.offset ?? batch.firstOffset)
    if (place === 'ahead') return this.#reposition(source, control)
    if (place === 'new log') {
      this.#options.log.warn({ topic, partition }, 'the offsets of a partition restarted')
      source = this.#assignment.renew(source)
    }
    if (this.#scheduler.running + this.#scheduler.queued === 0) this.#progressAt = performance.now()
    const { generation } = this.#assignment
    for (;;) {
      this.#takePortion(portion, eventName, source)
      const lastOffset = portion.rest ? portion.lastOffset : batch.lastOffset
      source.tracker.pass(lastOffset)
      control.resolve(lastOffset)
      this.#backpressure.balance(source)
      // What is left of the batch is fetched again.
      if (!portion.rest || source.paused) return
      await setImmediate()
      await control.heartbeat()
      if (generation !== this.#assignment.generation || this.#options.stopping.aborted) return
      portion = portion.rest.read()
    }
  }

  #takePortion(portion: ReadPortion, eventName: string, source: AssignedPartition): void {
    const { topic, partition, tracker } = source
    const taken = messagesIn(portion).filter(({ record }) => tracker.take(record.offset))
    for (const message of holdEach(taken, portion, this.#backpressure.held)) {
      const { key } = message.record
      const lane = key ? `${topic} ${key.toString('latin1')}` : `${topic}/${partition}`
      this.#scheduler.add(lane, { ...message, eventName, source })
    }
  }

  /**
   * The first batch after a join leaves something out. Either another member finished that in between, or this
   * is a batch from before the join: what Kafka has as committed shows.
   */
  async #reposition(source: AssignedPartition, control: BatchControl): Promise<void> {
    const { tracker } = source
    const { generation } = this.#assignment
    await control.heartbeat()
    const committed = await this.#changes.committedOffset(source).catch(() => undefined)
    if (generation !== this.#assignment.generation) return
    const offset = Math.max(committed ?? 0, tracker.next ?? 0)
    tracker.moveTo(offset)
    control.seek(offset)
  }

  async #work(message: FetchedMessage, slot: Slot): Promise<void> {
    try {
      await this.#workOn(message, slot)
    } finally {
      if (this.#backpressure.held.release(message.shared))
        for (const source of this.#assignment.all) this.#backpressure.balance(source)
    }
  }

  async #workOn(message: Message, slot: Slot): Promise<void> {
    const { source, record } = message
    if (this.#lease.isOver && !(await this.#lease.renewed(source, slot))) return
    source.running.add(record.offset)
    this.#started.set(message, performance.now())
    try {
      const outcome = await this.#options.deliver(message, slot)
      this.#progressAt = performance.now()
      if (outcome !== 'left') source.tracker.finish(record.offset)
    } finally {
      this.#started.delete(message)
      source.running.delete(record.offset)
    }
    this.#backpressure.balance(source)
  }
}
