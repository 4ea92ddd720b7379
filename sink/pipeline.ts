import { type Clock, type Logger, machineClock } from '../core/index.ts'
import type { BatchControl, GroupConsumer, PassedOffsets, RecordBatch } from '../kafka/index.ts'
import { keyOf, type TopicPartition } from '../kafka/index.ts'
import type { Statement } from '../proof/index.ts'
import type { LedgerEntry, Prover, Schemas, TrailSession } from '../trail/index.ts'
import { offsetsIn, TrailError } from '../trail/index.ts'
import type { Discovery, PartitionControl, StartPointSources } from './intake/index.ts'
import { AssignedPositions, Breaker, Intake } from './intake/index.ts'
import type { BatcherLimits, WatchOptions } from './write/index.ts'
import { type Batch, OffsetHints, WriteQueues, type WriteResult } from './write/index.ts'

/** What the pipeline writes with. */
export interface WriteParts {
  /** Database sessions that write in parallel. */
  readonly connections: number
  readonly openSession: () => Promise<TrailSession>
  /** See `WriterOptions`. */
  readonly beginStatement: (prover: Prover) => Statement
  /** When a batch is due, and how much may wait. */
  readonly limits: BatcherLimits
  readonly watch: WatchOptions
}

/** What the pipeline reads from. */
export interface ReadParts {
  readonly consumer: () => Pick<GroupConsumer, 'seek' | 'pause' | 'resume' | 'commit'>
  readonly book: Schemas
  readonly discovery: Pick<Discovery, 'eventNameOf'>
  /** Where partitions start: trail and log. */
  readonly starts: StartPointSources
  /** Records of a topic after which it is judged; 0: never. */
  readonly breakerRecords: number
}

/** All that leads out of the pipeline; a simulation replaces it. */
export interface PipelineOptions {
  readonly read: ReadParts
  readonly write: WriteParts
  /** A batch was written, or found to be written already. */
  readonly onWritten: (batch: Batch, result: WriteResult) => void
  readonly onRetry?: (error: unknown, attempt: number) => void
  /** A defect that no retry can fix. */
  readonly onFailure: (error: Error) => void
  readonly log: Logger
  /** Default: the machine's. */
  readonly clock?: Clock
}

/** ms for which a partition waits that cannot be written. */
const postponedMs = 5_000

/** The way of a record from the consumer to the trail, without the wires at its ends. */
export class Pipeline {
  readonly #options: PipelineOptions
  readonly #intake: Intake
  readonly #breaker: Breaker
  readonly #hints: OffsetHints
  /** What calls off the end of a partition's wait. */
  readonly #postponed = new Set<() => void>()
  /** Why the table took nothing of a partition when it was last tried. */
  readonly #tableProblems = new Map<string, string>()
  readonly positions: AssignedPositions
  readonly queues: WriteQueues

