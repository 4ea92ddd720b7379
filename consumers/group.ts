import { useKafka } from '../connection/index.ts'
import {
  CleanUps,
  checkOptions,
  type DrainOptions,
  Lifecycle,
  type LifecycleState,
  pause,
  rule,
  within
} from '../core/index.ts'
import type { AdminLine, KafkaClient } from '../kafka/index.ts'
import { createKafkaClient } from '../kafka/kafkajs/index.ts'
import type { Health } from '../observability/index.ts'
import { createRegistry, type Envelope, type EventMap, type Registry } from '../schemas/index.ts'
import { waitUntilCaughtUp } from './caught-up.ts'
import { DeadLetterWriter } from './dead-letters/index.ts'
import { ConsumerError } from './errors.ts'
import { GroupHealth } from './health.ts'
import { Reader } from './intake/index.ts'
import { type ConsumerGroupOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import type { Slot } from './pipeline/index.ts'
import {
  createDecoder,
  type DeliveryOptions,
  deliver,
  type Message,
  type Outcome,
  patientSchemas
} from './pipeline/index.ts'
import { Telemetry } from './telemetry.ts'
import type { ConsumerGroup, GroupStats, MessageContext } from './types.ts'

/**
 * A member of a consumer group: calls a typed handler for every event of the names it has handlers for. One
 * handler at a time per aggregate within a topic and in the order of the log, several aggregates at once; a
 * failing message is tried again and at last dead-lettered. At least once.
 *
 * @throws OptionsError, also for a handler of an event that the catalogue does not know
 */
export function createConsumerGroup<Events extends EventMap>(options: ConsumerGroupOptions<Events>): ConsumerGroup {
  return new Member(resolveOptions(options))
}

/** ms that handlers may take to finish once the group is to end. */
const drainTimeoutMs = 30_000

type AnyHandler = (envelope: Envelope, context: MessageContext) => Promise<void> | void

/** The states are those of {@link Lifecycle}; draining begins no handler, and waits for those that run. */
class Member<Events extends EventMap> implements ConsumerGroup {
  readonly #options: ResolvedOptions<Events>
  readonly #topics: ReadonlyMap<string, string>
  readonly #client: KafkaClient
  readonly #line: AdminLine
  readonly #reader: Reader
  readonly #delivery: DeliveryOptions
  readonly #cleanUps = new CleanUps()
  readonly #telemetry: Telemetry
  readonly #health: GroupHealth
  readonly #registry: Registry
  /** With the name of the fault. */
  readonly #unwritten = new Map<Message, string>()
  #deadLetters: DeadLetterWriter | undefined
  readonly #life = new Lifecycle({
    start: ending => this.#start(ending),
    halt: () => this.#reader.halt(),
    drain: () => this.#reader.idle(),
    close: () => this.#close(),
    closedError,
    drainTimeoutMs
  })

  constructor(options: ResolvedOptions<Events>) {
    this.#options = options
    const { log, topicPrefix } = options
    const { connection } = options
    const name = { log, clientId: `eventtrail-${options.group}` }
    const { client, release } = useKafka(connection, createKafkaClient, name)
    this.#client = client
    this.#cleanUps.add(release)
    this.#topics = new Map(options.eventNames.map(name => [topicPrefix + name, name]))
    this.#line = this.#client.adminLine()
    this.#health = new GroupHealth({ line: this.#line, pingRegistry: () => this.#registry.ping(), log })
    this.#registry = createRegistry({ ...connection.registry, log, onReach: this.#health.registry.heard })
    this.#telemetry = new Telemetry({ ...options, line: this.#line })
    this.#delivery = this.#deliveryOptions()
    this.#reader = new Reader({
      ...options,
      client: this.#client,
      line: this.#line,
      topics: this.#topics,
      deliver: (message, slot) => this.#deliver(message, slot),
      onError: error => this.#life.fail(error, drainTimeoutMs),
      onAssigned: () => this.#telemetry.assigned(),
      onReach: this.#health.kafka.heard,
      onRebuilt: cause => this.#telemetry.rebuilt(cause),
      onLost: offsets => this.#telemetry.lost(offsets),
      stopping: this.#life.ending
    })
    void this.#reader.closed.then(reason => reason && this.#life.fail(reason, drainTimeoutMs))
  }

  get state(): LifecycleState {
    return this.#life.state
  }

  get closed(): Promise<Error | undefined> {
    return this.#life.closed
  }

  get deadLetterTopic(): string {
    return this.#options.deadLetters.topic
  }

  stats(): GroupStats {
    return { ...this.#telemetry.counts, ...this.#reader.stats() }
  }

  health(): Health {
    return this.#health.read(this.#life, this.#reader, new Set(this.#unwritten.values()))
  }

  start(): Promise<void> {
    return this.#life.start()
  }

  async whenCaughtUp(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    checkOptions(options, { timeoutMs: rule.duration(0) })
    const { timeoutMs = 30_000 } = options
    if (this.#life.ending.aborted) throw closedError()
    await waitUntilCaughtUp(this.#line, {
      groupId: this.#options.groupId,
      topics: [...this.#topics.keys()],
      timeoutMs,
      signal: this.#life.ending,
      commit: () => this.#reader.commit()
    })
  }

  drain(options?: DrainOptions): Promise<void> {
    return this.#life.drain(options)
  }

  close(): Promise<void> {
    return this.#life.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain()
  }

  #deliveryOptions(): DeliveryOptions {
    const { group, retry, log, catalogue, handlers } = this.#options
    const schemaById = patientSchemas(id => this.#registry.schemaById(id))
    return {
      group,
      decode: createDecoder(catalogue, schemaById),
      handle: (eventName, envelope, context) =>
        this.#telemetry.timed(async () => (handlers as Record<string, AnyHandler>)[eventName]?.(envelope, context)),
      sendDeadLetter: (message, facts, options) =>
        this.#deadLetters?.write(message, facts, options) ?? Promise.reject(closedError()),
      unwritten: this.#unwritten,
      retry,
      closing: this.#life.closing,
      log
    }
  }

  async #deliver(message: Message, slot: Slot): Promise<Outcome> {
    const outcome = await deliver(message, slot, this.#delivery, () => this.#telemetry.retried())
    this.#telemetry.ended(outcome)
    return outcome
  }

  async #start(ending: AbortSignal): Promise<void> {
    const deadLetters = await DeadLetterWriter.open(this.#client, this.#line, this.#options.deadLetters)
    this.#deadLetters = deadLetters
    this.#cleanUps.add(() => deadLetters.close())
    if (ending.aborted) return
    this.#cleanUps.add(this.#telemetry.start(this.#reader))
    this.#reader.start()
    this.#cleanUps.add(() => this.#reader.leave())
    void this.#keepCommitting(ending)
  }

  async #keepCommitting(ending: AbortSignal): Promise<void> {
    while (await pause(this.#options.commitIntervalMs, ending)) await this.#reader.commit()
  }

  async #close(): Promise<void> {
    await within(2_000, this.#reader.commit())
    this.#health.close()
    await this.#cleanUps.run()
  }
}

const closedError = (): ConsumerError => new ConsumerError('CLOSED', 'The consumer group was drained or closed')
