import { safeError } from '../../core/index.ts'
import { keyOf, type TopicPartition, topicsOf } from '../../kafka/index.ts'
import { explainHalt, type HaltReason, Position, type StoredPosition, tooManyBad } from '../../trail/index.ts'
import { insist } from '../retry-while-unavailable.ts'
import type { Trip } from './breaker.ts'
import type { Reading } from './partition-control.ts'
import { findPlaces, type PlacedPartition, type PlacementOptions } from './placement.ts'

export interface PositionsOptions extends PlacementOptions, Reading {
  /** Something shows that no retry can mend. */
  readonly onFailure: (error: Error) => void
}

/**
 * Where every partition of this sink stands, held against the trail: after every join all of them, also those in which
 * nothing happens (Kafka's own offset may lie anywhere, also behind what the trail lacks), and single ones whose
 * position was lost or moved.
 */
export class Positions {
  readonly #options: PositionsOptions
  readonly #positions = new Map<string, Position>()
  readonly #placing = new Map<string, Promise<void>>()
  // Topics whose stop is being recorded: until then the trail says that they flow.
  readonly #stopping = new Set<string>()
  #assigned: readonly TopicPartition[] = []
  #generation = new AbortController()

  constructor(options: PositionsOptions) {
    this.#options = options
  }

