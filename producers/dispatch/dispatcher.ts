import { useKafka } from '../../connection/index.ts'
import { backoffMs, EventtrailError, type LifeView, pause, within } from '../../core/index.ts'
import {
  type AdminLine,
  type KafkaClient,
  partitionFor,
  type SendError,
  type Sender,
  type SendResult
} from '../../kafka/index.ts'
import { createKafkaClient } from '../../kafka/kafkajs/index.ts'
import { type Health, refusalWords } from '../../observability/index.ts'
import { createRegistry, type Registry } from '../../schemas/index.ts'
import type { ResolvedProducerOptions } from '../options.ts'
import { ProducerTelemetry } from '../telemetry.ts'
import type { PublisherStats } from '../types.ts'
import { Alarm } from './alarm.ts'
import { type Batch, Batcher, type Lane } from './batcher.ts'
import { abandonedError, isAnswer, lateError, refusalError } from './failures.ts'
import { isAway, leave, mayBeStored } from './leaving.ts'
import { completeValue, findSchema, Routes } from './routes.ts'
import type { Pending, Route } from './types.ts'
import { Unanswered } from './unanswered.ts'

const retryPauses = { initialMs: 50, maxMs: 2_000 }
// Brokers take 100 MiB a request (`socket.request.max.bytes`); less keeps one answer from taking long.
const maxRequestBytes = 16 * 1024 * 1024
// A sender that closes has a bound of its own; one that still connects has nothing to lose.
const closingMs = 10_000
const callingOffMs = 1_000

/**
 * Brings events to Kafka: opens routes, gathers batches, keeps one request a broker under way, tries again until
 * the deadline, and answers every call once.
 *
 * States: open (takes events) → draining (takes none, delivers what it has) → closed (all calls are answered).
 */
export class Dispatcher {
  readonly routes: Routes
  readonly #options: ResolvedProducerOptions
  readonly #client: KafkaClient
  readonly #letGo: () => Promise<void>
  readonly #registry: Registry
  readonly #telemetry: ProducerTelemetry
  #line: AdminLine | undefined
  readonly #batcher: Batcher<Pending>
  readonly #closing = new AbortController()
  /** Brokers with a request under way, by node id. */
  readonly #busy = new Set<number>()
  #connecting: Promise<Sender> | undefined
  #sender: Sender | undefined
  /** When something may leave. */
  readonly #alarm = new Alarm(() => this.#pump())
  readonly #unanswered: Unanswered

