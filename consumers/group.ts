import { useKafka } from '../connection/index.ts'
import {
  CleanUps,
  checkDuration,
  type DrainOptions,
  type LifecycleState,
  pause,
  refusedDrain,
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
 * @throws OptionsError; SchemaError `EVENT_UNKNOWN` for a handler that the catalogue does not know
 */
export function createConsumerGroup<Events extends EventMap>(options: ConsumerGroupOptions<Events>): ConsumerGroup {
  return new Member(resolveOptions(options))
}

type AnyHandler = (envelope: Envelope, context: MessageContext) => Promise<void> | void

/** new → (start) → starting → running → (drain) → draining → closed; close leads there from each. */
class Member<Events extends EventMap> implements ConsumerGroup {
  readonly #options: ResolvedOptions<Events>
  readonly #topics: ReadonlyMap<string, string>
  readonly #client: KafkaClient
  readonly #release: () => Promise<void>
  readonly #line: AdminLine
  readonly #reader: Reader
  readonly #delivery: DeliveryOptions
  readonly #stopping = new AbortController()
  readonly #closing = new AbortController()
  readonly #cleanUps = new CleanUps()
  readonly #telemetry: Telemetry
  readonly #health: GroupHealth
  readonly #registry: Registry
  /** With the name of the fault. */
  readonly #unwritten = new Map<Message, string>()
  #state: LifecycleState = 'new'
  #starting: Promise<void> | undefined
  #ending: Promise<void> | undefined
  #deadLetters: DeadLetterWriter | undefined
  #resolveClosed: (reason: Error | undefined) => void = () => undefined
  readonly closed: Promise<Error | undefined>

  constructor(options: ResolvedOptions<Events>) {
    this.#options = options
    const { log, topicPrefix } = options
    const { connection } = options
    const name = { log, clientId: `eventtrail-${options.group}` }
    const { client, release } = useKafka(connection, createKafkaClient, name)
    this.#client = client
    this.#release = release
    this.#topics = new Map(options.eventNames.map(name => [topicPrefix + name, name]))
    this.#line = this.#client.adminLine()
    this.#health = new GroupHealth({ line: this.#line, pingRegistry: () => this.#registry.ping() })
    this.#registry = createRegistry({ ...connection.registry, log, onReach: this.#health.registry.heard })
    this.#telemetry = new Telemetry({ ...options, line: this.#line })
    this.#delivery = this.#deliveryOptions()
    this.#reader = new Reader({
      ...options,
      client: this.#client,
      line: this.#line,
      topics: this.#topics,
      deliver: (message, slot) => this.#deliver(message, slot),
      onError: error => void this.#end(asError(error)),
      onAssigned: () => this.#telemetry.assigned(),
      onReach: this.#health.kafka.heard,
      onRebuilt: cause => this.#telemetry.rebuilt(cause),
      onLost: offsets => this.#telemetry.lost(offsets),
      stopping: this.#stopping.signal
    })
    this.closed = new Promise(resolve => {
      this.#resolveClosed = resolve
    })
    void this.#reader.closed.then(reason => reason && this.#end(reason))
  }

  get state(): LifecycleState {
    return this.#state
  }

  get deadLetterTopic(): string {
    return this.#options.deadLetters.topic
  }

  stats(): GroupStats {
    return { ...this.#telemetry.counts, ...this.#reader.stats() }
  }

  health(): Health {
    return this.#health.read(this.#state, this.#reader, new Set(this.#unwritten.values()))
  }

  start(): Promise<void> {
    if (this.#ending !== undefined) return Promise.reject(closedError())
    this.#starting ??= this.#start()
    return this.#starting
  }

  async whenCaughtUp({ timeoutMs = 30_000 } = {}): Promise<void> {
    checkDuration('timeoutMs', timeoutMs, 0)
    if (this.#ending !== undefined) throw closedError()
    await waitUntilCaughtUp(this.#line, {
      groupId: this.#options.groupId,
      topics: [...this.#topics.keys()],
      timeoutMs,
      signal: this.#stopping.signal,
      commit: () => this.#reader.commit()
    })
  }

  drain({ timeoutMs = 30_000 }: DrainOptions = {}): Promise<void> {
    const refused = refusedDrain(timeoutMs)
    if (refused) return refused
    return this.#end(undefined, timeoutMs)
  }

  close(): Promise<void> {
    this.#closing.abort()
    return this.#end(undefined)
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
      closing: this.#closing.signal,
      log
    }
  }

  async #deliver(message: Message, slot: Slot): Promise<Outcome> {
    const outcome = await deliver(message, slot, this.#delivery, () => this.#telemetry.retried())
    this.#telemetry.ended(outcome)
    return outcome
  }

  async #start(): Promise<void> {
    this.#state = 'starting'
    try {
      this.#cleanUps.add(this.#release)
      const deadLetters = await DeadLetterWriter.open(this.#client, this.#line, this.#options.deadLetters)
      this.#deadLetters = deadLetters
      this.#cleanUps.add(() => deadLetters.close())
      this.#cleanUps.add(() => this.#health.close())
      this.#cleanUps.add(this.#telemetry.start(this.#reader))
      this.#reader.start()
      this.#cleanUps.add(() => this.#reader.leave())
    } catch (error) {
      if (this.#ending === undefined) {
        this.#ending = this.#stop(asError(error))
        await this.#ending
      }
      throw error
    }
    if (this.#ending !== undefined) return
    this.#state = 'running'
    void this.#keepCommitting()
  }

  async #keepCommitting(): Promise<void> {
    const { signal } = this.#stopping
    while (await pause(this.#options.commitIntervalMs, signal)) await this.#reader.commit()
  }

  #end(failure: Error | undefined, drainMs = 30_000): Promise<void> {
    // A start that is under way is let finish, so that nothing is opened after the clean-up.
    this.#ending ??= (this.#starting ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => this.#stop(failure, drainMs))
    return this.#ending
  }

  async #stop(failure: Error | undefined, drainMs = 30_000): Promise<void> {
    this.#state = 'draining'
    this.#stopping.abort()
    this.#reader.halt()
    const { signal } = this.#closing
    const forced = new Promise<void>(resolve => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
    await within(drainMs, Promise.race([this.#reader.idle(), forced]))
    this.#closing.abort()
    await within(2_000, this.#reader.commit())
    try {
      await this.#cleanUps.run()
    } finally {
      this.#state = failure === undefined ? 'closed' : 'failed'
      this.#resolveClosed(failure)
    }
  }
}

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)))

const closedError = (): ConsumerError => new ConsumerError('CLOSED', 'The consumer group was drained or closed')