  constructor(options: PipelineOptions) {
    this.#options = options
    const { read, write, log, onFailure } = options
    const shared = { log, ...(options.clock && { clock: options.clock }) }
    this.#hints = new OffsetHints(read.consumer, log)
    this.#breaker = new Breaker(read.breakerRecords)
    this.queues = new WriteQueues({
      connections: write.connections,
      writer: {
        openSession: write.openSession,
        beginStatement: write.beginStatement,
        watch: write.watch,
        ...shared
      },
      queue: {
        limits: write.limits,
        onWritten: (batch, result) => this.#written(batch, result),
        onPostponed: (partition, error) => this.#postpone(partition, error),
        ...(options.onRetry && { onRetry: options.onRetry }),
        onFailure,
        ...shared
      }
    })
    const control = this.#control()
    this.positions = new AssignedPositions({ control, starts: read.starts, onFailure, ...shared })
    this.#intake = new Intake({
      control,
      positions: this.positions,
      book: read.book,
      discovery: read.discovery,
      handsFull: () => this.queues.bytes >= mostBytesInHand(write),
      queueChanged: () => this.queues.changed,
      ...shared
    })
  }

  /** Why partitions of this sink wait that the table of the trail takes nothing of; each reason once. */
  get tableProblems(): readonly string[] {
    const ours = this.positions.assigned.flatMap(partition => this.#tableProblems.get(keyOf(partition)) ?? [])
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

  /** To be called every few seconds: halted partitions may have been resumed, positions may have been moved. */
  async revisit(): Promise<void> {
    const { read, log } = this.#options
    for (const partition of await this.positions.revisit()) {
      this.#breaker.forget(partition.topic)
      read.consumer().resume(partition.topic, partition.partition)
      log.info({ ...partition }, 'partition was reset or resumed; reading it again')
    }
  }

  /** To be called every second: commits the trail's positions to Kafka. */
  commitHints(): Promise<void> {
    return this.#hints.commit()
  }

  /** Takes nothing more; what was taken is still written. */
  stopTaking(): void {
    for (const callOff of this.#postponed) callOff()
    this.#intake.close()
  }

  #control(): PartitionControl {
    const { consumer } = this.#options.read
    return {
      queueOf: partition => this.queues.of(partition),
      seek: ({ topic, partition }, offset) => consumer().seek(topic, partition, offset),
      pause: ({ topic, partition }) => consumer().pause(topic, partition),
      resume: ({ topic, partition }) => consumer().resume(topic, partition)
    }
  }

  /** Leaves a partition alone for a while; then it is read again from the trail's position. */
  #postpone({ topic, partition }: TopicPartition, error: unknown): void {
    const { read, clock = machineClock, log } = this.#options
    const source = { topic, partition }
    if (error instanceof TrailError && error.code === 'TABLE_REFUSES_ALL')
      this.#tableProblems.set(keyOf(source), error.message)
    log.error({ ...source, ms: postponedMs }, 'a partition cannot be written and waits; the others continue')
    read.consumer().pause(topic, partition)
    const callOff = clock.after(postponedMs, () => {
      this.#postponed.delete(callOff)
      if (this.positions.of(source).state !== 'halted') read.consumer().resume(topic, partition)
      if (this.positions.assigned.some(each => keyOf(each) === keyOf(source))) this.positions.findAgain([source])
    })
    this.#postponed.add(callOff)
  }

  #written(batch: Batch, result: WriteResult): void {
    if (this.#tableProblems.size > 0) for (const chunk of batch.chunks) this.#tableProblems.delete(keyOf(chunk))
    this.#options.onWritten(batch, result)
    this.#hints.stored(result.stored)
    for (const trip of this.#breaker.count(result.booked.map(byEntries))) void this.positions.haltTopic(trip)
    // What was under way when a partition was halted is read again when it is resumed.
    const overtaken = result.fenced.filter(partition => this.positions.of(partition).state !== 'halted')
    if (overtaken.length > 0) {
      this.positions.findAgain(overtaken)
      this.#options.log.warn(
        { partitions: overtaken.map(keyOf), rows: batch.rows },
        'another sink has taken over or halted these partitions; their rows were discarded'
      )
    }
  }
}

/**
 * Bytes that are decoded and not stored from which on nothing more is decompressed: what all queues may hold when each is
 * full. What is decompressed next is little more than one batch (`maxBatchBytes`), so that about 100 MiB are in hand.
 */
const mostBytesInHand = ({ connections, limits }: Pick<WriteParts, 'connections' | 'limits'>): number =>
  Math.max(32 * 1024 * 1024, 4 * connections * limits.maxBytes)

/** A batch that is kept whole counts once, however many offsets it has: it is one fault of one producer. */
function byEntries(entry: LedgerEntry): LedgerEntry {
  const further = entry.chunk.badRecords.reduce((sum, bad) => sum + offsetsIn(bad) - 1, 0)
  return { ...entry, quarantined: entry.quarantined - further }
}
