import { type Clock, type Logger, onAbort, safeError } from '../../core/index.ts'
import { keyOf, type TopicPartition, topicsOf } from '../../kafka/index.ts'
import { explainHalt, type HaltReason, type StoredPosition, tooManyBad } from '../../trail/index.ts'
import { retryWhileUnavailable } from '../retry-while-unavailable.ts'
import type { Trip } from './breaker.ts'
import type { PartitionControl } from './partition-control.ts'
import { ReadPosition } from './read-position.ts'
import { type FoundPartition, findStartPoints, type StartPointSources } from './start-points.ts'

export interface AssignedPositionsOptions {
  readonly control: PartitionControl
  readonly starts: StartPointSources
  /** A defect that no retry can fix. */
  readonly onFailure: (error: Error) => void
  readonly log: Logger
  /** Default: the machine's. */
  readonly clock?: Clock
}

/**
 * The position of every partition of this sink, checked against the trail: after every join all of them, also those in which
 * nothing happens (Kafka's own offset may be anything, also past what the trail lacks), and single ones whose
 * position was lost or moved.
 */
export class AssignedPositions {
  readonly #options: AssignedPositionsOptions
  readonly #positions = new Map<string, ReadPosition>()
  readonly #finding = new Map<string, Promise<void>>()
  // Topics whose stop is being recorded: until then the trail says that they are read.
  readonly #stopping = new Set<string>()
  #assigned: readonly TopicPartition[] = []
  #generation = new AbortController()

  constructor(options: AssignedPositionsOptions) {
    this.#options = options
  }

  of(partition: TopicPartition): ReadPosition {
    const key = keyOf(partition)
    const position = this.#positions.get(key) ?? new ReadPosition()
    this.#positions.set(key, position)
    return position
  }

  /** The partitions of this sink. */
  get assigned(): readonly TopicPartition[] {
    return this.#assigned
  }

  /** How many of them are halted. */
  get halted(): number {
    return this.#assigned.filter(partition => this.of(partition).state === 'halted').length
  }

