import type { StoppedTopic } from '../../control/index.ts'
import type { GroupConsumer, KafkaClient, PartitionTrouble, RebuildCause, Vitals } from '../../kafka/index.ts'
import type { Routes } from '../dead-letters/index.ts'
import type { Batching, Deliver, DeliverBatch, Outcome } from '../pipeline/index.ts'
import { CurrentAssignment, OffsetCommits } from '../progress/index.ts'
import type { TopicPartition } from '../telemetry.ts'
import type { GroupStats, PauseScope } from '../types.ts'
import { Backpressure, fetchLimitsOf } from './backpressure.ts'
import { BatchTaker } from './batch-taker.ts'
import { Gate } from './gate.ts'
import { HangWatch, type HangWatchOptions, type LongCall } from './hang-watch.ts'
import { KnownTopics } from './known-topics.ts'
import { Lease } from './lease.ts'
import { LogChanges, type LogChangesOptions } from './log-changes.ts'
import { LogRestarts } from './log-restarts.ts'
import { MessageWork, type RunningMessage } from './message-work.ts'
import { Pauses } from './pauses.ts'
import { Moves, Placement, type PlacementOptions } from './position/index.ts'
import { TopicBreakers, type TopicBreakersOptions } from './topic-breakers.ts'

export interface ReaderOptions
  extends LogChangesOptions,
    Pick<PlacementOptions, 'startFrom' | 'offsetsAt' | 'onPlaced'>,
    Pick<TopicBreakersOptions, 'breaker'>,
    HangWatchOptions {
  readonly client: KafkaClient
  readonly routes: Routes
  /** What the description of the group says of this member. */
  readonly about: Buffer
  readonly concurrency: number
  /** By event name: how messages are joined to batches. */
  readonly batchings: ReadonlyMap<string, Batching>
  readonly maxUncommitted: number
  readonly maxBytesHeld: number
  readonly sessionTimeoutMs: number
  readonly topicRefreshMs: number
  readonly maxBatchBytes: number
  /** Takes a message to its end; never rejects or throws. */
  readonly deliver: Deliver
  /** Takes several messages to their end, or gives them back to be delivered one by one; never rejects. */
  readonly deliverBatch: DeliverBatch
  /** A message that was started has ended. */
  readonly onEnded: (outcome: Outcome) => void
  readonly onError: (error: unknown) => void
  /** This member was given its partitions, in this generation of the group. */
  readonly onAssigned: (generation: number) => void
  /** Kafka answered, or could not be reached. */
  readonly onReach: (reached: boolean, why?: string) => void
  readonly onRebuilt: (cause: RebuildCause) => void
  /** Aborts when nothing new is to begin. */
  readonly stopping: AbortSignal
}

/**
 * Reads a group's partitions: joins the group, and connects what takes messages, what runs them and what commits them.
 *
 * idle → (start) → reading → (halt) → halted: what runs ends, nothing begins → (leave) → out of the group
 */
export class Reader {
  readonly #options: ReaderOptions
  readonly #consumer: GroupConsumer
  readonly #assignment: CurrentAssignment
  readonly #taker: BatchTaker
  readonly #work: MessageWork
  readonly #restarts: LogRestarts
  readonly #knownTopics: KnownTopics
  readonly #backpressure: Backpressure
  readonly #gate: Gate
  readonly #commits: OffsetCommits
  readonly #placement: Placement
  readonly #moves: Moves
  readonly #pauses: Pauses
  readonly #breakers: TopicBreakers
  readonly #hangs: HangWatch