  of(partition: TopicPartition): Position {
    const key = keyOf(partition)
    const position = this.#positions.get(key) ?? new Position()
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
  displace(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.of(partition).forget()
    void this.#start(partitions)
  }

  /** The log has not what was asked for: what it has now is looked at. */
  outOfRange(partition: TopicPartition): void {
    if (this.of(partition).isPlaced && !this.#placing.has(keyOf(partition))) this.displace([partition])
  }

  /** Resolves when the partition is placed or halted, or the group has changed. */
  placed({ topic, partition }: TopicPartition): Promise<void> {
    return this.#placing.get(keyOf({ topic, partition })) ?? this.#start([{ topic, partition }])
  }

  /** Stops a partition whose log does not fit, for every sink of the group, until it is reset. */
  async halt({ topic, partition }: TopicPartition, reason: HaltReason): Promise<void> {
    await this.#halt({ topic, partition }, reason, this.of({ topic, partition }))
  }

  /** Stops all partitions of a topic until they are resumed, also those that other sinks of the group read. */
  async haltTopic({ topic, records, bad }: Trip): Promise<void> {
    const { trail, pause, log } = this.#options
    log.error(
      { topic, reason: tooManyBad, records, bad },
      `topic stopped: ${bad} of ${records} records were bad. They are in quarantine, the rest stays in Kafka. ${askDoctor}`
    )
    this.#stopping.add(topic)
    for (const [key, position] of this.#positions) {
      const partition = partitionOf(key)
      if (partition.topic !== topic) continue
      position.state = 'halted'
      pause(partition)
    }
    // When it fails, they are found to flow at the next visit, and trip again if the records stay bad.
    await trail
      .haltTopic(topic, tooManyBad)
      .catch(error => log.warn({ err: safeError(error) }, 'the stop could not be recorded'))
      .finally(() => this.#stopping.delete(topic))
  }

  /**
   * To be called every few seconds: halted partitions that an operator has reset or resumed meanwhile flow again, and so do those
   * that the trail has moved: a reset of one that flows, a database that was restored.
   * @returns those that were halted.
   */
  async revisit(): Promise<TopicPartition[]> {
    const visited = this.#visitable().map(partition => {
      const position = this.of(partition)
      return { partition, position, next: position.next }
    })
    if (visited.length === 0) return []
    const stored = await this.#options.trail.read(visited.map(({ partition }) => partition))
    const known = ({ partition }: { partition: TopicPartition }) => stored.get(keyOf(partition))
    const revived = visited.filter(each => each.position.state === 'halted' && known(each)?.halted === undefined)
    const moved = visited.filter(
      each => this.#rests(each.partition) && each.position.next === each.next && !stands(each.position, known(each))
    )
    for (const { partition } of revived) this.#positions.delete(keyOf(partition))
    const ours = new Set(this.#assigned.map(keyOf))
    this.displace([...revived, ...moved].map(({ partition }) => partition).filter(each => ours.has(keyOf(each))))
    return revived.map(({ partition }) => partition)
  }

  /**
   * To be called now and then: a topic that was made anew while it is read shows in nothing else where the new log has
   * grown past the position. Its partitions are placed again, which stops them.
   */
  async lookForReplaced(): Promise<void> {
    const read = this.#assigned.filter(partition => this.of(partition).isPlaced)
    if (read.length === 0) return
    const ids = await this.#options.topicIds(topicsOf(read))
    const replaced = read.filter(partition => {
      const [was, is] = [this.of(partition).topicId, ids.get(partition.topic)]
      return was !== undefined && is !== undefined && was !== is && !this.#placing.has(keyOf(partition))
    })
    this.displace(replaced)
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
      !this.#stopping.has(partition.topic) && !this.#placing.has(key) && !this.#options.laneOf(partition).holds(key)
    )
  }

  #start(partitions: readonly TopicPartition[]): Promise<void> {
    const { signal } = this.#generation
    const placing = this.#place(partitions, signal)
      .catch(this.#options.onFailure)
      .finally(() => {
        for (const key of partitions.map(keyOf)) if (this.#placing.get(key) === placing) this.#placing.delete(key)
      })
    for (const partition of partitions) this.#placing.set(keyOf(partition), placing)
    return placing
  }

  async #place(partitions: readonly TopicPartition[], signal: AbortSignal): Promise<void> {
    if (partitions.length === 0) return
    const { log, clock } = this.#options
    await this.#untilWritten(partitions, signal)
    const found = await insist(signal, log, () => findPlaces(this.#options, partitions), clock)
    for (const each of found ?? []) {
      if (!signal.aborted && this.of(each.partition).state === 'unknown') await this.#settle(each)
    }
  }

  async #settle({ partition, stored, placement, topicId }: PlacedPartition): Promise<void> {
    // The trail has it already, and an operator may have let the partition go since it was asked.
    if (stored.halted !== undefined) return this.#stop(partition, stored.halted, stored.nextOffset)
    if (placement.kind === 'halt')
      return this.#halt(partition, placement.reason, { ...stored, next: stored.nextOffset })
    const { from, lost } = placement
    this.of(partition).placed(stored, placement, topicId)
    if (lost > 0) {
      const nothing = { pages: [], rows: 0, refused: [], skipped: 0, bytes: 0 }
      const { nextOffset: first, incarnation } = stored
      this.#options
        .laneOf(partition)
        .add({ ...partition, ...nothing, incarnation, topicId, first, last: from - 1, lost })
    }
    this.#options.seek(partition, from)
  }

  async #halt(
    partition: TopicPartition,
    reason: HaltReason,
    { next, incarnation }: Pick<Position, 'next' | 'incarnation'>
  ): Promise<void> {
    const { trail, log } = this.#options
    this.#stop(partition, reason, next)
    await trail
      .halt({ ...partition, incarnation }, reason)
      .catch(error => log.warn({ err: safeError(error) }, 'the stop could not be recorded'))
  }

  #stop({ topic, partition }: TopicPartition, reason: string, nextOffset: number): void {
    const { pause, log } = this.#options
    this.of({ topic, partition }).state = 'halted'
    log.error(
      { topic, partition, reason, nextOffset },
      `partition stopped: ${explainHalt(reason)}. Nothing is dropped. ${askDoctor}`
    )
    pause({ topic, partition })
  }

  /** What was read before is still in a lane, and moves the position when it is written. */
  async #untilWritten(partitions: readonly TopicPartition[], signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
    for (const partition of partitions) {
      const lane = this.#options.laneOf(partition)
      while (lane.holds(keyOf(partition)) && !signal.aborted) await Promise.race([lane.changed, aborted])
    }
  }
}

const askDoctor = '`eventtrail doctor` says what to do'

const stands = (position: Position, stored: StoredPosition | undefined): boolean =>
  position.state === 'halted' ||
  (position.state !== 'unknown' &&
    stored?.nextOffset === position.next &&
    stored.incarnation === position.incarnation &&
    stored.halted === undefined)

function partitionOf(key: string): TopicPartition {
  const slash = key.lastIndexOf('/')
  return { topic: key.slice(0, slash), partition: Number(key.slice(slash + 1)) }
}
