import { randomUUID } from 'node:crypto'
import { checkOptions, counted, few, machineClock, OptionsError, type Rules, rule } from '../../core/index.ts'
import type { KafkaRecord } from '../../kafka/index.ts'
import { type EnvelopeOf, type EventMap, type EventName, encodeEnvelope, envelopeReader } from '../../schemas/index.ts'
import { type DeadLetterFacts, Parking, parkedRow, Routes, redriveTopicOf } from '../dead-letters/index.ts'
import { postgresInbox } from '../inbox/index.ts'
import { FetchedMessage, HeldBytes, Lease, MessageWork } from '../intake/index.ts'
import { type ResolvedOptions, resolveOptions } from '../options.ts'
import {
  type BatchDeliveryOptions,
  createBatchDelivery,
  createDecoder,
  createDelivery,
  type DeliveryOptions,
  type Message
} from '../pipeline/index.ts'
import { type AssignedPartition, CurrentAssignment } from '../progress/index.ts'
import { Activity } from './activity.ts'
import { TestGroupError } from './errors.ts'
import { aggregateName, Letters, type ToRedrive } from './letters.ts'
import { memoryInbox } from './memory-inbox.ts'
import { MemoryTable } from './memory-table.ts'
import type { SettleOptions, TestDeadLetter, TestEventOptions, TestGroup, TestGroupOptions } from './types.ts'
import { VirtualClock } from './virtual-clock.ts'

/** No server is ever asked. */
const nowhere = { kafka: { brokers: ['localhost:1'] }, registry: { url: 'http://localhost:1' } }

const hourMs = 3_600_000
/** Real ms without the end of any call after which a test waits for nothing: less than test runners give a test. */
const patienceMs = 4_000

type OwnOptions = Pick<TestGroupOptions<EventMap>, 'startAt' | 'onceIn'>

const ownRules: Rules<OwnOptions> = {
  startAt: rule.such(value => value instanceof Date && !Number.isNaN(value.getTime()), 'a Date'),
  onceIn: rule.such(value => value === 'memory' || value === 'postgres', "'memory' or 'postgres'")
}

/**
 * A group whose handlers run as in production (order, retries, time-outs, middleware, dead letters), without servers and in
 * a time that the test moves.
 * @throws OptionsError
 */
export function createTestGroup<Events extends EventMap>(options: TestGroupOptions<Events>): TestGroup<Events> {
  const { startAt, onceIn, ...given } = options
  checkOptions<OwnOptions>({ ...(startAt && { startAt }), ...(onceIn && { onceIn }) }, ownRules)
  return new Kit(given, startAt ?? new Date(machineClock.now()), onceIn ?? 'memory')
}

/** A record of one of the topics. */
interface Published<Events extends EventMap> {
  readonly record: KafkaRecord
  readonly source: AssignedPartition
  /** Undefined for the end marker of a redrive. */
  readonly envelope: EnvelopeOf<Events> | undefined
}

/** Between the topics and the dead letters, which are lists in here, everything is that of a group on Kafka. */
class Kit<Events extends EventMap> implements TestGroup<Events> {
  readonly handled: EnvelopeOf<Events>[] = []
  readonly #options: ResolvedOptions<Events>
  readonly #clock: VirtualClock
  readonly #activity = new Activity()
  readonly #end = new AbortController()
  readonly #assignment = new CurrentAssignment(this.#end.signal)
  readonly #held = new HeldBytes()
  readonly #routes: Routes
  readonly #letters = new Letters<Events>()
  readonly #table = new MemoryTable()
  readonly #parking: Parking | undefined
  readonly #work: MessageWork
  /** By topic and offset, in the order in which they were published. */
  readonly #published = new Map<string, Published<Events>>()
  readonly #unfinished = new Map<Message, EnvelopeOf<Events> | undefined>()

