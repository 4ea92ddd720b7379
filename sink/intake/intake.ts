import { type Clock, type Logger, machineClock, safeError, within } from '../../core/index.ts'
import type { BatchControl, PassedOffsets, RecordBatch } from '../../kafka/index.ts'
import { keyOf, type TopicPartition } from '../../kafka/index.ts'
import { encodeUnlessCorrupt, PageEncoder, type Schemas, TrailError } from '../../trail/index.ts'
import { retryWhileUnavailable } from '../retry-while-unavailable.ts'
import type { WriteQueue } from '../write/index.ts'
import type { AssignedPositions } from './assigned-positions.ts'
import { chunkOf } from './chunk-of.ts'
import type { Discovery } from './discovery.ts'
import type { PartitionControl } from './partition-control.ts'

export interface IntakeOptions {
  readonly control: PartitionControl
  readonly positions: AssignedPositions
  readonly book: Schemas
  readonly discovery: Pick<Discovery, 'eventNameOf'>
  /** Whether so much is encoded and not stored, in all queues together, that nothing more must be decompressed. */
  readonly handsFull: () => boolean
  /** Resolves at the next change in any queue. */
  readonly queueChanged: () => Promise<void>
  readonly log: Logger
  /** Default: the machine's. */
  readonly clock?: Clock
}

/** Takes batches from the consumer, judges them by the position of their partition, encodes their rows, and adds chunks to the queues. */
export class Intake {
  readonly #options: IntakeOptions
  readonly #clock: Clock
  readonly #encoders = new Map<string, PageEncoder>()
  /** Partitions of whose log more is there than was fetched. */
  readonly #behind = new Set<string>()
  /** Bytes encoded since the event loop went round. */
  #encodedBytes = 0
  #turning: Promise<void> | undefined
  #closing = false

  constructor(options: IntakeOptions) {
    this.#options = options
    this.#clock = options.clock ?? machineClock
  }

  /** Takes nothing more; a batch that comes is held, unread, until the consumer stops. */
  close(): void {
    this.#closing = true
    this.#options.positions.close()
  }

  /** The group has changed. */
  assigned(): void {
    this.#behind.clear()
  }

  async take(batch: RecordBatch, control: BatchControl): Promise<void> {
    if (this.#closing) return this.#beatWhile(new Promise(() => undefined), control)
    const { positions } = this.#options
    const position = positions.of(batch)
    if (position.state === 'halted') return
    const { raw: records, fetchedOffset, lastOffset } = batch
    const verdict = position.judge({ records, fetchedOffset, lastOffset })
    switch (verdict.kind) {
      case 'reposition':
        return this.#beatWhile(positions.whenFound(batch), control)
      case 'reread':
        return control.seek(verdict.from)
      case 'halt':
        return positions.halt(batch, verdict.reason)
      case 'nothing new':
        position.advance(lastOffset)
        return control.resolve(lastOffset)
      case 'records':
        return this.#handOver(batch, verdict.first, control)
    }
  }

  /** Offsets that were fetched and hold no event; the client continues after them by itself. */
  passed({ topic, partition, fetchedOffset, lastOffset }: PassedOffsets): void {
    const { positions, control } = this.#options
    const source = { topic, partition }
    const position = positions.of(source)
    if (this.#closing || position.state === 'halted') return
    const verdict = position.judge({ records: [], fetchedOffset, lastOffset })
    switch (verdict.kind) {
      case 'reposition':
        void positions.whenFound(source)
        return
      case 'reread':
        control.seek(source, verdict.from)
        return
      case 'halt':
        void positions.halt(source, verdict.reason)
        return
      case 'records':
        control.queueOf(source).add(chunkOf({ ...source, lastOffset }, position, verdict.first))
    }
    position.advance(lastOffset)
  }

  /**
   * Decompresses and decodes into the queue's own text, a portion at a time, once there is room and every schema is
   * known. After much of a partition what follows is left, to be fetched again: all others wait for what a fetch brought.
   */
  async #handOver(batch: RecordBatch, start: number, control: BatchControl): Promise<void> {
    const queue = this.#options.control.queueOf(batch)
    const encoder = this.#encoderOf(batch)
    let { raw: packed, fetchedOffset } = batch
    let first = start
    let careful = false
    let taken = 0
    for (;;) {
      await this.#breathe()
      if (queue.full && !control.signal.aborted) {
        await this.#beatWhile(queue.changed, control)
        continue
      }
      if (this.#options.handsFull() && !control.signal.aborted) {
        await this.#beatWhile(this.#options.queueChanged(), control)
        continue
      }
      // While waiting the group may have changed: then this batch comes again, from the trail's position.
      const position = this.#options.positions.of(batch)
      if (this.#closing || control.signal.aborted || position.next !== first) return
      if (!position.expects(fetchedOffset)) return
      const portion = packed.portion({ careful })
      const lastOffset = portion.rest ? portion.lastOffset : batch.lastOffset
      this.#encodedBytes += portion.records.bytes
      const encoded = encodeUnlessCorrupt(encoder, portion, { first, last: lastOffset }, queue.buffer, careful)
      if (encoded === 'corrupt') careful = true
      else if (encoded.kind === 'encoded') {
        // Less than the portion where its rows are many bytes: the queue is to write those first.
        const { last } = encoded
        queue.add(
          chunkOf({ topic: batch.topic, partition: batch.partition, lastOffset: last }, position, first, encoded)
        )
        // What was decompressed of it is not left to the garbage collector: it lets several of them come together.
        if (portion.records.bytes >= largeBytes) void notHeld(queue, keyOf(batch)).then(() => portion.records.release())
        position.advance(last)
        control.resolve(last)
        if (last + 1 < batch.highWatermark) this.#behind.add(keyOf(batch))
        else this.#behind.delete(keyOf(batch))
        taken += portion.unpackedBytes
        if (taken >= largeBytes) return this.#restUntilStored(batch, queue)
        if (last === batch.lastOffset) return this.#pace(queue, control)
        // A fetch may bring hundreds of batches that are large once they are decompressed.
        await this.#clock.turn()
        await control.heartbeat()
        if (last === lastOffset && portion.rest) packed = portion.rest
        first = last + 1
        fetchedOffset = first
        careful = false
      } else if (!(await this.#learnt(batch, encoder, encoded.ids, control))) return
    }
  }

  /** The other partitions are fetched meanwhile. */
  #restUntilStored({ topic, partition }: TopicPartition, queue: WriteQueue): void {
    const source = { topic, partition }
    this.#options.control.pause(source)
    void notHeld(queue, keyOf(source)).then(() => this.#goOn(source))
  }

  #goOn(source: TopicPartition): void {
    const { positions, control } = this.#options
    if (positions.of(source).state !== 'halted') control.resume(source)
  }

  /** Lets the answers of Postgres in between: a session that waits for its next statement does nothing. */
  async #breathe(): Promise<void> {
    while (this.#encodedBytes > bytesPerTurn) {
      this.#turning ??= this.#clock.turn().then(() => {
        this.#encodedBytes = 0
        this.#turning = undefined
      })
      await this.#turning
    }
  }

