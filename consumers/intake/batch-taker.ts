import { setImmediate } from 'node:timers/promises'
import type { Logger } from '../../core/index.ts'
import type {
  BatchControl,
  GroupConsumer,
  PassedOffsets,
  ReadOptions,
  ReadPortion,
  RecordBatch
} from '../../kafka/index.ts'
import type { Routes } from '../dead-letters/index.ts'
import type { AssignedPartition, CurrentAssignment } from '../progress/index.ts'
import type { Backpressure } from './backpressure.ts'
import { FetchedMessage, holdEach, messagesIn } from './fetched-message.ts'
import type { Gate } from './gate.ts'
import type { LogChanges } from './log-changes.ts'
import type { MessageWork } from './message-work.ts'
import type { TopicBreakers } from './topic-breakers.ts'

export interface BatchTakerOptions {
  readonly routes: Routes
  readonly consumer: Pick<GroupConsumer, 'pause'>
  readonly assignment: CurrentAssignment
  readonly backpressure: Backpressure
  readonly gate: Pick<Gate, 'hold' | 'seek'>
  readonly breakers: TopicBreakers
  readonly work: MessageWork
  readonly changes: LogChanges
  /** Aborts when nothing new is to begin. */
  readonly stopping: AbortSignal
  readonly log: Logger
}

/** Records that are read at once. Where handlers are fast they have ended before the next ones are read: no garbage grows old. */
const enoughRecords = 500

/** Takes messages out of what was fetched, each once, and hands them to their lanes. */
export class BatchTaker {
  readonly #options: BatchTakerOptions

  constructor(options: BatchTakerOptions) {
    this.#options = options
  }

  /** Takes as much of a batch as may be held. */
  async take(batch: RecordBatch, control: BatchControl): Promise<void> {
    const { routes, consumer, assignment, backpressure, stopping, log } = this.#options
    const { topic, partition } = batch
    let source = assignment.get(topic, partition)
    if (!source || !routes.has(topic)) return
    if (stopping.aborted) return consumer.pause(topic, partition)
    backpressure.balance(source)
    if (source.paused || !this.#isAwaited(batch, source)) return
    const limits = this.#limitsOf(source)
    if (!limits) return
    let portion = batch.raw.read(limits)
    const place = source.tracker.locate(messagesIn(portion)[0]?.offset ?? batch.firstOffset)
    if (place === 'ahead') return this.#reposition(source, control)
    if (place === 'new log') {
      log.warn({ topic, partition }, 'the offsets of a partition restarted')
      source = assignment.renew(source)
    }
    source.fetchFrom = undefined
    const { generation } = assignment
    for (;;) {
      this.#takePortion(portion, source)
      const lastOffset = portion.rest ? portion.lastOffset : batch.lastOffset
      source.tracker.pass(lastOffset)
      control.resolve(lastOffset)
      backpressure.balance(source)
      // What is left of the batch is fetched again.
      if (!portion.rest || source.paused) return
      await setImmediate()
      await control.heartbeat()
      if (generation !== assignment.generation || stopping.aborted) return
      // Stopped, moved, or both and gone on since.
      if (!assignment.has(source) || source.paused || source.fetchFrom !== undefined) return
      portion = portion.rest.read(limits)
    }
  }

  /** Offsets that hold nothing to handle. */
  pass(passed: PassedOffsets): void {
    const { topic, partition, firstOffset, lastOffset } = passed
    const source = this.#options.assignment.get(topic, partition)
    if (!source || !this.#isAwaited(passed, source)) return
    source.fetchFrom = undefined
    if (source.tracker.locate(firstOffset) === 'expected') source.tracker.pass(lastOffset, firstOffset)
  }

  #takePortion(portion: ReadPortion, source: AssignedPartition): void {
    const { work, backpressure, breakers, routes } = this.#options
    const messages: FetchedMessage[] = []
    for (const found of messagesIn(portion))
      if (source.tracker.take(found.offset)) messages.push(new FetchedMessage(found, routes, source))
    holdEach(messages, portion, backpressure.held)
    const [first] = messages
    if (first) breakers.taken(first)
    work.add(messages)
  }

  /** How much may be read of a partition at once; undefined while its topic is stopped. */
  #limitsOf(source: AssignedPartition): ReadOptions | undefined {
    const { breakers, gate } = this.#options
    const room = breakers.room(source.topic)
    if (room === 0) {
      gate.hold(source, 'breaker')
      return undefined
    }
    return room === 1 ? { maxRecords: 1, maxBytes: 1 } : { enoughRecords }
  }

  /**
   * The first batch after a join leaves something out. Either another member finished that in between, or this
   * is a batch from before the join: what Kafka has as committed shows.
   */
  async #reposition(source: AssignedPartition, control: BatchControl): Promise<void> {
    const { assignment, changes } = this.#options
    const { tracker } = source
    const { generation } = assignment
    await control.heartbeat()
    const committed = await changes.committedOffset(source).catch(() => undefined)
    if (generation !== assignment.generation) return
    const offset = Math.max(committed ?? 0, tracker.next ?? 0)
    tracker.moveTo(offset)
    control.seek(offset)
  }

  /**
   * Whether it is what a seek has asked for. What was fetched before that would leave something out, and Kafka's client
   * may have gone on after it.
   */
  #isAwaited({ fetchedOffset }: PassedOffsets, source: AssignedPartition): boolean {
    const { fetchFrom } = source
    if (fetchFrom === undefined || fetchFrom === fetchedOffset) return true
    this.#options.gate.seek(source, fetchFrom)
    return false
  }
}
