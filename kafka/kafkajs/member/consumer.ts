import type { Consumer, EachBatchPayload } from 'kafkajs'
import { backoffMs, pause, safeError, within } from '../../../core/index.ts'
import { KafkaError, refusedSession, strangerInGroup } from '../../errors.ts'
import { fetchVersion } from '../../log/index.ts'
import { TopicWatch } from '../../topic-watch.ts'
import type {
  AdminLine,
  ConsumerState,
  GroupConsumer,
  GroupConsumerOptions,
  PartitionTrouble,
  Vitals
} from '../../types/index.ts'
import { Unserved } from '../../unserved.ts'
import { protocolErrorOf, toKafkaError, tooOld } from '../errors.ts'
import { fetchingRaw, generationIn, notFetching } from '../patches/index.ts'
import type { KafkajsParts } from '../types.ts'
import { type ConsumerSettings, withDefaults } from './consumer-options.ts'
import { type Handling, handleBatch } from './handle-batch.ts'
import { createConsumer, disconnectConsumer } from './kafkajs-consumer.ts'
import { obstacleIn, readRights } from './obstacles.ts'
import { Pauses } from './pauses.ts'
import { ConsumerVitals } from './vitals.ts'

/**
 * A member of a consumer group that stays alive. kafkajs's consumer ends for good on many errors and cannot
 * change its topics; this one is rebuilt whenever that happens.
 *
 * idle → (start) → waiting for topics ⇄ joining → consuming → recovering → joining …, and from each → stopped
 */
export class SupervisedConsumer implements GroupConsumer {
  readonly #client: KafkajsParts
  readonly #options: ConsumerSettings
  readonly #stop = new AbortController()
  readonly #unserved: Unserved
  readonly #pauses: Pauses
  readonly #watch: TopicWatch
  readonly #vitals: ConsumerVitals
  #consumer: Consumer | undefined
  #commits = 0
  #supervision: Promise<void> | undefined
  #failure: Error | undefined
  readonly closed: Promise<Error | undefined>
  #resolveClosed: (reason: Error | undefined) => void = () => undefined

  constructor(client: KafkajsParts, line: AdminLine, options: GroupConsumerOptions) {
    this.#client = client
    this.#options = withDefaults(options)
    this.#vitals = new ConsumerVitals(this.#options)
    this.#unserved = new Unserved({ log: options.log, onChange: () => this.#applyPauses() })
    this.#pauses = new Pauses(this.#unserved)
    this.#watch = new TopicWatch(line, options.topics, options.log, options.onReach, options.onLook)
    this.closed = new Promise(resolve => {
      this.#resolveClosed = resolve
    })
  }

  get vitals(): Vitals {
    return this.#vitals
  }

  get state(): ConsumerState {
    return this.#vitals.state
  }

  get leaseMs(): number {
    return this.#vitals.leaseMs
  }

  get topics(): readonly string[] {
    return this.#watch.current
  }

  get troubles(): readonly PartitionTrouble[] {
    return this.#unserved.all
  }

