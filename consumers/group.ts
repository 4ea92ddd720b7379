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
import { type AdminLine, type KafkaClient, keyOf, type TopicPartition } from '../kafka/index.ts'
import { createKafkaClient } from '../kafka/kafkajs/index.ts'
import type { Health } from '../observability/index.ts'
import { createRegistry, type EventMap, type Registry } from '../schemas/index.ts'
import { waitUntilCaughtUp } from './caught-up.ts'
import {
  canRedrive,
  DeadLetterWriter,
  openParking,
  type Parking,
  Routes,
  redriveTopicOf
} from './dead-letters/index.ts'
import { ConsumerError } from './errors.ts'
import { GroupControl } from './group-control.ts'
import { GroupHealth } from './health.ts'
import { postgresInbox } from './inbox/index.ts'
import { Reader } from './intake/index.ts'
import { type ConsumerGroupOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import {
  createBatchDelivery,
  createDecoder,
  createDelivery,
  type DeliveryOptions,
  type Message,
  patientSchemas,
  type RunningCall
} from './pipeline/index.ts'
import { checkScope, checkSeek } from './places.ts'
import { Telemetry } from './telemetry.ts'
import type { ConsumerGroup, GroupStats, PauseScope, SeekTarget } from './types.ts'

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

/** The states are those of {@link Lifecycle}; draining begins no handler, and waits for those that run. */
class Member<Events extends EventMap> implements ConsumerGroup {
  readonly #options: ResolvedOptions<Events>
  readonly #routes: Routes
  readonly #client: KafkaClient
  readonly #line: AdminLine
  readonly #reader: Reader
  readonly #control: GroupControl
  readonly #cleanUps = new CleanUps()
  readonly #telemetry: Telemetry
  readonly #health: GroupHealth
  readonly #registry: Registry
  /** With the name of the fault. */
  readonly #unwritten = new Map<Message, string>()
  readonly #calls = new Set<RunningCall>()
  #deadLetters: DeadLetterWriter | undefined
  #parking: Parking | undefined
  #healthIsRead = false
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
    const events = new Map(options.eventNames.map(name => [topicPrefix + name, name]))
    this.#routes = new Routes(events, redriveTopicOf(options.deadLetters.topic))
    this.#line = this.#client.adminLine()
    this.#health = new GroupHealth({ line: this.#line, pingRegistry: () => this.#registry.ping(), log })
    this.#registry = createRegistry({ ...connection.registry, log, onReach: this.#health.registry.heard })
    this.#telemetry = new Telemetry({ ...options, line: this.#line, parked: () => this.#parking?.size ?? 0 })
    const delivery = this.#deliveryOptions()
    this.#control = new GroupControl({ ...options, client, line: this.#line })
    this.#reader = new Reader({
      ...options,
      client: this.#client,
      line: this.#line,
      routes: this.#routes,
      about: this.#control.about,
      calls: this.#calls,
      deliver: createDelivery(delivery),
      deliverBatch: createBatchDelivery(delivery),
      onEnded: outcome => this.#telemetry.ended(outcome),
      onError: error => this.#life.fail(error, drainTimeoutMs),
      onAssigned: generation => {
        this.#telemetry.assigned()
        this.#parking?.assigned(this.#reader.partitions, generation)
      },
      onReach: this.#health.kafka.heard,
      onRebuilt: cause => this.#telemetry.rebuilt(cause),
      onLost: offsets => this.#telemetry.lost(offsets),
      offsetsAt: (sources, date) => this.#offsetsAt(sources, date),
      onPlaced: () => this.#control.placed(),
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

  pause(scope: PauseScope = {}): void {
    this.#reader.pause(checkScope(scope, this.#routes.all))
  }

  resume(scope: PauseScope = {}): void {
    this.#reader.resume(checkScope(scope, this.#routes.all))
  }

  async seek(target: SeekTarget): Promise<void> {
    const { topic, partition, offset } = checkSeek(target, this.#routes.all)
    if (this.#life.ending.aborted) throw closedError()
    const to = offset instanceof Date ? ((await this.#offsetsAt([target], offset)).get(keyOf(target)) ?? 0) : offset
    if (await this.#reader.move({ topic, partition }, to)) return
    throw new ConsumerError('NOT_ASSIGNED', `Partition ${keyOf(target)} is not read by this member`)
  }

  stats(): GroupStats {
    return { ...this.#telemetry.counts, ...this.#reader.stats(), parked: this.#parking?.size ?? 0 }
  }

  health(): Health {
    this.#healthIsRead = true
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
      topics: this.#routes.all,
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
    const { catalogue } = this.#options
    const schemaById = patientSchemas(id => this.#registry.schemaById(id))
    return {
      ...this.#options,
      decode: createDecoder(catalogue, schemaById),
      sendDeadLetter: (message, facts, options) =>
        this.#deadLetters?.write(message, facts, options) ?? Promise.reject(closedError()),
      inbox: postgresInbox({ ...this.#options.inbox, log: this.#options.log }),
      unwritten: this.#unwritten,
      parking: () => this.#parking,
      calls: this.#calls,
      onRetry: () => this.#telemetry.retried(),
      onCall: ms => this.#telemetry.called(ms),
      closing: this.#life.closing
    }
  }

  async #offsetsAt(sources: readonly TopicPartition[], date: Date): Promise<ReadonlyMap<string, number>> {
    await using reader = this.#client.logReader()
    return await reader.offsetsAt(sources, date)
  }

  async #start(ending: AbortSignal): Promise<void> {
    const deadLetters = await DeadLetterWriter.open(this.#client, this.#line, this.#options.deadLetters)
    this.#deadLetters = deadLetters
    this.#cleanUps.add(() => deadLetters.close())
    if (this.#options.deadLetters.policy === 'park') await this.#openParking(ending)
    this.#routes.withRedrive = await canRedrive(this.#line, this.#options.deadLetters, this.#options.log)
    this.#cleanUps.add(() => this.#control.close())
    await this.#control.start({
      reader: this.#reader,
      stats: () => this.stats(),
      // Servers are asked how they are only for those who ask this member.
      notReady: () => (this.#healthIsRead ? this.health().notReady : [])
    })
    if (ending.aborted) return
    this.#cleanUps.add(this.#telemetry.start(this.#reader))
    this.#reader.start()
    this.#cleanUps.add(() => this.#reader.leave())
    void this.#keepCommitting(ending)
  }

  async #openParking(stopping: AbortSignal): Promise<void> {
    const { deadLetters, log } = this.#options
    const opened = await openParking(this.#client, this.#line, deadLetters, {
      stopping,
      confirmedAgoMs: () => this.#reader.confirmedAgoMs,
      log
    })
    this.#parking = opened.parking
    this.#cleanUps.add(() => opened.close())
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
