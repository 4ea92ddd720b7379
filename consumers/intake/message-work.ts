import type { Clock } from '../../core/index.ts'
import {
  AggregateLanes,
  type Batching,
  type Deliver,
  type DeliverBatch,
  type Message,
  type Outcome,
  type Slot
} from '../pipeline/index.ts'
import { type AssignedPartition, ShortLivedMap } from '../progress/index.ts'
import type { HeldBytes } from './backpressure.ts'
import type { FetchedMessage } from './fetched-message.ts'
import type { Lease } from './lease.ts'

export interface MessageWorkOptions {
  /** Handlers that run at once. */
  readonly concurrency: number
  /** By event name: how messages are joined to batches. */
  readonly batchings: ReadonlyMap<string, Batching>
  readonly lease: Lease
  readonly held: HeldBytes
  /** Takes a message to its end; never rejects or throws. */
  readonly deliver: Deliver
  /** Takes several messages to their end, or gives them back to be delivered one by one; never rejects. */
  readonly deliverBatch: DeliverBatch
  /** A message that was started has ended. */
  readonly onEnded: (message: FetchedMessage, outcome: Outcome) => void
  /** A message was forgotten before it was started. */
  readonly onForgotten: (message: FetchedMessage) => void
  /** Bytes that were held are free. */
  readonly onReleased: () => void
  readonly onError: (error: unknown) => void
  /** By which batches wait for more. Default: the machine's. */
  readonly clock?: Clock
}

/** Where a message is that was started and has not ended. */
export interface RunningMessage {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** ms since it was started. */
  readonly forMs: number
}

const mostShown = 10

/**
 * Runs the messages that were taken, each in the lane of its aggregate, and knows which of them run and since when.
 *
 * running → (stop) → stopping: what runs ends, nothing starts
 */
export class MessageWork {
  readonly #options: MessageWorkOptions
  readonly #lanes: AggregateLanes<FetchedMessage>
  readonly #started = new ShortLivedMap<Message, number>()
  /** When a message was last finished, or the first one taken after a time without any. */
  #progressAt = performance.now()
  /** A message has ended within the loop that started it, since the last ones were added. */
  #endedAtOnce = false

  constructor(options: MessageWorkOptions) {
    const { concurrency, batchings, onError, clock } = options
    this.#options = options
    this.#lanes = new AggregateLanes({
      concurrency,
      ...(batchings.size > 0 && { batchingOf: ({ eventName }) => batchings.get(eventName) }),
      work: (messages, slot) =>
        messages.length === 1 ? this.#work(messages[0] as FetchedMessage, slot) : this.#workOnBatch(messages, slot),
      onError,
      ...(clock && { clock })
    })
  }

  /** Messages whose handler runs or waits for its next attempt. */
  get running(): number {
    return this.#lanes.running
  }

  /** Messages that were taken and not started. */
  get queued(): number {
    return this.#lanes.queued
  }

  /** ms since the oldest running message was started; 0 when nothing runs. */
  get longestRunningMs(): number {
    const [oldest] = this.#started.values()
    return oldest === undefined ? 0 : Math.round(performance.now() - oldest)
  }

  /** The ten that have been running for longest. */
  longestRunning(): readonly RunningMessage[] {
    const now = performance.now()
    return [...this.#started].slice(0, mostShown).map(([{ source, record }, since]) => ({
      ...{ topic: source.topic, partition: source.partition, offset: record.offset },
      forMs: Math.round(now - since)
    }))
  }

  /** ms since a message was finished; undefined when there is none to finish. */
  get progressAgeMs(): number | undefined {
    return this.#isIdle ? undefined : performance.now() - this.#progressAt
  }

  add(messages: readonly FetchedMessage[]): void {
    if (this.#isIdle) this.#progressAt = performance.now()
    this.#lanes.add(messages)
    // Once for all that ended at once: nothing can ask meanwhile, and looking at a clock is a part of what they cost.
    if (this.#endedAtOnce) this.#progressAt = performance.now()
    this.#endedAtOnce = false
  }

  /** Forgets what was not started, of one partition or of all. */
  forget(source?: AssignedPartition): void {
    const { held, onForgotten, onReleased } = this.#options
    let isFree = false
    this.#lanes.remove(message => {
      if (source && message.source !== source) return false
      if (held.release(message.shared)) isFree = true
      onForgotten(message)
      return true
    })
    if (isFree) onReleased()
  }

  /** Nothing starts from here on. */
  stop(): void {
    this.#lanes.stop()
  }

  /** Resolves when nothing runs. */
  idle(): Promise<void> {
    return this.#lanes.idle()
  }

  get #isIdle(): boolean {
    return this.#lanes.running + this.#lanes.queued === 0
  }

  #work(message: FetchedMessage, slot: Slot<FetchedMessage>): Promise<void> | void {
    message.source.running.add(message.record.offset)
    return this.#options.lease.isOver ? this.#workIfOurs(message, slot) : this.#deliver(message, slot)
  }

  async #workIfOurs(message: FetchedMessage, slot: Slot<FetchedMessage>): Promise<void> {
    let isOurs = false
    try {
      isOurs = await this.#options.lease.renewed(message.source, slot)
    } finally {
      if (!isOurs) this.#end(message, 'left')
    }
    if (isOurs) await this.#deliver(message, slot)
  }

  #deliver(message: FetchedMessage, slot: Slot<FetchedMessage>): Promise<void> | void {
    const left = (error: unknown): never => {
      this.#end(message, 'left')
      throw error
    }
    let outcome: Promise<Outcome> | Outcome
    try {
      outcome = this.#options.deliver(message, slot)
    } catch (error) {
      return left(error)
    }
    if (outcome instanceof Promise) {
      this.#started.set(message, performance.now())
      return outcome.then(ended => this.#end(message, ended), left)
    }
    this.#endedAtOnce = true
    this.#end(message, outcome)
  }

  async #workOnBatch(messages: readonly FetchedMessage[], slot: Slot<FetchedMessage>): Promise<void> {
    const { lease, deliverBatch } = this.#options
    const open = new Set(messages)
    for (const { source, record } of messages) source.running.add(record.offset)
    try {
      const ours = lease.isOver ? await this.#stillOurs(messages, slot) : messages
      const now = performance.now()
      for (const message of ours) this.#started.set(message, now)
      if (ours.length === 0) return
      const report = (message: FetchedMessage, outcome: 'handled' | 'again'): void => {
        open.delete(message)
        if (outcome === 'handled') this.#end(message, 'handled')
        else this.#stopRunning(message)
      }
      await deliverBatch(ours, slot, report)
    } finally {
      for (const message of open) this.#end(message, 'left')
    }
  }

  async #stillOurs(messages: readonly FetchedMessage[], slot: Slot): Promise<readonly FetchedMessage[]> {
    const kept = new Set<AssignedPartition>()
    for (const source of new Set(messages.map(message => message.source)))
      if (await this.#options.lease.renewed(source, slot)) kept.add(source)
    return messages.filter(({ source }) => kept.has(source))
  }

  #end(message: FetchedMessage, outcome: Outcome): void {
    const { held, onEnded, onReleased } = this.#options
    this.#stopRunning(message)
    if (outcome !== 'left') message.source.tracker.finish(message.record.offset)
    const isFree = held.release(message.shared)
    onEnded(message, outcome)
    if (isFree) onReleased()
  }

  #stopRunning(message: FetchedMessage): void {
    message.source.running.delete(message.record.offset)
    if (this.#started.delete(message)) this.#progressAt = performance.now()
  }
}