  /**
   * Holds up the next fetch until what this one brought is being written, where it has brought all there was: nothing
   * is stored later for it, and one fetch then brings as much as many would, each with its own costs.
   */
  async #pace(queue: WriteQueue, control: BatchControl): Promise<void> {
    // By then the other partitions of this fetch have said how far they are.
    await this.#clock.turn()
    while (this.#behind.size === 0 && queue.waits && !this.#closing && !control.signal.aborted) {
      await this.#beatWhile(queue.changed, control)
    }
  }

  #encoderOf({ topic, partition }: TopicPartition): PageEncoder {
    const key = keyOf({ topic, partition })
    let encoder = this.#encoders.get(key)
    if (!encoder) {
      const eventName = this.#options.discovery.eventNameOf(topic)
      if (eventName === undefined) throw new TypeError(`a batch of ${topic}, which this sink does not read`)
      encoder = new PageEncoder(this.#options.book, { topic, partition }, eventName)
      this.#encoders.set(key, encoder)
    }
    return encoder
  }

  /**
   * Learns schemas. kafkajs fetches nothing more from a broker before all of one fetch is handled: past a moment only
   * this partition waits, and its batch comes again. False where the batch has to be left.
   */
  async #learnt(
    batch: TopicPartition,
    encoder: PageEncoder,
    ids: readonly number[],
    control: BatchControl
  ): Promise<boolean> {
    const { log, positions, control: partitions } = this.#options
    const source = { topic: batch.topic, partition: batch.partition }
    const learning = retryWhileUnavailable(
      control.signal,
      log,
      () => encoder.learn(ids).then(() => true),
      this.#clock
    ).catch(async (error: unknown) => {
      // Its records cannot be read until the registry is what it was; those of other topics can.
      if (!(error instanceof TrailError && error.code === 'SCHEMA_CHANGED')) throw error
      log.error({ ...source, err: safeError(error) }, 'the registry gives a known schema id to another schema')
      await positions.halt(source, 'SCHEMA_CHANGED')
      return false
    })
    if (await within(patienceMs, learning, this.#clock)) return (await learning) === true
    partitions.pause(source)
    const goOn = () => this.#goOn(source)
    // An error comes again with the batch, and ends the consumer then.
    learning.then(goOn, goOn)
    return false
  }

  /** Waits for something while heartbeats keep this member in the group; a rebalance ends the wait with its error. */
  async #beatWhile(something: Promise<unknown>, control: BatchControl): Promise<void> {
    let done = false
    const finished = something.finally(() => {
      done = true
    })
    while (!done && !control.signal.aborted) {
      const timer = Promise.withResolvers<void>()
      const callOff = this.#clock.after(beatMs, timer.resolve)
      await Promise.race([finished, timer.promise])
      callOff()
      if (!done) await control.heartbeat()
    }
  }
}

async function notHeld(queue: WriteQueue, key: string): Promise<void> {
  while (queue.holds(key)) await queue.changed
}

/** ms for which all partitions of a fetch wait for a schema of one. */
const patienceMs = 150
const largeBytes = 16 * 1024 * 1024
const bytesPerTurn = 256 * 1024
const beatMs = 250
