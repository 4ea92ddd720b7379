import { machineClock } from '../core/index.ts'
import type { BatchControl, GroupConsumer, PassedOffsets, RecordBatch } from '../kafka/index.ts'
import { keyOf, type TopicPartition } from '../kafka/index.ts'
import type { LedgerEntry } from '../trail/index.ts'
import { offsetsIn, TrailError } from '../trail/index.ts'
import type { Reading } from './intake/index.ts'
import { Breaker, Intake, type IntakeOptions, Positions, type PositionsOptions } from './intake/index.ts'
import type { ResolvedSinkOptions } from './options.ts'
import { type Batch, Hints, Lanes, type LanesOptions, type WriteResult } from './write/index.ts'

/** All that leads out of the sink: what a simulation puts others in place of. */
export interface PipelineOptions
  extends Omit<LanesOptions, 'limits'>,
    Pick<ResolvedSinkOptions, 'maxRows' | 'maxBytes' | 'lingerMs' | 'breakerRecords'>,
    Pick<IntakeOptions, 'book' | 'discovery'>,
    Pick<PositionsOptions, 'trail' | 'ranges' | 'topicIds'> {
  readonly consumer: () => Pick<GroupConsumer, 'seek' | 'pause' | 'resume' | 'commit'>
}

/** ms for which a partition waits that cannot be written. */
const postponedMs = 5_000

/** The way of a record from the consumer to the trail, without the wires at its ends. */
export class Pipeline {
  readonly #options: PipelineOptions
  readonly #intake: Intake
  readonly #breaker: Breaker
  readonly #hints: Hints
  /** What calls off the end of a partition's wait. */
  readonly #postponed = new Set<() => void>()
  /** Why the table took nothing of a partition when it was last tried. */
  readonly #refused = new Map<string, string>()
  readonly positions: Positions
  readonly lanes: Lanes

  constructor(options: PipelineOptions) {
    this.#options = options
    const { consumer, log, clock } = options
    this.#hints = new Hints(consumer, log)
    this.#breaker = new Breaker(options.breakerRecords)
    this.lanes = new Lanes({
      ...options,
      limits: options,
      onWritten: (batch, result) => this.#written(batch, result),
      onPostponed: (partition, error) => this.#postpone(partition, error)
    })
    const reading: Reading = {
      laneOf: partition => this.lanes.of(partition),
      seek: ({ topic, partition }, offset) => consumer().seek(topic, partition, offset),
      pause: ({ topic, partition }) => consumer().pause(topic, partition),
      resume: ({ topic, partition }) => consumer().resume(topic, partition),
      log,
      ...(clock && { clock })
    }
    const { trail, ranges, topicIds, book, discovery, onFailure } = options
    this.positions = new Positions({ ...reading, trail, ranges, topicIds, onFailure })
    this.#intake = new Intake({
      ...reading,
      positions: this.positions,
      book,
      discovery,
      handsFull: () => this.lanes.bytes >= mostBytesInHand(options),
      laneChanged: () => this.lanes.changed
    })
  }

  /** Why partitions of this sink wait that the table of the trail takes nothing of; each reason once. */
  get refusedByTable(): readonly string[] {
    const ours = this.positions.assigned.flatMap(partition => this.#refused.get(keyOf(partition)) ?? [])
    return [...new Set(ours)]
  }

  take(batch: RecordBatch, control: BatchControl): Promise<void> {
    return this.#intake.take(batch, control)
  }

  passed(offsets: PassedOffsets): void {
    this.#intake.passed(offsets)
  }

  /** After every join: the partitions that are ours now. */
  assigned(partitions: readonly TopicPartition[]): void {
    this.#intake.assigned()
    this.positions.assign(partitions)
  }

  /** To be called every few seconds: what was stopped may have been let go, what flows may have been moved. */
  async revisit(): Promise<void> {
    const { consumer, log } = this.#options
    for (const partition of await this.positions.revisit()) {
      this.#breaker.forget(partition.topic)
      consumer().resume(partition.topic, partition.partition)
      log.info({ ...partition }, 'partition was reset or resumed, it flows again')
    }
  }

  /** To be called every second: tells Kafka where the trail stands. */
  commitHints(): Promise<void> {
    return this.#hints.commit()
  }

  /** Takes nothing more; what was taken is still written. */
  refuse(): void {
    for (const callOff of this.#postponed) callOff()
    this.#intake.close()
  }

  /** Leaves a partition alone for a while; then it is read again from where the trail says. */
  #postpone({ topic, partition }: TopicPartition, error: unknown): void {
    const { consumer, clock = machineClock, log } = this.#options
    const source = { topic, partition }
    if (error instanceof TrailError && error.code === 'TABLE_REFUSES_ALL')
      this.#refused.set(keyOf(source), error.message)
    log.error({ ...source, ms: postponedMs }, 'a partition cannot be written and waits; the others go on')
    consumer().pause(topic, partition)
    const callOff = clock.after(postponedMs, () => {
      this.#postponed.delete(callOff)
      if (this.positions.of(source).state !== 'halted') consumer().resume(topic, partition)
      if (this.positions.assigned.some(each => keyOf(each) === keyOf(source))) this.positions.displace([source])
    })
    this.#postponed.add(callOff)
  }

  #written(batch: Batch, result: WriteResult): void {
    if (this.#refused.size > 0) for (const chunk of batch.chunks) this.#refused.delete(keyOf(chunk))
    this.#options.onWritten(batch, result)
    this.#hints.stored(result.stored)
    for (const trip of this.#breaker.count(result.booked.map(byEntries))) void this.positions.haltTopic(trip)
    // What was under way when a partition stopped is read again when it goes on.
    const overtaken = result.fenced.filter(partition => this.positions.of(partition).state !== 'halted')
    if (overtaken.length > 0) {
      this.positions.displace(overtaken)
      this.#options.log.warn(
        { partitions: overtaken.map(keyOf), rows: batch.rows },
        'another sink has these partitions or stopped them, their rows were left'
      )
    }
  }
}

/**
 * Bytes that are decoded and not stored from which on nothing more is decompressed: what all lanes may hold when each is
 * full. What is decompressed next is little more than one batch (`maxBatchBytes`), so that about 100 MiB are in hand.
 */
const mostBytesInHand = ({ lanes, maxBytes }: Pick<PipelineOptions, 'lanes' | 'maxBytes'>): number =>
  Math.max(32 * 1024 * 1024, 4 * lanes * maxBytes)

/** A batch that is kept whole counts once, however many offsets it has: it is one fault of one producer. */
function byEntries(entry: LedgerEntry): LedgerEntry {
  const further = entry.chunk.refused.reduce((sum, refused) => sum + offsetsIn(refused) - 1, 0)
  return { ...entry, quarantined: entry.quarantined - further }
}
