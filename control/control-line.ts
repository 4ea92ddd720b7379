import { backoffMs, type Logger, pause, safeError, within } from '../core/index.ts'
import { type KafkaClient, type KafkaError, keyOf, type TopicPartition, TopicTable } from '../kafka/index.ts'
import { type DesiredState, nothingDesired, parseDesired, type RewindOrder, type Scope } from './desired.ts'
import { controlTopicOf, desiredKeyOf } from './names.ts'

/** What reads for a group, as far as orders are about it. */
export interface Controlled {
  /** Those of this member, now. */
  readonly partitions: readonly TopicPartition[]
  /** Nothing of these partitions is to begin: all that is paused by orders, in place of what was before. */
  order(pauses: readonly Scope[]): void
  /** Reads topics again that this member has stopped by itself. */
  readStopped(scope: Scope): void
  /**
   * Reads on at an offset, unless the action is noted with the position of the partition already.
   * @returns false where the partition is not this member's any more
   */
  move(place: TopicPartition, offset: number, action: string): Promise<boolean>
}

export interface ControlLineOptions {
  readonly client: KafkaClient
  readonly topicPrefix: string
  /** As Kafka has it, with the prefix. */
  readonly groupId: string
  readonly controlled: Controlled
  /** A revision was carried out. */
  readonly onApplied: () => void
  readonly log: Logger
}

/** ms for which a start waits for the orders: what is paused is not to begin. */
const firstLookMs = 5_000

/**
 * Follows what the group shall do and carries it out for the partitions of this member. Where the control topic is
 * missing or cannot be read, that is logged once and the member keeps to the orders that it knows.
 *
 * new → (start) → following ⇄ carrying out; → (close) → closed
 */
export class ControlLine {
  readonly #options: ControlLineOptions
  readonly #topic: string
  readonly #key: string
  readonly #closing = new AbortController()
  #table: TopicTable | undefined
  #desired: DesiredState = nothingDesired
  #applied: number | undefined
  /** Grows with all that may bring something to do. */
  #turn = 0
  #working: Promise<void> | undefined

  constructor(options: ControlLineOptions) {
    this.#options = options
    this.#topic = controlTopicOf(options.topicPrefix)
    this.#key = desiredKeyOf(options.groupId)
  }

  /** The revision that was carried out last; undefined where the control topic was never read. */
  get applied(): number | undefined {
    return this.#applied
  }

  get desired(): DesiredState {
    return this.#desired
  }

  /** Resolves when the orders are known, or the topic is missing or refused, or after a few seconds. Never rejects. */
  async start(): Promise<void> {
    const { client, log } = this.#options
    const table = new TopicTable({ client, topic: this.#topic, log, onFault: fault => this.#report(fault) })
    this.#table = table
    table.onChange(changes => {
      if (changes.has(this.#key)) this.#read(changes.get(this.#key))
    })
    const looked = table.ready.then(look => {
      // Without orders revision 0 holds.
      if (look === 'read') this.#turnOn()
    })
    await within(firstLookMs, looked)
  }

  /** This member was given partitions, and knows where the group is in them. */
  placed(): void {
    if (this.#desired.rewinds.length > 0) this.#turnOn()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#table?.close()
    if (this.#working !== undefined) await this.#working
  }

  #read(value: Buffer | undefined): void {
    const { log, controlled } = this.#options
    const desired = value === undefined ? nothingDesired : parseDesired(value)
    if (!desired) {
      log.error(
        { topic: this.#topic },
        'the orders to this group cannot be read: they are of a newer version, or of another program; the last ones hold'
      )
      return
    }
    const known = new Set(this.#desired.resumes.map(({ action }) => action))
    this.#desired = desired
    controlled.order(desired.pauses.map(({ scope }) => scope))
    for (const { scope, action } of desired.resumes) if (!known.has(action)) controlled.readStopped(scope)
    this.#turnOn()
  }

  #turnOn(): void {
    this.#turn += 1
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined
    })
  }

  /** Carries out what holds now, and again as long as something changes meanwhile. */
  async #work(): Promise<void> {
    for (let turn = -1; turn !== this.#turn && !this.#closing.signal.aborted; ) {
      turn = this.#turn
      const { revision, rewinds } = this.#desired
      if (!(await this.#rewind(rewinds, turn)) || turn !== this.#turn) continue
      if (this.#applied !== revision) this.#options.log.info({ revision }, 'orders to this group are carried out')
      this.#applied = revision
      this.#options.onApplied()
    }
  }

  /** False where something else comes first. */
  async #rewind(orders: readonly RewindOrder[], turn: number): Promise<boolean> {
    const { controlled, log } = this.#options
    const ours = new Set(controlled.partitions.map(keyOf))
    for (const order of orders.filter(each => ours.has(keyOf(each)))) {
      const { topic, partition, offset, action } = order
      for (let failures = 0; ; ) {
        if (turn !== this.#turn || this.#closing.signal.aborted) return false
        try {
          await controlled.move({ topic, partition }, offset, action)
          break
        } catch (error) {
          failures += 1
          log.warn({ topic, partition, err: safeError(error) }, 'a rewind is not carried out yet; it is tried again')
          await pause(backoffMs(failures, { initialMs: 200, maxMs: 5_000 }), this.#closing.signal)
        }
      }
    }
    return true
  }

  #report(fault: KafkaError): void {
    const { log } = this.#options
    const facts = { topic: this.#topic, code: fault.code }
    if (fault.code === 'TOPIC_UNKNOWN')
      log.info(facts, 'there is no control topic: `eventtrail groups` cannot pause or rewind this member')
    else if (fault.code === 'NOT_AUTHORIZED')
      log.warn(
        { ...facts, err: safeError(fault) },
        'the control topic cannot be read: `eventtrail groups` cannot pause or rewind this member'
      )
    else log.debug({ ...facts, err: safeError(fault) }, 'the control topic cannot be read; it is tried again')
  }
}