  constructor(
    given: Omit<TestGroupOptions<Events>, 'startAt' | 'onceIn'>,
    startAt: Date,
    onceIn: NonNullable<OwnOptions['onceIn']>
  ) {
    const { onFailure, use = [] } = given
    const options = resolveOptions<Events>({
      group: 'test',
      ...given,
      connection: nowhere,
      handlers: this.#activity.ofHandlers(given.handlers),
      use: Array.isArray(use)
        ? [next => (envelope, context) => this.#activity.of(() => next(envelope, context)), ...use]
        : use,
      ...(typeof onFailure === 'function' && {
        onFailure: (...what) => this.#activity.of(() => onFailure(...what))
      })
    })
    this.#options = options
    const { catalogue, eventNames, topicPrefix, log, concurrency } = options
    this.#clock = new VirtualClock(startAt.getTime())
    const events = new Map(eventNames.map(name => [topicPrefix + name, name]))
    this.#routes = new Routes(events, redriveTopicOf(options.deadLetters.topic))
    this.#assignment.replace(new Map(this.#routes.all.map(topic => [topic, [0]])))
    if (options.deadLetters.policy === 'park') this.#parking = this.#newParking()
    const delivery: DeliveryOptions & BatchDeliveryOptions = {
      ...options,
      decode: createDecoder(catalogue, async id => catalogue.version(eventNames[id] ?? '').envelope),
      inbox: onceIn === 'memory' ? memoryInbox() : postgresInbox({ log }),
      sendDeadLetter: async (record, facts) => this.#keep(record, facts),
      unwritten: new Map(),
      parking: () => this.#parking,
      calls: new Set(),
      onRetry: () => undefined,
      onCall: () => undefined,
      closing: this.#end.signal,
      clock: this.#clock
    }
    this.#work = new MessageWork({
      concurrency,
      lease: new Lease({ leaseMs: 1 }, this.#assignment),
      held: this.#held,
      clock: this.#clock,
      batchings: options.batchings,
      deliver: createDelivery(delivery),
      deliverBatch: createBatchDelivery(delivery),
      onEnded: (message, outcome) => {
        const envelope = this.#unfinished.get(message)
        this.#unfinished.delete(message)
        if (outcome === 'handled' && envelope) this.handled.push(envelope)
      },
      onForgotten: message => void this.#unfinished.delete(message),
      onReleased: () => undefined,
      // The pipeline never rejects; where it does, the test must see it.
      onError: error => void Promise.reject(error)
    })
  }

  get deadLetters(): readonly TestDeadLetter<Events>[] {
    return this.#letters.open
  }

  get parked(): readonly string[] {
    const rows = [...this.#table.entries()].map(([name, value]) =>
      name.startsWith('parked/') ? parkedRow(value) : undefined
    )
    return rows.flatMap(row => (row ? [Buffer.from(row.key, 'base64').toString()] : []))
  }