  /** After every join: all positions are forgotten, and those of the partitions that are ours now are found. */
  assign(partitions: readonly TopicPartition[]): void {
    this.#generation.abort()
    this.#generation = new AbortController()
    this.#assigned = partitions
    for (const position of this.#positions.values()) position.forget()
    void this.#start(partitions.filter(partition => this.of(partition).state !== 'halted'))
  }

  /** Their offsets moved without us, and are asked for again. */
  findAgain(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.of(partition).forget()
    void this.#start(partitions)
  }

  /** The log has not what was asked for: what it has now is looked at. */
  outOfRange(partition: TopicPartition): void {
    if (this.of(partition).isKnown && !this.#finding.has(keyOf(partition))) this.findAgain([partition])
  }

  /** Resolves when the partition is placed or halted, or the group has changed. */
  whenFound({ topic, partition }: TopicPartition): Promise<void> {
    return this.#finding.get(keyOf({ topic, partition })) ?? this.#start([{ topic, partition }])
  }

  /** Halts a partition whose log does not fit, for every sink of the group, until it is reset. */
  async halt({ topic, partition }: TopicPartition, reason: HaltReason): Promise<void> {
    await this.#halt({ topic, partition }, reason, this.of({ topic, partition }))
  }

  /** Halts all partitions of a topic until they are resumed, also those that other sinks of the group read. */
  async haltTopic({ topic, records, bad }: Trip): Promise<void> {
    const { starts, control, log } = this.#options
    log.error(
      { topic, reason: tooManyBad, records, bad },
      `topic halted: ${bad} of ${records} records were bad. They are in quarantine, the rest stays in Kafka. ${askDoctor}`
    )
    this.#stopping.add(topic)
    for (const [key, position] of this.#positions) {
      const partition = partitionOf(key)
      if (partition.topic !== topic) continue
      position.state = 'halted'
      control.pause(partition)
    }
    // When it fails, they are found to be read at the next visit, and trip again if the records stay bad.
    await starts.trail
      .haltTopic(topic, tooManyBad)
      .catch(error => log.warn({ err: safeError(error) }, 'the halt could not be recorded'))
      .finally(() => this.#stopping.delete(topic))
  }

  /**
   * To be called every few seconds: halted partitions that an operator has reset or resumed meanwhile are read again, and so do those
   * that the trail has moved: a reset of one that is read, a database that was restored.
   * @returns those that were halted.
   */
  async revisit(): Promise<TopicPartition[]> {
    const visited = this.#visitable().map(partition => {
      const position = this.of(partition)
      return { partition, position, next: position.next }
    })
    if (visited.length === 0) return []
    const stored = await this.#options.starts.trail.read(visited.map(({ partition }) => partition))
    const known = ({ partition }: { partition: TopicPartition }) => stored.get(keyOf(partition))
    const revived = visited.filter(each => each.position.state === 'halted' && known(each)?.halted === undefined)
    const moved = visited.filter(
      each => this.#rests(each.partition) && each.position.next === each.next && !stands(each.position, known(each))
    )
    for (const { partition } of revived) this.#positions.delete(keyOf(partition))
    const ours = new Set(this.#assigned.map(keyOf))
    this.findAgain([...revived, ...moved].map(({ partition }) => partition).filter(each => ours.has(keyOf(each))))
    return revived.map(({ partition }) => partition)
  }

  /**
   * To be called now and then: a topic that was recreated while it is read shows in nothing else where the new log has
   * grown past the position. Its partitions are placed again, which halts them.
   */
  async lookForReplaced(): Promise<void> {
    const read = this.#assigned.filter(partition => this.of(partition).isKnown)
    if (read.length === 0) return
    const ids = await this.#options.starts.topicIds(topicsOf(read))
    const replaced = read.filter(partition => {
      const [was, is] = [this.of(partition).topicId, ids.get(partition.topic)]
      return was !== undefined && is !== undefined && was !== is && !this.#finding.has(keyOf(partition))
    })
    this.findAgain(replaced)
  }

  /** Ends what is under way; nothing is placed from here on. */
  close(): void {
    this.#generation.abort()
  }

  #visitable(): TopicPartition[] {
    const halted = [...this.#positions].filter(([, { state }]) => state === 'halted').map(([key]) => partitionOf(key))
    const all = new Map([...this.#assigned, ...halted].map(partition => [keyOf(partition), partition]))
    return [...all.values()].filter(partition => this.#rests(partition))
  }

  /** Whether nothing of the partition is under way. */
  #rests(partition: TopicPartition): boolean {
    const key = keyOf(partition)
    return (
      !this.#stopping.has(partition.topic) &&
      !this.#finding.has(key) &&
      !this.#options.control.queueOf(partition).holds(key)
    )
  }

  #start(partitions: readonly TopicPartition[]): Promise<void> {
    const { signal } = this.#generation
    const finding = this.#find(partitions, signal)
      .catch(this.#options.onFailure)
      .finally(() => {
        for (const key of partitions.map(keyOf)) if (this.#finding.get(key) === finding) this.#finding.delete(key)
      })
    for (const partition of partitions) this.#finding.set(keyOf(partition), finding)
    return finding
  }

  async #find(partitions: readonly TopicPartition[], signal: AbortSignal): Promise<void> {
    if (partitions.length === 0) return
    const { starts, log, clock } = this.#options
    await this.#untilWritten(partitions, signal)
    const found = await retryWhileUnavailable(signal, log, () => findStartPoints(starts, partitions), clock)
    for (const each of found ?? []) {
      if (!signal.aborted && this.of(each.partition).state === 'unknown') await this.#settle(each)
    }
  }

  async #settle({ partition, stored, startPoint, topicId }: FoundPartition): Promise<void> {
    // The trail has it already, and an operator may have let the partition go since it was asked.
    if (stored.halted !== undefined) return this.#stop(partition, stored.halted, stored.nextOffset)
    if (startPoint.kind === 'halt')
      return this.#halt(partition, startPoint.reason, { ...stored, next: stored.nextOffset })
    const { from, lost } = startPoint
    this.of(partition).startAt(stored, startPoint, topicId)
    if (lost > 0) {
      const nothing = { pages: [], rows: 0, badRecords: [], skipped: 0, bytes: 0 }
      const { nextOffset: first, incarnation } = stored
      this.#options.control
        .queueOf(partition)
        .add({ ...partition, ...nothing, incarnation, topicId, first, last: from - 1, lost })
    }
    this.#options.control.seek(partition, from)
  }

  async #halt(
    partition: TopicPartition,
    reason: HaltReason,
    { next, incarnation }: Pick<ReadPosition, 'next' | 'incarnation'>
  ): Promise<void> {
    const { starts, log } = this.#options
    this.#stop(partition, reason, next)
    await starts.trail
      .halt({ ...partition, incarnation }, reason)
      .catch(error => log.warn({ err: safeError(error) }, 'the halt could not be recorded'))
  }

  #stop({ topic, partition }: TopicPartition, reason: string, nextOffset: number): void {
    const { control, log } = this.#options
    this.of({ topic, partition }).state = 'halted'
    log.error(
      { topic, partition, reason, nextOffset },
      `partition halted: ${explainHalt(reason)}. Nothing is dropped. ${askDoctor}`
    )
    control.pause({ topic, partition })
  }

  /** What was read before is still in a queue, and moves the position when it is written. */
  async #untilWritten(partitions: readonly TopicPartition[], signal: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<void>()
    const forget = onAbort(signal, aborted.resolve)
    try {
      for (const partition of partitions) {
        const queue = this.#options.control.queueOf(partition)
        while (queue.holds(keyOf(partition)) && !signal.aborted) await Promise.race([queue.changed, aborted.promise])
      }
    } finally {
      forget()
    }
  }
}

const askDoctor = '`eventtrail doctor` says what to do'

const stands = (position: ReadPosition, stored: StoredPosition | undefined): boolean =>
  position.state === 'halted' ||
  (position.state !== 'unknown' &&
    stored?.nextOffset === position.next &&
    stored.incarnation === position.incarnation &&
    stored.halted === undefined)

function partitionOf(key: string): TopicPartition {
  const slash = key.lastIndexOf('/')
  return { topic: key.slice(0, slash), partition: Number(key.slice(slash + 1)) }
}