  constructor(options: ReaderOptions) {
    const { client, log, stopping } = options
    this.#options = options
    const assignment = new CurrentAssignment(stopping)
    const changes = new LogChanges(options)
    const known = new KnownTopics(log, options.routes)
    this.#assignment = assignment
    this.#knownTopics = known
    const consumer = client.groupConsumer(this.#consumerOptions())
    this.#consumer = consumer
    const gate = new Gate({
      consumer,
      forget: source => work.forget(source),
      onLifted: source => backpressure.balance(source)
    })
    this.#gate = gate
    const backpressure = new Backpressure({ ...options, gate })
    this.#backpressure = backpressure
    const breakers = new TopicBreakers({ ...options, assignment, gate })
    this.#breakers = breakers
    this.#hangs = new HangWatch(options)
    const work = new MessageWork({
      ...options,
      lease: new Lease(consumer, assignment),
      held: backpressure.held,
      onEnded: (message, outcome) => {
        const { source } = message
        options.onEnded(outcome)
        breakers.ended(message, outcome)
        // What stopped it is over, or never concerned it.
        if (outcome === 'left' && assignment.has(source) && !source.isStopped && !stopping.aborted) gate.reread(source)
        backpressure.balance(source)
      },
      onForgotten: message => breakers.forgotten(message),
      onReleased: () => {
        for (const source of assignment.all) backpressure.balance(source)
      }
    })
    this.#work = work
    this.#taker = new BatchTaker({ ...options, consumer, assignment, backpressure, gate, breakers, work, changes })
    const commits = new OffsetCommits(consumer, assignment, log)
    this.#commits = commits
    this.#restarts = new LogRestarts({ assignment, changes, commits, gate, log })
    this.#placement = new Placement({ ...options, consumer, assignment, commits, gate, known })
    this.#moves = new Moves({ ...options, assignment, commits, gate, placement: this.#placement })
    this.#pauses = new Pauses({ assignment, gate })
  }

  /** Which topics of the group Kafka has. */
  get known(): KnownTopics {
    return this.#knownTopics
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

  /** ms since the group surely counted this member in; infinite where it may not do so any more. */
  get confirmedAgoMs(): number {
    const { leaseMs } = this.#consumer
    return leaseMs > 0 ? this.#options.sessionTimeoutMs - leaseMs : Number.POSITIVE_INFINITY
  }

  /** The partitions that this member reads. */
  get partitions(): readonly TopicPartition[] {
    return this.#assignment.all
  }

  /** ms since a message was finished, or since Kafka was found to have nothing new. */
  get progressAgeMs(): number {
    return this.#work.progressAgeMs ?? this.vitals.idleMs
  }

  /** Topics that are not read, because most of their latest messages became dead letters. */
  get stopped(): readonly StoppedTopic[] {
    return this.#breakers.stopped
  }

  /** Calls of handlers that have been running for so long that they are reported. */
  get hanging(): readonly LongCall[] {
    return this.#hangs.hanging
  }

  start(): void {
    this.#hangs.start()
    this.#consumer.start()
  }

  /** Begins nothing and takes nothing from here on. */
  halt(): void {
    this.#work.stop()
    this.#breakers.stop()
    for (const { topic, partition } of this.#assignment.all) this.#consumer.pause(topic, partition)
  }

  /** Resolves when nothing runs. */
  idle(): Promise<void> {
    return this.#work.idle()
  }

  leave(): Promise<void> {
    this.#hangs.stop()
    return this.#consumer.stop()
  }

  /** Begins nothing of these partitions until they are resumed; what runs ends. Kept through rebalances. */
  pause(scope: PauseScope): void {
    this.#pauses.pause(scope)
  }

  /** Lifts what {@link pause} asked for, and reads topics again that the breaker has stopped. */
  resume(scope: PauseScope): void {
    this.readStopped(scope)
    this.#pauses.resume(scope)
  }

  /** Reads topics again that the breaker has stopped: a partition means its whole topic. */
  readStopped({ topic }: PauseScope): void {
    this.#breakers.close(each => topic === undefined || topic === each)
  }

  /** What others than this process want to be paused: all of it, in place of what they wanted before. */
  order(pauses: readonly PauseScope[]): void {
    this.#pauses.order(pauses)
  }

  /** As {@link Moves.move} says. */
  move(place: TopicPartition, offset: number, order?: string): Promise<boolean> {
    return this.#moves.move(place, offset, order)
  }

  /** The messages that have been running for longest. */
  longestRunning(): readonly RunningMessage[] {
    return this.#work.longestRunning()
  }

  stats(): Omit<GroupStats, 'handled' | 'retried' | 'deadLettered' | 'parked'> {
    const sources = this.#assignment.all
    const { running, queued, longestRunningMs } = this.#work
    return {
      running,
      queued,
      uncommitted: sources.reduce((sum, { tracker }) => sum + tracker.size, 0),
      partitions: sources.length,
      stoppedTopics: this.#breakers.stopped.length,
      hanging: this.#hangs.hanging.length,
      paused: sources.filter(({ holds }) => holds.has('asked')).length,
      bytesHeld: this.#backpressure.held.bytes,
      assignments: this.#assignment.generation,
      longestRunningMs
    }
  }

  /** Commits what is finished with everything before it; what fails is committed by the next call. */
  commit(): Promise<void> {
    return this.#commits.commit()
  }

  #consumerOptions(): Parameters<KafkaClient['groupConsumer']>[0] {
    const { groupId, routes, log, onReach, onRebuilt } = this.#options
    const { sessionTimeoutMs, topicRefreshMs, maxBatchBytes, maxBytesHeld } = this.#options
    return {
      group: groupId,
      topics: async () => routes.all,
      about: this.#options.about,
      onBatch: (batch, control) => this.#taker.take(batch, control),
      onAssigned: (assigned, isLeader, generation) => this.#assigned(assigned, isLeader, generation),
      onPassed: passed => this.#taker.pass(passed),
      onOutOfRange: source => this.#restarts.outOfRange(source),
      onTopicsVanished: vanished => log.warn({ topics: vanished }, 'topics of this group are gone'),
      onLook: look => {
        this.#restarts.looked(look)
        this.#knownTopics.looked(look)
      },
      onReach,
      onRebuilt,
      log,
      sessionTimeoutMs,
      topicRefreshMs,
      maxBatchBytes,
      fetchLimits: () => fetchLimitsOf(maxBytesHeld)
    }
  }

  #assigned(assigned: ReadonlyMap<string, readonly number[]>, isLeader: boolean, generation: number): void {
    const before = this.#assignment.all
    // What was not started comes again: to this member or to another one.
    this.#work.forget()
    this.#assignment.replace(assigned)
    for (const source of before) if (source.isLost) this.#gate.forget(source)
    this.#pauses.apply()
    this.#breakers.apply()
    this.#placement.assigned(isLeader)
    for (const source of this.#assignment.all) this.#backpressure.balance(source)
    this.#options.onAssigned(generation)
    const partitions = this.partitions.length
    this.#options.log.info({ partitions, topics: [...assigned.keys()] }, 'partitions assigned')
  }
}