  constructor(options: ResolvedProducerOptions) {
    this.#options = options
    this.routes = new Routes(options)
    const { connection, log, requestTimeoutMs, source } = options
    const name = { log, requestTimeoutMs, ...(source && { clientId: source }) }
    const { client, release } = useKafka(connection, createKafkaClient, name)
    this.#client = client
    this.#letGo = release
    this.#unanswered = new Unanswered({
      bounds: options.buffer,
      deliveryTimeoutMs: options.deliveryTimeoutMs,
      onSweep: () => this.#sweep(performance.now())
    })
    this.#telemetry = new ProducerTelemetry({
      meter: options.meter,
      source,
      pingKafka: () => this.#adminLine().ask(admin => admin.ping()),
      pingRegistry: () => this.#registry.ping(),
      buffer: () => ({ unacknowledged: this.#unanswered.records, unacknowledgedBytes: this.#unanswered.bytes })
    })
    this.#registry = createRegistry({ ...connection.registry, log, onReach: this.#telemetry.registry.heard })
    this.#batcher = new Batcher(options.batch)
  }

  stats(): PublisherStats {
    return this.#telemetry.stats()
  }

  health(life: LifeView): Health {
    return this.#telemetry.health(life)
  }

  /** How full the buffer is: 1 when it is at its bounds. */
  get fill(): number {
    return this.#unanswered.fill
  }

  /** A promise for room in the buffer; undefined when there is some. */
  room(): Promise<void> | undefined {
    return this.#closing.signal.aborted ? undefined : this.#unanswered.room()
  }

  /** Asks Kafka and the registry once. @throws KafkaError, RegistryError */
  async connect(): Promise<void> {
    await Promise.all([this.#connected(), this.#registry.ping()])
  }

  submit(pending: Pending): void {
    this.#unanswered.add(pending)
    const { route } = pending
    if (route.waiting.size === 0 && route.registered && this.#enqueue(pending, route)) return
    route.waiting.push(pending)
    if (!route.opening) void this.#open(route)
  }

  /** Delivers what it has; resolves when every call is answered. */
  async drain(): Promise<void> {
    this.#batcher.flushing = true
    const idle = this.#unanswered.idle()
    if (idle !== undefined) this.#pump()
    await idle
  }

  /** Answers every call that is left, and disconnects. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#alarm.cancel()
    for (const { item, sent } of this.#batcher.unanswered()) this.#fail(item, abandonedError(item, sent))
    for (const route of this.routes) for (const item of route.waiting) this.#fail(item, abandonedError(item, false))
    const ended = this.#connecting?.then(sender => sender.close()).catch(() => undefined)
    if (ended !== undefined) await within(this.#sender ? closingMs : callingOffMs, ended)
    this.#telemetry.close()
    await this.#letGo()
  }

  /** False when the topic has to be asked for again. */
  #enqueue(pending: Pending, { topic }: Route): boolean {
    const partitions = this.#sender?.knownPartitions(topic)
    if (!partitions) return false
    const now = performance.now()
    const full = this.#batcher.add(topic, partitionFor(pending.key, partitions), pending)
    if (full) this.#pump()
    else this.#alarm.set(Math.max(now, this.#batcher.lingersUntil), now)
    return true
  }

  async #open(route: Route): Promise<void> {
    route.opening = true
    // Not `retry()`: events that come meanwhile are served too, and it ends once none waits any more.
    for (let attempt = 1; route.waiting.size > 0 && !this.#closing.signal.aborted; attempt += 1) {
      try {
        const sender = await this.#connected()
        await sender.partitionsOf(route.topic)
        route.registered ??= await findSchema(this.#registry, route)
        this.#release(route)
      } catch (error) {
        route.lastError = error
        if (error instanceof EventtrailError && error.retryable) {
          this.#options.log.debug({ err: error, topic: route.topic, attempt }, 'cannot publish yet')
          await pause(backoffMs(attempt, retryPauses), this.#closing.signal)
        } else this.#refuseWaiting(route, error)
      }
    }
    route.opening = false
  }

  #release(route: Route): void {
    for (let pending = route.waiting.peek(); pending; pending = route.waiting.peek()) {
      if (!pending.done) {
        completeValue(pending)
        if (!this.#enqueue(pending, route)) return
      }
      route.waiting.shift()
    }
  }

  #refuseWaiting(route: Route, error: unknown): void {
    for (let pending = route.waiting.shift(); pending; pending = route.waiting.shift())
      this.#fail(pending, refusalError(pending, error, false))
  }

  #adminLine(): AdminLine {
    this.#line ??= this.#client.adminLine()
    return this.#line
  }

  #connected(): Promise<Sender> {
    if (!this.#connecting) {
      const connecting = this.#client.connectSender()
      this.#connecting = connecting
      connecting.then(
        sender => {
          this.#sender = sender
          this.#telemetry.kafka.heard(true)
        },
        (error: unknown) => {
          this.#connecting = undefined
          this.#telemetry.kafka.heard(isAnswer(error), refusalWords(error))
        }
      )
    }
    return this.#connecting
  }

  #pump(): void {
    const sender = this.#sender
    if (!sender || this.#closing.signal.aborted) return
    // What is due in a moment goes along: the lanes of one burst share a request.
    const now = performance.now() + 1
    const byLeader = new Map<number, Lane<Pending>[]>()
    for (const lane of this.#batcher.due(now)) {
      const leader = sender.leaderOf(lane.topic, lane.partition)
      if (this.#busy.has(leader)) continue
      const lanes = byLeader.get(leader)
      if (lanes) lanes.push(lane)
      else byLeader.set(leader, [lane])
    }
    for (const [leader, lanes] of byLeader) {
      const batches: Batch<Pending>[] = []
      for (let bytes = 0; bytes < maxRequestBytes; ) {
        const lane = lanes.shift()
        const batch = lane && this.#batcher.take(lane, now)
        if (batch) batches.push(batch)
        if (!lane) break
        bytes += this.#options.batch.maxBytes
      }
      if (batches.length > 0) void this.#send(sender, leader, batches)
    }
    const wakeAt = this.#batcher.wakeAt(now)
    if (wakeAt !== undefined) this.#alarm.set(wakeAt, now)
  }

  async #send(sender: Sender, leader: number, batches: readonly Batch<Pending>[]): Promise<void> {
    this.#busy.add(leader)
    const sentBefore = batches.map(batch => batch.sent)
    const results = await sender.send(
      batches.map(({ topic, partition, items }) => ({ topic, partition, records: items })),
      index => leave(batches[index] as Batch<Pending>)
    )
    this.#busy.delete(leader)
    batches.forEach((batch, index) => {
      batch.attempts += 1
      const result = results[index] as SendResult
      if ('error' in result) this.#failed(sender, batch, result.error, sentBefore[index] as boolean)
      else this.#stored(batch, result.baseOffset)
    })
    this.#pump()
  }

  #stored(batch: Batch<Pending>, baseOffset: number): void {
    this.#batcher.stored(batch)
    const { topic, partition, items } = batch
    let events = 0
    items.forEach((item, index) => {
      if (item.done) return
      events += 1
      const schemaVersion = item.route.registered?.version ?? item.route.version.version
      this.#unanswered.answered(item)
      item.resolve({ id: item.id, topic, partition, offset: baseOffset + index, schemaVersion })
    })
    this.#telemetry.stored(events)
  }

  /** @param mayStand whether an attempt before this one may have stored it. */
  #failed(sender: Sender, batch: Batch<Pending>, error: SendError, mayStand: boolean): void {
    const { topic, partition, items, attempts } = batch
    const route = this.routes.byTopic(topic)
    if (route) route.lastError = error
    this.#options.log.debug({ err: error, topic, partition, attempts, events: items.length }, 'a batch was not stored')
    if (error.code === 'RECORDS_TOO_LARGE' && items.length > 1) {
      this.#batcher.split(batch)
      return
    }
    if (isAway(error)) this.#telemetry.kafka.heard(false, refusalWords(error))
    batch.sent = mayBeStored(batch, error, mayStand)
    if (error.retryable && items.some(item => !item.done)) {
      this.#batcher.again(batch, performance.now() + backoffMs(attempts, retryPauses))
      return
    }
    this.#batcher.giveUp(batch)
    if (batch.sent) sender.renew()
    if (error.code === 'TOPIC_UNKNOWN' && route) route.registered = undefined
    for (const item of items) this.#fail(item, refusalError(item, error, mayStand))
  }

  #fail(item: Pending, error: Parameters<Pending['reject']>[0]): void {
    if (item.done) return
    this.#unanswered.answered(item)
    this.#telemetry.failed(error.outcome)
    item.reject(error)
  }

  /** Answers the calls whose deadline has passed. */
  #sweep(now: number): void {
    const { deliveryTimeoutMs } = this.#options
    for (const { item, sent } of this.#batcher.late(now)) this.#fail(item, lateError(item, deliveryTimeoutMs, sent))
    for (const batch of this.#batcher.abandoned()) if (batch.sent) this.#sender?.renew()
    for (const { waiting } of this.routes) {
      for (let item = waiting.peek(); item && (item.done || item.deadline <= now); item = waiting.peek()) {
        waiting.shift()
        this.#fail(item, lateError(item, deliveryTimeoutMs, false))
      }
    }
  }
}