  get unfinished(): readonly EnvelopeOf<Events>[] {
    return [...this.#unfinished.values()].filter(envelope => envelope !== undefined)
  }

  now(): Date {
    return new Date(this.#clock.now())
  }

  async publish<Name extends EventName<Events>>(
    eventName: Name,
    aggregateId: string,
    payload: Events[Name]['input'],
    options: TestEventOptions = {}
  ): Promise<string> {
    const { catalogue, eventNames, topicPrefix } = this.#options
    const source = this.#assignment.get(topicPrefix + eventName, 0)
    if (!source) throw new OptionsError('eventName', `an event with a handler: ${few(eventNames)}`, eventName)
    const { id = randomUUID(), occurredAt = this.now(), headers = {} } = options
    const version = catalogue.version(eventName)
    const occurred_at = typeof occurredAt === 'bigint' ? occurredAt : BigInt(occurredAt.getTime()) * 1_000n
    const input = { id, aggregate_id: aggregateId, occurred_at, payload }
    const value = encodeEnvelope(version, eventNames.indexOf(eventName), input, version.version)
    const envelope = envelopeReader(version, version.envelope)(value) as EnvelopeOf<Events>
    const record = {
      key: Buffer.from(envelope.aggregate_id),
      value,
      headers: Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)] as const)
    }
    this.#deliver([this.#append(source, record, envelope)])
    return envelope.id
  }

  redeliver(id?: string): void {
    this.#deliver([...this.#published.values()].filter(({ envelope }) => id === undefined || envelope?.id === id))
  }

  redrive(chosen: (letter: TestDeadLetter<Events>) => boolean = () => true): number {
    const records = this.#letters.redrive(chosen, this.#underway)
    this.#sendAgain(records)
    return records.filter(({ envelope }) => envelope !== undefined).length
  }

  discard(chosen: (letter: TestDeadLetter<Events>) => boolean = () => true): number {
    const { count, markers } = this.#letters.discard(chosen, this.#underway)
    this.#sendAgain(markers)
    return count
  }

  async settle(options: SettleOptions = {}): Promise<void> {
    checkOptions(options, { withinMs: rule.wholeNumber(0) })
    const { withinMs = hourMs } = options
    const until = this.#clock.monotonic() + withinMs
    for (;;) {
      if (!(await this.#activity.quiet(patienceMs)))
        throw this.#notSettled(
          'A handler, a middleware or `onFailure` runs and does not end. One that waits for its time-out needs `advance(ms)`'
        )
      if (this.#unfinished.size === 0) return
      const { next = Number.POSITIVE_INFINITY } = this.#clock
      if (next > until)
        throw this.#notSettled(`They wait for their next attempt, for more than ${withinMs} ms of virtual time`)
      this.#clock.moveTo(next)
    }
  }

  async advance(ms: number): Promise<void> {
    checkOptions({ ms }, { ms: rule.wholeNumber(0) })
    const target = this.#clock.monotonic() + ms
    await this.#activity.turn()
    for (let { next } = this.#clock; next !== undefined && next <= target; next = this.#clock.next) {
      this.#clock.moveTo(next)
      await this.#activity.turn()
    }
    this.#clock.moveTo(target)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#work.stop()
    this.#end.abort()
    this.#parking?.close()
    await this.#activity.turn()
  }

  #newParking(): Parking {
    const parking = new Parking({
      table: this.#table,
      confirmedAgoMs: () => 0,
      stopping: this.#end.signal,
      log: this.#options.log,
      clock: this.#clock
    })
    parking.assigned(this.#assignment.all, 1)
    return parking
  }

  /** Aggregates of which redriven letters are not finished. */
  get #underway(): ReadonlySet<string> {
    const redriven = [...this.#unfinished.keys()].filter(message => message.redriven !== undefined)
    return new Set(redriven.map(({ redriven, record }) => aggregateName(redriven?.origin, record.key)))
  }

  #sendAgain(records: readonly ToRedrive<Events>[]): void {
    const source = this.#assignment.get(this.#routes.redrive, 0) as AssignedPartition
    this.#deliver(records.map(({ record, envelope }) => this.#append(source, record, envelope)))
  }

  /** Puts a record at the end of a topic. */
  #append(
    source: AssignedPartition,
    record: Omit<KafkaRecord, 'offset' | 'timestamp'>,
    envelope: EnvelopeOf<Events> | undefined
  ): Published<Events> {
    const offset = source.tracker.next ?? 0
    source.tracker.take(offset)
    const published = { record: { ...record, offset, timestamp: this.#clock.now() }, source, envelope }
    this.#published.set(placeOf(source.topic, offset), published)
    return published
  }

  #deliver(published: readonly Published<Events>[]): void {
    const messages = published.map(({ record, source }) => {
      const shared = this.#held.hold(record.value?.length ?? 0, 1)
      return new FetchedMessage(record, this.#routes, source, shared)
    })
    for (const [index, message] of messages.entries())
      this.#unfinished.set(message, (published[index] as Published<Events>).envelope)
    this.#work.add(messages)
  }

  #keep(record: KafkaRecord, facts: DeadLetterFacts): readonly [] {
    const { envelope } = this.#published.get(placeOf(facts.topic, facts.offset)) ?? {}
    if (!envelope) throw new TypeError('a dead letter of an event that was not published')
    this.#letters.add(record, facts, envelope, this.#clock.now())
    return []
  }

  #notSettled(why: string): TestGroupError {
    const names = [...new Set(this.unfinished.map(({ event_name }) => event_name))]
    return new TestGroupError(`${counted(this.#unfinished.size, 'event')} (${few(names)}) did not end. ${why}`)
  }
}

const placeOf = (topic: string, offset: number): string => `${topic}/${offset}`