  start(): void {
    if (this.#supervision !== undefined) return
    this.#vitals.watch(error => {
      // What holds the supervision up would not let it end either.
      this.#fail(error)
      this.#resolveClosed(this.#failure)
    })
    this.#supervision = this.#supervise().catch((error: unknown) => {
      // Nothing that kafkajs throws may end the process.
      this.#fail(error)
      return this.#ended()
    })
  }

  async commit(offsets: Parameters<GroupConsumer['commit']>[0]): Promise<void> {
    if (offsets.length === 0) return
    const before = this.#commits
    try {
      await this.#consumer?.commitOffsets(offsets.map(each => ({ ...each, offset: String(each.offset) })))
    } catch (error) {
      throw toKafkaError(error, 'committing offsets', readRights(this.#options.group, this.#client.principal))
    }
    // A kafkajs consumer that is not running takes offsets and silently forgets them.
    if (this.#commits === before)
      throw new KafkaError('KAFKA_UNAVAILABLE', 'committing offsets: the consumer is between two groups')
  }

  pause(topic: string, partition: number): void {
    this.#pauses.add({ topic, partition })
    this.#applyPauses()
  }

  resume(topic: string, partition: number): void {
    this.#pauses.remove({ topic, partition })
    this.#applyPauses()
  }

  seek(topic: string, partition: number, offset: number): void {
    this.#quietly(() => this.#consumer?.seek({ topic, partition, offset: String(offset) }))
  }

  // kafkajs can hang while it reconnects; a member that does not leave is dropped by its session timeout.
  async stop(deadlineMs = 8_000): Promise<void> {
    this.#stop.abort()
    await within(deadlineMs, this.#supervision ?? Promise.resolve())
    this.#vitals.stop()
    this.#resolveClosed(this.#failure)
  }

  async #supervise(): Promise<void> {
    const { log, topicRefreshMs } = this.#options
    const { signal } = this.#stop
    let known: readonly string[] = []
    // Not `retry()`: most turns end without an error, and a run that lasted a while starts the back-off again.
    for (let failures = 0; !signal.aborted; ) {
      this.#vitals.beat()
      const topics = await this.#look(signal)
      // The list is empty then, and the loop ends.
      if (this.#watch.hopeless) this.#fail(this.#watch.hopeless)
      const present = new Set(topics)
      const vanished = known.filter(topic => !present.has(topic))
      if (vanished.length > 0) this.#options.onTopicsVanished?.(vanished)
      known = topics
      if (topics.length === 0) {
        this.#vitals.state = 'waiting for topics'
        await pause(topicRefreshMs, signal)
        continue
      }
      const joinedAt = performance.now()
      const ended = this.#explained(await this.#runOnce(topics))
      if (signal.aborted || ended === 'topics changed') continue
      if (protocolErrorOf(ended) === 'INVALID_SESSION_TIMEOUT') {
        this.#fail(refusedSession(this.#options.sessionTimeoutMs, ended))
        break
      }
      failures = performance.now() - joinedAt > 30_000 ? 1 : failures + 1
      const waitMs = backoffMs(failures, { initialMs: 200, maxMs: 5_000 })
      const stalled = ended instanceof KafkaError && ended.code === 'CONSUMER_STALLED'
      this.#options.onRebuilt?.(stalled ? 'stalled' : 'ended')
      log.warn({ err: safeError(ended), waitMs }, 'Kafka consumer ended; rebuilding it')
      await pause(waitMs, signal)
    }
    await this.#ended()
  }

  /** Another kind of consumer is in the group too, and gets partitions that are then not read here. */
  #reportStranger(): void {
    const { group, log } = this.#options
    this.#vitals.obstacle = strangerInGroup(group).message
    log.error({ group }, 'another kind of consumer is in the group and takes partitions away: stop it')
  }

  /** The same, or in words where others keep this member out: other members, a missing right, TLS or the login. */
  #explained(ended: Error | 'topics changed'): Error | 'topics changed' {
    const explained = obstacleIn(ended, this.#options.group, this.#client.principal)
    if (!explained) return ended
    if (this.#vitals.obstacle !== explained.message)
      this.#options.log.error({ err: safeError(explained) }, 'kept out of the consumer group; trying again')
    this.#vitals.obstacle = explained.message
    return explained
  }

  async #ended(): Promise<void> {
    await this.#watch.close()
    this.#unserved.stop()
    this.#vitals.stop()
    this.#resolveClosed(this.#failure)
  }

  /** One kafkajs consumer from joining to its end; says why it ended. */
  async #runOnce(topics: readonly string[]): Promise<Error | 'topics changed'> {
    this.#vitals.state = 'joining'
    this.#vitals.progress()
    const consumer = createConsumer(this.#client.kafka, this.#options, topics.length)
    this.#consumer = consumer
    const run = new AbortController()
    const crashed = new Promise<Error>(resolve => {
      consumer.on(consumer.events.CRASH, ({ payload }) => resolve(payload.error))
    })
    let assigned: [string, number[]][] = []
    this.#vitals.listen(consumer, () =>
      assigned.some(([topic, partitions]) => partitions.some(partition => !this.#pauses.has({ topic, partition })))
    )
    consumer.on(consumer.events.COMMIT_OFFSETS, () => {
      this.#commits += 1
    })
    consumer.on(consumer.events.REQUEST, ({ payload }) => {
      if (payload.apiName === 'Fetch' && payload.apiVersion < fetchVersion) this.#fail(tooOld())
    })
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.#vitals.joined()
      // Groups of the newer protocol (KIP-848) have no leader: Kafka turns this group into one when such a consumer joins.
      if (payload.leaderId === '') this.#reportStranger()
      assigned = Object.entries(payload.memberAssignment)
      const ours = new Map(assigned)
      this.#unserved.keep(({ topic, partition }) => ours.get(topic)?.includes(partition) === true)
      this.#applyPauses()
      const { isLeader } = payload
      notFetching(() => this.#options.onAssigned?.(new Map(assigned), isLeader, generationIn(payload)))
    })
    const starting = this.#startConsumer(consumer, topics, run.signal)
    const failed = starting.then(() => new Promise<never>(() => undefined))
    try {
      return await Promise.race([crashed, failed, this.#watchRun(topics, run.signal)])
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    } finally {
      run.abort()
      this.#vitals.state = 'recovering'
      this.#consumer = undefined
      await disconnectConsumer(consumer, starting)
    }
  }

  /** Resolves once the consumer has joined. */
  async #startConsumer(consumer: Consumer, topics: readonly string[], signal: AbortSignal): Promise<void> {
    await consumer.connect()
    await consumer.subscribe({ topics: [...topics], fromBeginning: true })
    const either = AbortSignal.any([signal, this.#stop.signal])
    const handling: Handling = {
      settings: this.#options,
      signal: either,
      progress: () => this.#vitals.progress(),
      quietly: action => this.#quietly(action),
      fail: (error, where) => this.#fail(error, where)
    }
    const eachBatch = (payload: EachBatchPayload) => notFetching(() => handleBatch(consumer, payload, handling))
    const { concurrency: partitionsConsumedConcurrently } = this.#options
    const unserved = this.#unserved
    await fetchingRaw(
      {
        outOfRange: source => notFetching(() => this.#options.onOutOfRange?.(source)),
        unserved: trouble => notFetching(() => this.#unserved.add(trouble)),
        served: source => notFetching(() => this.#unserved.remove(source)),
        get someUnserved() {
          return unserved.some
        }
      },
      () => consumer.run({ autoCommit: false, eachBatchAutoResolve: false, partitionsConsumedConcurrently, eachBatch })
    )
  }

  /** Settles when this run must end: the topics changed, nothing moves, or a stop was asked for. */
  async #watchRun(topics: readonly string[], runSignal: AbortSignal): Promise<Error | 'topics changed'> {
    const { topicRefreshMs, stallMs } = this.#options
    const signal = AbortSignal.any([runSignal, this.#stop.signal])
    while (!signal.aborted) {
      this.#vitals.beat()
      await pause(Math.min(topicRefreshMs, stallMs), signal)
      if (this.#vitals.stalled) return this.#vitals.stalled
      const now = await this.#look(signal)
      if (now.join() !== topics.join()) return 'topics changed'
    }
    return new Error('stopped')
  }

  /** The topics as of now; as of before, when the answer takes too long: a caller that waits for it watches nothing. */
  async #look(signal: AbortSignal): Promise<readonly string[]> {
    await within(this.#options.stallMs, this.#watch.look(signal))
    return this.#watch.current
  }

  /** Ends the consumer for good. */
  #fail(error: unknown, where: { topic?: string; partition?: number } = {}): void {
    if (this.#stop.signal.aborted) return
    this.#failure = error instanceof Error ? error : new Error(String(error))
    this.#options.log.error({ err: safeError(error), ...where }, 'the Kafka consumer stops; the error says why')
    this.#stop.abort()
  }

  #applyPauses(): void {
    this.#quietly(() => this.#consumer && this.#pauses.apply(this.#consumer))
  }

  // kafkajs throws from pause, resume and seek while it is between two groups; the next join applies them.
  #quietly(action: () => void): void {
    try {
      action()
    } catch (error) {
      this.#options.log.debug({ err: safeError(error) }, 'not applied while the consumer is between two groups')
    }
  }
}
